"""Hindi text as the characters that a prompt has: one character a token, no pronunciation. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence

from tensorrt_tts.text.pronounced import PRONOUNCED

NUKTA = dict(zip("कखगजडढफ", map(chr, range(0x0958, 0x095F)), strict=True))
"""A consonant and its form with a dot, one character each; editors would take those apart."""

LETTERS = (
    "ँंः" + "अआइईउऊऋएऐऑओऔ" + "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह" + "ािीुूृेैॉोौ्" + "".join(NUKTA.values())
)
"""The Devanagari of a prompt."""

MARKS = ".,?!"

_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_DIGITS = "0-9०-९"
_LIKE = str.maketrans(
    {
        "।": ".",
        "॥": ".",
        "…": ".",
        "-": " ",
        "–": " ",
        "—": ",",
        ";": ",",
        ":": ",",
        "(": ",",
        ")": ",",
        "’": "'",
        "ऍ": "ए",
        "ॲ": "ए",
        "ऎ": "ए",
        "ऒ": "ओ",
        "ॠ": "ऋ",
        "ॐ": "ओम",
        "ॅ": "ॉ",
        "ॆ": "े",
        "ॊ": "ो",
        "ॄ": "ृ",
        "ऩ": "न",
        "ऱ": "र",
        "ळ": "ल",
        "ऴ": "ल",
        "ऽ": "",
        "\u200c": "",
        "\u200d": "",
        "\u00ad": "",
    }
)
_DOTTED = re.compile("([कखगजडढफ])\u093c")
_UNKNOWN = re.compile(rf"[^{LETTERS}{_LATIN}{_DIGITS}'.,?! ]")
_LONE_APOSTROPHE = re.compile(rf"(?<![{_LATIN}])'|'(?![{_LATIN}])")
_BETWEEN_SCRIPTS = re.compile(
    rf"(?<=[{LETTERS}])(?=[{_LATIN}{_DIGITS}])|(?<=[{_LATIN}{_DIGITS}])(?=[{LETTERS}])"
)
_REPEATED = re.compile(r"\s*([,.?!])[\s,.?!]*")
_ENGLISH = re.compile(f"[{_LATIN}{_DIGITS}]")

Phonemize = Callable[[str], str]


def spell(text: str) -> str:
    """The text with one character for each letter, single spaces, and plain marks.

    A dotted consonant is one character whichever way it was written, and ``।`` is a full stop. What
    is neither Devanagari, Latin, a digit nor a known mark becomes a space.
    """
    text = unicodedata.normalize("NFC", text).translate(_LIKE)
    text = _DOTTED.sub(lambda found: NUKTA[found[1]], text).replace("\u093c", "")
    text = _LONE_APOSTROPHE.sub("", _UNKNOWN.sub(" ", text))
    text = _BETWEEN_SCRIPTS.sub(" ", text)
    text = _REPEATED.sub(lambda mark: f"{mark[1]} ", text)
    return re.sub(r"\s+", " ", text).strip(" ,")


def is_english(word: str) -> bool:
    """Whether a word that was spelled is in Latin letters or digits: it is read as English."""
    return _ENGLISH.search(word) is not None


def english_words(run: Sequence[str], phonemize: Phonemize) -> list[str]:
    """Of words side by side in Latin letters the phonemes of each, with its own mark at its end."""
    spoken = phonemize(" ".join(run)).split()
    if len(spoken) != len(run):
        spoken = ["".join(phonemize(word).split()) for word in run]
    return [
        said.rstrip(MARKS) + (word[-1] if word[-1] in MARKS else "")
        for said, word in zip(spoken, run, strict=True)
    ]


def _read(text: str, phonemize: Phonemize) -> list[str]:
    words: list[str] = []
    for english, group in itertools.groupby(spell(text).split(), key=is_english):
        run = list(group)
        words += english_words(run, phonemize) if english else run
    return words


def read_hindi(text: str, phonemize: Phonemize) -> str:
    """The text as a prompt has it: Devanagari by letters, words in Latin letters by phonemes, a
    mark at its end; "" if nothing can be spoken. As the training prompts were made. Pronunciations
    that are given stay as they are."""
    words: list[str] = []
    done = 0
    for given in PRONOUNCED.finditer(text):
        words += [*_read(text[done : given.start()], phonemize), *given[2].split()]
        done = given.end()
        mark = text[done : done + 1].translate(_LIKE)
        words[-1] += mark if mark in MARKS else ""
    words += _read(text[done:], phonemize)
    read = " ".join(word for word in words if word.strip(MARKS))
    return read + "." * (read[-1] not in ".?!") if read else ""
