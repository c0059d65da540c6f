"""Names that people and programs give: of voices, models, variants, languages, backends. Pure.

A name is compared in Unicode's composed form (NFC) without the spaces around it, as text is read;
and without regard to case, where that leaves no doubt. What goes on is the spelling that is known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def identifier(given: str) -> str:
    """NFC, without spaces around it. Case is kept: "Tara" and "tara" may both be names."""
    return unicodedata.normalize("NFC", given).strip()


def find_name(given: str, known: Iterable[str]) -> str | None:
    """The known name that is meant, as `known` spells it; None for no name, or for one of two that
    only differ in case from what was given."""
    names = list(known)
    wanted = identifier(given)
    same = [name for name in names if identifier(name) == wanted]
    if not same:
        folded = _without_case(wanted)
        same = [name for name in names if _without_case(name) == folded]
    return same[0] if len(same) == 1 else None


def _without_case(name: str) -> str:
    return identifier(identifier(name).casefold())
