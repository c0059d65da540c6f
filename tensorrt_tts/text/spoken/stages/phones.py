"""Telephone numbers, digit by digit, with a pause where the writer grouped them."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.patterns import lazy, words
from tensorrt_tts.text.spoken.stages.context import before

_CANDIDATE = lazy(
    r"(?<![\w.,/:₹$€£¥-])(?<!\d )(?:\+ ?)?\(?\d(?:[\d() .-]{4,22})\d(?![\w.,:/]*\d)(?![%°\w])(?!/-)"
    r"(?! ?(?:hrs|hours|Hrs)\b)"
)
_WORD = lazy(
    r"(?:"
    + words("""
        call phone ph mobile mob cell tel telephone fax whatsapp contact helpline sms dial toll_free
        toll-free tollfree number landline
    """)
    + r"|फ़ोन|फोन|मोबाइल|कॉल|संपर्क|व्हाट्सऐप|हेल्पलाइन|"
    r"ఫోన్|మొబైల్|కాల్|వాట్సాప్|హెల్ప్‌లైన్|సంప్రదించండి)[^\d\n.!?।]{0,24}[.:]?[^\d\n]{0,3}$"
)
_SHAPES = lazy(
    r"\(?\d{3}\)?[ -]\d{3}-\d{4}|\d{3}-\d{3}-\d{4}|\d{3}\.\d{3}\.\d{4}|\(\d{3}\) ?\d{3}[- ]\d{4}|"
    r"1[- ]\d{3}[- ]\d{3}[- ]\d{4}|1[89]00[- ]?\d{2,4}[- ]?\d{3,4}(?:[- ]?\d{1,4})?|"
    r"[6-9]\d{4}[- ]\d{5}|[6-9]\d{2}[- ]\d{3}[- ]\d{4}|[6-9]\d{3}[- ]\d{3}[- ]\d{3}|[6-9]\d{9}|"
    r"\(?0\d{2,4}\)?[- ]\d{3,8}(?:[- ]\d{3,4})?|0\d{10}|"
    r"0[6-9]\d{4}[- ]\d{5}|91[- ]?[6-9]\d{4} ?\d{5}"
)
_DATE = lazy(r"\d{1,2}[.-]\d{1,2}[.-]\d{2,4}|\d{4}[.-]\d{1,2}[.-]\d{1,2}")
_GROUPS = lazy(r"\d{2,5}(?:-\d{2,5}){2,4}")
_RANGE = lazy(r"\d+ ?- ?\d+")
_CHOICE = lazy(
    r"(?<![\w.,/₹$€£¥-])(\+?\d[\d ()-]{5,16}\d) ?/ ?(?=(\+?\d[\d ()-]{5,16}\d)(?!\d|\.\d))"
)
_DIGITS = lazy(r"\d+")
_CHOSEN = lazy(r"/(?:(?<=\d/)|(?<=\d /)) ?\+?\d[\d ()-]{5}")
_BEHIND_CHOICE = frozenset("-()/0123456789")
_BEHIND = frozenset("-.()0123456789") | {". "}


def phones(draft: Draft) -> None:
    if "/" in draft.text and _CHOSEN.search(draft.text):
        draft.say_numbers(_CHOICE, _choice, lead="+( ", after=_BEHIND_CHOICE, digits=6)
    draft.say_numbers(_CANDIDATE, _phone, lead="+( ", after=_BEHIND, digits=6)


def _choice(found: re.Match[str], language: Language) -> str | None:
    """ "or" for the slash between two numbers; both are read as others are."""
    if any(_DATE.fullmatch(written) for written in found.groups()):
        return None
    return f"{found[1]} {language.words['or']} "


def _phone(found: re.Match[str], language: Language) -> str | None:
    written = found[0]
    groups = _DIGITS.findall(written)
    digits = sum(map(len, groups))
    if not 6 <= digits <= 15 or _DATE.fullmatch(written):
        return None
    international = written[0] == "+"
    if international:
        if digits < 8:
            return None
    elif not (_SHAPES.fullmatch(written) or _GROUPS.fullmatch(written)):
        worded = _WORD.search(before(found).lower()) and not (
            _RANGE.fullmatch(written) and len(groups[0]) == len(groups[1]) and digits < 10
        )
        if not worded or (len(groups) > 1 and max(map(len, groups)) < 3):
            return None
    said = ", ".join(language.digits(group) for group in groups)
    return f"{language.words['plus']} {said}" if international else said
