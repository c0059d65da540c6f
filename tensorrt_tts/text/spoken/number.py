"""A number as it is written: its digits, how they are grouped, its sign. Pure."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

GROUPED = r"\d{1,3}(?:,\d{2,3})*,\d{3}(?![\d])"
WRITTEN = rf"(?>{GROUPED}|\d+)(?:\.\d++)?+"
"""An unsigned number in ASCII digits: 7, 1,234, 1,23,456, 3.14. Takes all of its digits or none."""

_INDIAN = re.compile(r",\d\d,")
LONGEST = 15
"""Digits beyond which a number is read one by one: nobody says them as an amount."""


class Number(NamedTuple):
    whole: str
    """Digits before the point, none for ".5"."""
    fraction: str = ""
    negative: bool = False
    indian: bool = False
    """Grouped as lakh and crore: 1,23,456."""
    grouped: bool = False

    @property
    def value(self) -> int:
        return int(self.whole or "0")

    @property
    def is_one(self) -> bool:
        return self.value == 1 and not self.fraction if self.sayable else False

    @property
    def sayable(self) -> bool:
        """As an amount, and not digit by digit: 007, and what is too long for its size to matter.

        Amounts of ten digits and more are grouped; what is not is an account or an order.
        """
        if len(self.whole) > 1 and self.whole[0] == "0":
            return False
        return len(self.whole) <= (LONGEST if self.grouped else 9) or self.is_round

    @property
    def is_round(self) -> bool:
        return len(self.whole) <= LONGEST and self.whole.endswith("000000")


def number(written: str) -> Number:
    """Of what `WRITTEN` matches, with or without a sign before it."""
    return _usual(written) if len(written) < _USUAL else _number(written)


_USUAL = 16
"""Characters of a number that may come again."""


def _number(written: str) -> Number:
    negative = written[:1] in "-−–"
    if negative:
        written = written[1:]
    whole, _, fraction = written.partition(".")
    if "," not in whole:
        return Number(whole, fraction, negative)
    indian = _INDIAN.search(whole) is not None
    return Number(whole.replace(",", ""), fraction, negative, indian, grouped=True)


_usual = functools.lru_cache(1024)(_number)
