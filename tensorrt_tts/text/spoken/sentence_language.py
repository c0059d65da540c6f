"""Which language a sentence is in, by its script and its small words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tensorrt_tts.text.spoken.languages import ENGLISH, HINDI, LANGUAGES, TELUGU, Language
from tensorrt_tts.text.spoken.patterns import lazy

_END = lazy(
    r"[।॥\n.!?…](?:(?<=[।॥])[।॥]*|(?<=\n)\n*|(?<=[.!?…])[.!?…]*+"
    r"[\"')\]]*+ +(?=[^\Wa-z\d_]|[\"'(\[]))"
)
_DEVANAGARI = lazy(r"[\u0900-\u0963\u0970-\u097f]+")
_TELUGU = lazy(r"[\u0c00-\u0c65\u0c70-\u0c7f]+")
_OTHER = lazy(
    r"[\u0370-\u08ff\u0980-\u0bff\u0c80-\u1fff\u2c80-\u2dff\u2e80-\ua63f\ua700-\uabff\uac00-\ud7ff"
    r"\uf900-\ufaff]+"
)
_TELLING = lazy(r"[\u0370-\u1fff\u2c80-\ud7ff\uf900-\ufaff]")
"""The letters and digits that tell the language of their sentence are among these."""
_LATIN = lazy(r"[A-Za-z]+")
_INDIC = ("hi", "te")
_ONLY_ENGLISH = frozenset(
    """of and or but with from for your our their you they this that these those have has was were
    are will would could does about there what when where who""".split()  # noqa: SIM905
)
"""Small words that no Hindi or Telugu written in Latin letters has, unlike "the", "to" and "is"."""

_ENGLISH = _ONLY_ENGLISH.union(
    """the a an is be been to in on at my his her we i he she had can did not by as if into after
    before how""".split()  # noqa: SIM905
)


def runs(
    text: str, hint: str | None, characters: Iterable[str]
) -> list[tuple[int, Language | None]]:
    """Where each stretch of one language begins. hint: BCP 47, of sentences that show none;
    characters: those that are in the text, and maybe more.

    A sentence's language depends on nothing outside it.
    """
    if base_language(hint) not in _INDIC and (
        text.isascii() or not _TELLING.search("".join(characters))
    ):
        return [(0, sentence_language("", hint))]
    found: list[tuple[int, Language | None]] = []
    ascii_language = sentence_language("", hint) if base_language(hint) not in _INDIC else None
    told = "".join(characters)
    scripts = [script for script in _SCRIPTS if script[0].search(told)]
    for start, end in _sentences(text):
        sentence = text[start:end]
        if ascii_language and sentence.isascii():
            language: Language | None = ascii_language
        else:
            language = sentence_language(sentence, hint, scripts)
        if not found or found[-1][1] is not language:
            found.append((start, language))
    return found or [(0, sentence_language("", hint))]


def base_language(tag: str | None) -> str | None:
    """ "hi" of "hi-IN"."""
    return tag.replace("_", "-").split("-")[0].lower() if tag else None


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _END.finditer(text):
        yield start, end.end()
        start = end.end()
    if start < len(text):
        yield start, len(text)


_Scripts = Sequence[tuple[re.Pattern[str], Language | None]]
_SCRIPTS: _Scripts = ((_DEVANAGARI, HINDI), (_TELUGU, TELUGU), (_OTHER, None))


def sentence_language(
    sentence: str, hint: str | None, scripts: _Scripts = _SCRIPTS
) -> Language | None:
    """None: one whose numbers are left to the voice.

    The script decides, and the words within one that has few: "Total ₹500 है" is Hindi, "He said
    नमस्ते to all of us" is English. A sentence in Latin letters is of the hint's language, unless
    that is an Indic one and the sentence's small words are English. scripts: those that may be in
    it besides Latin, with their languages.
    """
    base = base_language(hint)
    hinted = ENGLISH if base is None else LANGUAGES.get(base)
    if sentence.isascii():
        if base in _INDIC and _count(_LATIN.findall(sentence), _ONLY_ENGLISH) > 1:
            return ENGLISH
        return hinted
    most, language = 0, hinted
    for words, other in scripts:
        count = len(words.findall(sentence))
        if count > most:
            most, language = count, other
    if not most:
        return hinted if base else _by_digits(sentence)
    latin = _LATIN.findall(sentence)
    if len(latin) < most:
        return language
    english = _count(latin, _ENGLISH)
    if english > most or (english == most and hinted is not language):
        return ENGLISH
    return language


def _count(latin: list[str], words: frozenset[str]) -> int:
    return sum(map(words.__contains__, " ".join(latin).lower().split()))


def _by_digits(sentence: str) -> Language:
    digit = next((c for c in sentence if c.isdecimal() and not c.isascii()), "")
    if "०" <= digit <= "९":
        return HINDI
    return TELUGU if "౦" <= digit <= "౯" else ENGLISH
