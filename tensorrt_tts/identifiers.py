"""Names that people and programs give: of voices, models, variants, languages, backends. Pure.

A name is compared in Unicode's composed form (NFC) without the spaces around it, as text is read.
Where that leaves no doubt, it is compared without regard to case, to full width and to what cannot
be seen (joiners, marks of order and direction), as keyboards and copied text leave them. What goes
on is the spelling that is known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def identifier(given: str) -> str:
    """NFC, without spaces around it. Case is kept: "Tara" and "tara" may both be names."""
    return unicodedata.normalize("NFC", given).strip()


def find_name(given: str, known: Iterable[str]) -> str | None:
    """The known name that is meant, as `known` spells it; None for no name, or for one of two that
    only differ from what was given in what is passed over."""
    names = list(known)
    wanted = identifier(given)
    same = [name for name in names if identifier(name) == wanted]
    if not same:
        folded = _folded(wanted)
        same = [name for name in names if _folded(name) == folded]
    return same[0] if len(same) == 1 else None


def _folded(name: str) -> str:
    """Nearly Unicode's NFKC_Casefold, which is made for this."""
    seen = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return identifier(unicodedata.normalize("NFKC", identifier(seen).casefold()))
