"""Words whose full stop ends no sentence, beside those that `sentencex` knows. Pure."""

from __future__ import annotations

import re

_BEFORE_MORE = frozenset(
    """
    smt shri shrimati sri kum rs mr mrs ms dr prof capt approx vs viz e.g i.e cf
    डॉ डा प्रो पं कु श्री श्रीमती सुश्री स्व रु रू मो दू नं क्र सं पृ कि.मी कि.ग्रा मि.मी से.मी सें.मी मि.ली वि.सं ई.पू
    డా ప్రొ రూ రు శ్రీ శ్రీమతి కుమారి స్వ నం సం పే క్రీ.శ క్రీ.పూ కి.మీ కి.గ్రా మి.మీ సెం.మీ సె.మీ మి.లీ
    """.split()  # noqa: SIM905
)
"""Titles before names, currencies before amounts, units within sentences."""

_BEFORE_NUMBERS = frozenset({"no", "nos"})
_BEFORE_NUMERALS = frozenset({"vol", "vols", "ch", "pt"})
"""Words of their own where no number follows; before the second, a Roman one counts."""

_LETTERS = frozenset(
    """
    ए बी सी डी ई एफ एच जे एल एम एन क्यू आर एस टी यू वी भी डब्ल्यू डब्लू एक्स वाई ज़ेड जेड
    ఎ ఏ బి బీ సి సీ డి డీ ఇ ఈ ఎఫ్ జి జీ హెచ్ ఎచ్ ఐ జె జే కె కే ఎల్ ఎం ఎమ్ ఎన్ ఒ ఓ పి పీ క్యూ ఆర్ ఎస్ టి టీ యు యూ
    వి వీ డబ్ల్యు డబ్ల్యూ ఎక్స్ వై జెడ్ జడ్
    """.split()  # noqa: SIM905
)
"""Names of English letters, as initials are written in Hindi and Telugu."""

_LETTERS_AND_WORDS = frozenset("आई के जी पी ओ".split())  # noqa: SIM905
"""Such names that are Hindi words too: initials beside other initials only."""


_NUMERAL = re.compile(r"\d|[IVX]+\b")


def abbreviated(token: str, before: str, following: str) -> bool | None:
    """Whether the full stop at the end of `token` leaves its sentence open; None: not known here.

    token: with its full stop. before: the token in front of it, or "". following: what comes after
    the spaces behind it.
    """
    stem = token[:-1].casefold()
    if stem in _BEFORE_NUMBERS:
        return following[:1].isdigit()
    if stem in _BEFORE_NUMERALS:
        return _NUMERAL.match(following) is not None
    if "." in stem and following[:1].islower():
        return True
    if stem in _BEFORE_MORE or (stem.endswith("str") and following[:1].isdigit()):
        return True
    if stem in _LETTERS_AND_WORDS:
        return _beside_initials(before, following)
    return True if _initials(stem) else None


def is_part(part: str) -> bool:
    """Whether an Indian word in front of a full stop without a space is short for one: "कि" of
    "कि.मी."."""
    return part in _PARTS


_PARTS = _LETTERS | _LETTERS_AND_WORDS | {part for word in _BEFORE_MORE for part in word.split(".")}


def _initials(stem: str) -> bool:
    """ "आर" and "ఎన్.టి.ఆర్", which only names in Indic letters are."""
    parts = stem.split(".")
    known = _LETTERS | _LETTERS_AND_WORDS if len(parts) > 1 else _LETTERS
    return all(part in known for part in parts)


def _beside_initials(before: str, following: str) -> bool:
    known = _LETTERS | _LETTERS_AND_WORDS
    word = following.split(" ", 1)[0]
    return any(near.endswith(".") and near[:-1] in known | _BEFORE_MORE for near in (before, word))
