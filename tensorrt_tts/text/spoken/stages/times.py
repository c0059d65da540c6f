"""Times of day, alone and from one to another, with what is written behind them."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import TELUGU, Language
from tensorrt_tts.text.spoken.number import number
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.context import START, before, ends_sentence

_HALF = r"[AaPp]\.?[Mm]\b\.?|[AaPp]\. [Mm]\."
_BEHIND = r"बजे|గంటలకు|గంటలకి|గంటల|గంటలు|గంటలలో"
_CLOCK = lazy(
    r"(?<![\w./])(?<!\d:)(?<!::)(?<![AaPp][Mm][-–])(?<![AaPp][Mm] [-–] )"
    r"(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?:\.\d+)?)?"
    rf"(?: ?(?P<half>{_HALF}))?"
    r"(?:(?P<to> ?[-–—] ?)(?P<h2>[01]?\d|2[0-4])(?::(?P<m2>[0-5]\d)|(?= ?[AaPp]\.?[Mm]))"
    rf"(?: ?(?P<half2>{_HALF}))?)?(?P<hrs> ?(?:hrs|hours|Hrs))?"
    r"(?:(?: ?(?P<case>కి|కు)(?![\u0c00-\u0c63\w]))|(?:(?=Z\b)|(?![\w:]))"
    rf"(?: (?P<behind>{_BEHIND})(?![^\W\d_]))?)"
)
_HALVES = lazy(
    START + r"(?:(?P<h1>1[0-2]|0?[1-9])(?:[.:](?P<m1>[0-5]\d))?"
    rf"(?: ?(?P<half1>{_HALF}))?(?P<to> ?[-–—] ?))?"
    rf"(?P<h>1[0-2]|0?[1-9])(?:[.:](?P<m>[0-5]\d))? ?(?P<half>{_HALF})(?!\w)"
)
_POINT = lazy(START + rf"(?P<h>1\d|2[0-3]|0?\d)\.(?P<m>[0-5]\d) (?P<behind>{_BEHIND})(?![^\W\d_])")
_FROM_OR_UNTIL = lazy(r" (?:నుంచి|నుండి|వరకు)(?![\u0c00-\u0c63])")
_OF_DAY = lazy(r"(?:सुबह|शाम|रात|दोपहर|तड़के|सवेरे|ఉదయం|సాయంత్రం|రాత్రి|మధ్యాహ్నం|తెల్లవారుజామున|వేకువజామున) $")
_POINT_CASE = lazy(
    START + r"(?P<h>1\d|2[0-3]|0?\d)\.(?P<m>[0-5]\d)"
    r"(?:(?: ?(?P<case>కి|కు)|(?= ?(?:$|[,;\n)-]|से|तक|నుంచి|నుండి|వరకు)))"
    r"(?![\u0900-\u0963\u0c00-\u0c63\w]))"
)
_ARMY = lazy(
    START + r"(?:([01]\d|2[0-3])([0-5]\d)( ?[-–] ?| to ))?"
    r"([01]\d|2[0-3])([0-5]\d) ?(?:hrs|hours|Hrs)\b\.?"
)
_RATIO = lazy(r"(?<![\w.:])(\d{1,4}) ?: ?(\d{1,4})(?:(?: ?: ?)(\d{1,4}))?(?![\w:]|\.\d)")
_NAMES = {"a": "am", "p": "pm"}


def times(draft: Draft) -> None:
    if ":" in draft.text:
        draft.say_numbers(_CLOCK, _clock, after=":")
    draft.say_numbers(_HALVES, _halves, after="aApP.:-–—")
    draft.say_numbers(
        _POINT,
        lambda m, language: language.clock(int(m["h"]), int(m["m"]), None, m["behind"]),
        after=".",
    )
    if not draft.text.isascii():
        draft.say_numbers(_POINT_CASE, _point_case, after=".")
    draft.say_numbers(_ARMY, _army, after="hH-–t")
    if ":" in draft.text:
        draft.say_numbers(_RATIO, _ratio, after=":")


def _half(written: str | None, language: Language) -> str:
    return language.words[_NAMES[written[0].lower()]] if written else ""


def _stop(found: re.Match[str]) -> str:
    return "." if found[0].endswith(".") and ends_sentence(found) else ""


def _clock(found: re.Match[str], language: Language) -> str:
    half, behind = _half(found["half"], language), found["behind"] or ""
    if found["case"]:  # 5:30కి
        behind = found["case"] if half else f"గంటల{found['case']}"
    behind = behind or ("" if half else _oblique(found, language))
    second = int(found["s"]) if found["s"] else None
    hours = found["hrs"].strip().lower().replace("hrs", "hours") if found["hrs"] else ""
    if found["to"]:
        last = _half(found["half2"], language)
        noun = "" if last else behind
        said = language.range(
            language.clock(int(found["h"]), int(found["m"]), second, half),
            language.clock(int(found["h2"]), int(found["m2"] or 0), None, last or noun or hours),
        )
        return f"{said} {behind}{_stop(found)}" if behind and last else said + _stop(found)
    said = language.clock(int(found["h"]), int(found["m"]), second, half or behind or hours)
    if half and behind:
        said = f"{said} {behind}"
    if not half and found.string[found.end() : found.end() + 5] in (" noon", " midn"):
        said = said.removesuffix(" o'clock")
    zone = " " if found.string.startswith("Z", found.end()) else ""
    return said + _stop(found) + zone


def _oblique(found: re.Match[str], language: Language) -> str:
    """The noun that Telugu has between a time and "from" or "until"."""
    told = language is TELUGU and _FROM_OR_UNTIL.match(found.string, found.end())
    return "గంటల" if told else ""


def _halves(found: re.Match[str], language: Language) -> str:
    half = _half(found["half"], language)
    said = language.clock(int(found["h"]), int(found["m"] or 0), None, half)
    if found["h1"]:
        first = _half(found["half1"], language)
        hour, minute = int(found["h1"]), int(found["m1"] or 0)
        start = (
            language.clock(hour, minute, None, first) if minute or first else language.small[hour]
        )
        said = language.range(start, said)
    return said + _stop(found)


def _point_case(found: re.Match[str], language: Language) -> str | None:
    """ఉదయం 9.30కి, सुबह 9.30 से"""
    if not _OF_DAY.search(before(found)):
        return None
    behind = f"గంటల{found['case']}" if found["case"] else _oblique(found, language)
    return language.clock(int(found["h"]), int(found["m"]), None, behind)


def _army(found: re.Match[str], language: Language) -> str:
    """0900 hrs, 0900-1700 hrs"""
    hours = language.units["hour"][1]
    said = f"{_four_digits(found[4], found[5], language)} {hours}"
    if not found[3]:
        return said
    return language.range(_four_digits(found[1], found[2], language), said)


def _four_digits(hour: str, minute: str, language: Language) -> str:
    said = language.digits(hour) if hour[0] == "0" else language.small[int(hour)]
    return f"{said} {language.small[int(minute)] if int(minute) else language.scales['hundred']}"


def _ratio(found: re.Match[str], language: Language) -> str:
    parts = [language.number(number(part)) for part in found.groups() if part]
    return f" {language.words['ratio']} ".join(parts)
