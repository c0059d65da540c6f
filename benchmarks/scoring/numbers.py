"""English numbers spelled out, as a text has them where Whisper writes digits. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen"),
    *("sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_CURRENCIES = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_MARK = "[$€£]"
_LARGE = 7
"""Digits from which on a number stays as it is written."""


def number_words(value: int) -> str:
    """0 to 999,999."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        return _TENS[value // 10] + (f" {_ONES[value % 10]}" if value % 10 else "")
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = f" {number_words(value % size)}" if value % size else ""
            return f"{number_words(value // size)} {name}{rest}"
    raise AssertionError(value)


def ordinal_words(value: int) -> str:
    """0 to 999,999: "twenty first"."""
    head, _, last = number_words(value).rpartition(" ")
    last = _IRREGULAR.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {last}".strip()


def spell_numbers(text: str) -> str:
    """Sums of money, ordinals, decimals, percentages and whole numbers below a million in words:
    "$5.50" is "five dollars and fifty cents", "1st" is "first", "3.5" is "three point five"."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(
        rf"({_MARK})([\d.]*\d) (thousand|million|billion)",
        lambda m: f"{m[2]} {m[3]} {_CURRENCIES[m[1]][0]}s",
        text,
    )
    text = re.sub(rf"({_MARK})(\d+)(?:\.(\d\d))?(?!\d)", _money, text)
    text = re.sub(r"(\d)%", r"\1 percent", text)
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: _spelled(m[1], ordinal_words), text)
    text = re.sub(r"(\d+)\.(\d+)", lambda m: f"{m[1]} point {' '.join(m[2])}", text)
    return re.sub(r"\d+", lambda m: _spelled(m[0], number_words), text)


def _money(match: re.Match[str]) -> str:
    whole, part = _CURRENCIES[match[1]]
    words = f"{match[2]} {_plural(whole, int(match[2]))}"
    cents = int(match[3] or 0)
    return f"{words} and {cents} {_plural(part, cents)}" if cents else words


def _plural(unit: str, count: int) -> str:
    if count == 1:
        return unit
    return "pence" if unit == "penny" else f"{unit}s"


def _spelled(digits: str, words: Callable[[int], str]) -> str:
    return f" {words(int(digits))} " if len(digits) < _LARGE else digits
