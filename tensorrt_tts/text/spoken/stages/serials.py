"""Letters and digits in one word: HDFC0001234, AI302, 5G, COVID-19, DL8CAB1234."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.currency import SCALES
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.number import WRITTEN, number
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.context import LETTER, START

_SERIAL = lazy(
    rf"(?<![\w.])(?:{LETTER}+-?\d|\d+-?{LETTER})(?:-?(?:{LETTER}|\d))*(?:\.\d+)?(?![^\W_])"
)
_PART = lazy(rf"{LETTER}+|\d+(?:\.\d+)?")
_THOUSANDS = lazy(rf"{START}({WRITTEN}) ?(k|K|M|mn|Mn|bn|Bn|B|cr|Cr|lac|lacs|crs)(?![\w])\+?")
_COUNTED = lazy(r" [a-z]")
_RESOLUTION = lazy(r"[2458]K$")
_LINES = lazy(rf"{START}(360|480|720|1080|1440|2160)([pi])(?![^\W_])")
_TIMES = lazy(rf"{START}({WRITTEN}) ?[xX×](?= |$|[.,!?])")


_STATES = frozenset(
    """
    AN AP AR AS BH BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ
    SK TG TN TR TS UA UK UP WB
    """.split()  # noqa: SIM905
)
_PLATE = lazy(r"[A-Z]{2} ?-?\d{1,2}[A-Z]? ?-?[A-Z]{1,3}[ -]\d{4}(?!\w)")
"""The plate of a vehicle: MH 12 DE 1433."""


def scales(draft: Draft) -> None:
    """10k, 5M, 2.5bn, 7 cr."""
    draft.say_numbers(_THOUSANDS, _thousands, after="kKMmbBclC.,")


def serials(draft: Draft) -> None:
    draft.say_numbers(_LINES, lambda m, language: f"{_pairs(m[1], language)} {m[2]}", after="pi")
    draft.say_numbers(_TIMES, _factor, after="xX×.,")
    draft.say_numbers(_PLATE, _serial, begins=_plate)
    draft.say_numbers(_SERIAL, _serial, begins=_word_start)


def _pairs(digits: str, language: Language) -> str:
    """1080 as ten eighty."""
    return " ".join(language.cardinal(int(pair)) for pair in (digits[:-2], digits[-2:]))


def _word_start(text: str, start: int) -> int:
    """Where the word that has the number in it begins."""
    while start and (
        text[start - 1].isalpha()
        or (text[start - 1] == "-" and text[start - 2 : start - 1].isalpha())
    ):
        if "\u0900" <= text[start - 1] <= "\u0dff":
            break
        start -= 1
    return start


def _plate(text: str, start: int) -> int:
    """Where the state in front of a number begins, or -1."""
    end = start - (text[start - 1 : start] in (" ", "-"))
    state = text[max(0, end - 2) : end]
    return -1 if state not in _STATES or text[end - 3 : end - 2].isalnum() else end - 2


def _thousands(found: re.Match[str], language: Language) -> str | None:
    if found[2] == "B" and not _COUNTED.match(found.string, found.end()):
        return None  # flat 5B
    if _RESOLUTION.match(found[0]) or (" " in found[0] and found[2] in "kKMB"):
        return None
    said = language.scaled(language.number(number(found[1])), SCALES[found[2]])
    return f"{said} {language.words['plus']}" if found[0].endswith("+") else said


def _factor(found: re.Match[str], language: Language) -> str:
    return f"{language.number(number(found[1]))} x"


def _serial(found: re.Match[str], language: Language) -> str | None:
    parts = _PART.findall(found[0])
    letters = [part for part in parts if part[0].isalpha()]
    digits = [part for part in parts if not part[0].isalpha()]
    if not digits:
        return None
    code = len(letters) > 1 or any(len(part) > 2 for part in digits)
    said = []
    for part in parts:
        if not part[0].isalpha():
            small = len(part) < 3 and (part[0] != "0" or part == "0")
            said.append(
                language.number(number(part)) if small or "." in part else language.digits(part)
            )
        elif part.isupper() and (len(part) < 4 or (code and len(part) < 6)):
            said.append(" ".join(part))
        else:
            said.append(part)
    return " ".join(said)
