"""What a language has to know of numbers, dates, money and signs to say them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tensorrt_tts.text.spoken.number import Number

Forms = tuple[str, str]
"""A noun after one of it, and after several."""


def table(rows: str) -> dict[str, Forms]:
    """ "key one many" or "key same" a line; "_" stands for a space in a name."""
    found = {}
    for row in rows.split("\n"):
        if row.strip():
            key, one, *many = row.split()
            last = many[-1] if many else one
            found[key] = (one.replace("_", " "), last.replace("_", " "))
    return found


def names(rows: str) -> dict[str, str]:
    """ "key name" a line; the name may have spaces."""
    return dict(row.strip().split(" ", 1) for row in rows.split("\n") if row.strip())


class Language:
    """The base has what most languages share: a number's parts in the order in which they are
    written. Word tables are the language's own."""

    code: ClassVar[str]
    small: ClassVar[tuple[str, ...]]
    """0 to 99."""
    months: ClassVar[tuple[str, ...]]
    units: ClassVar[Mapping[str, Forms]]
    """By the names in `units.py`."""
    square: ClassVar[str]
    cubic: ClassVar[str]
    currencies: ClassVar[Mapping[str, tuple[Forms, Forms]]]
    """By ISO 4217 code: the currency and its hundredth."""
    scales: ClassVar[Mapping[str, str]]
    """hundred, thousand, lakh, …: the words of large round numbers."""
    words: ClassVar[Mapping[str, str]]
    """What signs are called: minus, point, percent, at, dot, …"""

    def cardinal(self, value: int, indian: bool = True) -> str:
        """Of 0 to 10¹⁵. indian: in lakh and crore."""
        raise NotImplementedError

    def digits(self, written: str) -> str:
        """One by one; whatever is no digit is left out."""
        small = self.small
        return " ".join([small[int(digit)] for digit in written if digit.isdecimal()])

    def number(self, number: Number, indian: bool = False) -> str:
        if number.sayable:
            said = self.cardinal(number.value, indian or number.indian)
        else:
            said = self.digits(number.whole)
        if number.fraction:
            said = f"{said} {self.words['point']} {self.digits(number.fraction)}"
        return f"{self.words['minus']} {said}" if number.negative else said

    def before_noun(self, said: str) -> str:
        """The form of a number in front of what is counted."""
        return said

    def before(self, said: str, following: str) -> str:
        """A number as it is in front of a word or an ending that is written on it."""
        return f"{self.before_noun(said)} "

    def noun(self, forms: Forms, number: Number) -> str:
        return forms[0] if number.is_one else forms[1]

    def with_case(self, noun: str, case: str) -> str:
        """case: an ending or a word that is written on the noun's sign."""
        return f"{noun} {case}"

    def counted(self, number: Number, forms: Forms) -> str:
        return f"{self.before_noun(self.number(number))} {self.noun(forms, number)}"

    def year(self, value: int) -> str:
        return self.cardinal(value)

    def ordinal(self, value: int, ending: str = "", *, year: bool = False) -> str:
        """ending: as it was written, where it carries gender or case. year: said as one."""
        raise NotImplementedError

    def range(self, first: str, last: str) -> str:
        return f"{first} {self.words['to']} {last}"

    def date(self, day: int, month: int, year: int | None, *, month_first: bool = False) -> str:
        """day 0: the month alone."""
        parts = [self.day(day)] if day else []
        parts.insert(0 if month_first else 1, self.months[month - 1])
        return " ".join(parts + ([self.year(year)] if year is not None else []))

    def day(self, day: int) -> str:
        return self.cardinal(day)

    def clock(self, hour: int, minute: int, second: int | None, after: str) -> str:
        """after: what was written behind it and belongs to it, "AM", "बजे", "గంటలకు" or nothing."""
        raise NotImplementedError

    def money(self, number: Number, currency: str, scale: str = "") -> str:
        """scale: one of `scales`' names, as in "$5 million"; "thousand crore" has two."""
        forms, part = self.currencies[currency]
        if scale:
            said = self.number(number)
            return f"{self.scaled(said, scale)} {forms[1]}"
        if 0 < len(number.fraction) <= 2 and part[0]:
            hundredths = Number(str(int(number.fraction.ljust(2, "0"))))
            coins = self.counted(hundredths, part) if hundredths.value else ""
            whole = Number(number.whole, "", number.negative, number.indian, number.grouped)
            if not number.value and coins:
                return f"{self.words['minus']} {coins}" if number.negative else coins
            return f"{self._amount(whole, currency)} {coins}".rstrip()
        return self._amount(number, currency)

    def _amount(self, number: Number, currency: str) -> str:
        forms, _ = self.currencies[currency]
        said = self.number(number, indian=currency == "INR" and not _western(number))
        return f"{self.before_noun(said)} {self.noun(forms, number)}"

    def scaled(self, said: str, scale: str) -> str:
        return " ".join([said, *(self.scales[name] for name in scale.split())])

    def fraction(self, whole: int | None, top: int, bottom: int) -> str:
        raise NotImplementedError


def _western(number: Number) -> bool:
    """Whether the writer grouped by thousands where lakh would be grouped otherwise."""
    return number.grouped and not number.indian and len(number.whole) > 5
