"""Numbers between which something stands: ranges, sums, products, comparisons, scores."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, Language
from tensorrt_tts.text.spoken.number import WRITTEN, number
from tensorrt_tts.text.spoken.stages.context import START
from tensorrt_tts.text.spoken.patterns import lazy

_RANGE = lazy(rf"{START}({WRITTEN})( ?[-–—−~] ?)({WRITTEN})(?![\w-]|[.,]\d)(?! ?[-+×*÷/=] ?\d)")
_TIMES = lazy(r"\d( ?)([×x*X·])( ?)(?=[₹$€£]?\d[\d.,]*+(?P<unit> ?[a-z\"'])?)")
_SIGNS = lazy(r"\d ?([=+÷<>≤≥≠≈]|[-−–](?= ?\d+(?:\.\d+)? ?=)|−) ?(?=[-−+]?\d)")
_EXPRESSION = lazy(r"\d[\d., ]*(?:[-−–+×*÷/][\d., ]+)+=")
_WORDS = {
    "-": "minus", "−": "minus", "–": "minus", "+": "plus", "×": "times", "x": "times", "*": "times",
    "X": "times", "·": "times", "÷": "over", "/": "over", "=": "equals", "<": "less", ">": "more",
    "≤": "atmost", "≥": "atleast", "≠": "unequal", "≈": "about", ":": "to",
}  # fmt: skip


def ranges(draft: Draft) -> None:
    text = draft.text
    if "=" in text:
        draft.say(_EXPRESSION, _expression)
    draft.say(_SIGNS, lambda m, language: f"{m[0][0]} {language.words[_WORDS[m[1]]]} ")
    draft.say_numbers(_RANGE, _range, after="-–—−~.,")


def products(draft: Draft) -> None:
    draft.say(_TIMES, _times)


def _expression(found: re.Match[str], language: Language) -> str:
    return re.sub(
        r"(?<=[\d ])([-−–+×*÷/=])(?=[\d ]|$)",
        lambda sign: f" {language.words[_WORDS[sign[1]]]} ",
        found[0],
    ).replace("  ", " ")


def _times(found: re.Match[str], language: Language) -> str:
    by = found[2] in "xX" and (not found[1] or found["unit"])
    return f"{found[0][0]} {language.words['by' if by else 'times']} "


def _range(found: re.Match[str], language: Language) -> str | None:
    first, sign, last = number(found[1]), found[2], number(found[3])
    if "−" in sign:
        return f"{found[1]} {language.words['minus']} {found[3]}"
    rising = first.sayable and last.sayable and float(f"{first.value}.{first.fraction or 0}") < float(
        f"{last.value}.{last.fraction or 0}"
    )
    if rising or sign.strip() == "~":
        return language.range(language.number(first), found[3])
    if " " in sign:
        return f"{found[1]} {language.words['minus']} {found[3]}"
    if first.sayable and last.sayable and max(first.value, last.value) > 20 and first.value != last.value:
        return f"{found[1]} {language.words['minus' if language is ENGLISH else 'to']} {found[3]}"
    return f"{found[1]} {found[3]}"
