"""Every number that is left, with its sign, in the language of its sentence."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.currency import SCALES
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import TELUGU, Language
from tensorrt_tts.text.spoken.number import WRITTEN, number
from tensorrt_tts.text.spoken.patterns import either, lazy

_NUMBER = lazy(
    rf"(?P<sign>(?<![\w)\].,%\u0900-\u0dff])(?:[-−]|–(?=\d)|\+|±|~|≈|[<>≤≥] ?))?"
    rf"(?P<number>{WRITTEN}|(?<![\d\u0900-\u0dff])\.\d+)(?P<more>\+(?!\d))?"
    rf"(?P<scale> (?:{either(SCALES)})(?![^\W\d_]))?(?P<next>(?: ?[^\W\d_])?)"
)
_SIGNS = {"-": "minus", "−": "minus", "–": "minus", "+": "plus", "±": "plusminus", "~": "about",
          "≈": "about", "<": "less", ">": "more", "≤": "atmost", "≥": "atleast"}  # fmt: skip
_CLITIC = lazy(r"(?:లేదా|మరియు|నుంచి|నుండి|కి|కు|లో|న|కంటే|వరకు)(?![\u0c00-\u0c65])")
_NUMBER_NAMES = ("నంబర్ ", "నెంబర్ ", "నెంబరు ", "సంఖ్య ")
_TELUGU_WORD = lazy(r"[\u0c00-\u0c65]+")


def numbers(draft: Draft) -> None:
    if not draft.has_numbers():
        return
    draft.say_numbers(_NUMBER, _number, lead="-−–+±~≈<>≤≥ .")


def _number(found: re.Match[str], language: Language) -> str:
    written = number(found["number"])
    said = language.number(written)
    following = found["next"]
    clitic = found.string.endswith(_NUMBER_NAMES, 0, found.start()) or (
        said == "ఒకటి" and _CLITIC.match(found.string, found.end() - 1)
    )
    on_it = None
    if language is TELUGU and following and following[0] != " ":
        on_it = _TELUGU_WORD.match(found.string, found.end() - 1)
    if on_it:
        said = TELUGU.before(said, on_it[0])
    elif following.strip() and not written.fraction and not clitic:
        said = language.before_noun(said)
    scale = found["scale"] or ""
    if scale:
        said = language.before_noun(said)
    sign = (found["sign"] or "").strip()
    if sign:
        said = f"{language.words[_SIGNS[sign]]} {said}"
    if found["more"]:
        said = f"{said} {language.words['plus']}"
    start = found.start()
    lead = " " if start and _is_letter(found.string[start - 1]) else ""
    if following and not following.startswith(" ") and not on_it:
        following = f" {following}"
    return f"{lead}{said}{scale}{following}"


def _is_letter(character: str) -> bool:
    return character.isalnum() or "\u0900" <= character <= "\u0dff"
