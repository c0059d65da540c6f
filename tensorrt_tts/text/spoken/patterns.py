"""Regular expressions that are compiled when they are first used. Pure.

There are a hundred of them, and compiling takes longer than importing everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any


class LazyPattern:
    """As `re.compile(source, flags)` gives, for what is used of it here."""

    def __init__(self, source: str, flags: int = 0) -> None:
        self._arguments = (source, flags)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    else:

        def __getattr__(self, name):
            compiled = re.compile(*self._arguments)
            for method in ("finditer", "findall", "match", "fullmatch", "search", "sub", "split"):
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)


def lazy(source: str, flags: int = 0) -> re.Pattern[str]:
    return LazyPattern(source, flags)  # type: ignore[return-value]


def either(signs: Iterable[str], begin: str = "", end: str = "") -> str:
    """Alternatives for them, the longest first, by their first characters, so that places where
    none of them begins are passed over at the speed of C.

    begin, end: what has to be so behind the first character, and behind the last one.
    """
    by_first: dict[str, set[str]] = {}
    for sign in signs:
        by_first.setdefault(sign[:1], set()).add(sign[1:])
    ends = by_first.pop("", None) is not None
    rows = []
    for first, rests in by_first.items():
        rest = either(rests)
        rows.append(re.escape(first) + begin + (f"(?:{rest})" if "|" in rest else rest) + end)
    return "|".join([*rows, ""] if ends else rows)


def words(signs: str) -> str:
    """Alternatives for the words in `signs`, each as a whole; "_" stands for a space in one.

    Not for Indic words, whose signs are no letters to a regular expression.
    """
    plain = [sign.replace("_", " ") for sign in signs.split()]
    return either(plain, r"(?<!\w.)", r"\b")
