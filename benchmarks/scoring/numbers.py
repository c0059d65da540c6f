"""English numbers spelled out, as a text has them where Whisper writes digits. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from tensorrt_tts.text.spoken.languages import ENGLISH

_CURRENCIES = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_MARK = "[$€£]"
_LARGE = 7
"""Digits from which on a number stays as it is written."""


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
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: _spelled(m[1], ENGLISH.ordinal), text)
    text = re.sub(r"(\d+)\.(\d+)", lambda m: f"{m[1]} point {' '.join(m[2])}", text)
    return re.sub(r"\d+", lambda m: _spelled(m[0], ENGLISH.cardinal), text)


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
