"""Regular expressions that are compiled when they are first used. Pure.

There are a hundred of them, and compiling takes longer than importing everything else.
"""

from __future__ import annotations

import re
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
