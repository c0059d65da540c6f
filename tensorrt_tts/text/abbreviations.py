"""Words whose full stop ends no sentence, beside those that `sentencex` knows. Pure."""

from __future__ import annotations

import re

_BEFORE_MORE = frozenset(
    """
    smt shri shrimati sri kum rs mr mrs ms dr prof capt approx vs viz e.g i.e cf inj syp
    vit h.no d.no s.no sl.no sr.no ज़ि जि म.नं मो.नं फो.नं उ.प्र म.प्र ఇం.నెం డో.నెం ఫో.నెం నెం
    डॉ डा प्रो पं कु श्री श्रीमती सुश्री स्व रु रू मो दू नं क्र सं पृ कि.मी कि.ग्रा मि.मी से.मी सें.मी मि.ली वि.सं ई.पू
    డా ప్రొ రూ రు శ్రీ శ్రీమతి కుమారి స్వ నం సం పే క్రీ.శ క్రీ.పూ కి.మీ కి.గ్రా మి.మీ సెం.మీ సె.మీ మి.లీ
    """.split()  # noqa: SIM905
)
"""Titles before names, currencies before amounts, units within sentences."""

_BEFORE_NUMBERS = frozenset({"no", "nos", "ఉ", "మ", "సా", "రా"})
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


_HALVES = ("a.m", "p.m")
_ZONES = frozenset("IST GMT UTC EST EDT CST PST PDT CET BST ET PT".split())  # noqa: SIM905
_CAPITALIZED = frozenset({"Tab."})
"""Words of their own in small letters."""
_SYLLABLE = (
    r"(?!है|हो|हू|था|थी|थे|मैं)[\u0904-\u0939\u0958-\u0961\u0c05-\u0c39]"
    r"(?:[\u0900-\u0903\u093c\u093e-\u094c\u0c00-\u0c03\u0c3e-\u0c4c]|"
    r"\u094d[\u0915-\u0939]|\u0c4d[\u0c15-\u0c39])*+"
)
"""What is left of an Indian word in भा.ज.पा.; not small words, which may end a sentence."""
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
    if token in _CAPITALIZED or (stem in _HALVES and following.rstrip(".,;)") in _ZONES):
        return True
    if stem in _BEFORE_MORE or (stem.endswith("str") and following[:1].isdigit()):
        return True
    if stem in _LETTERS_AND_WORDS:
        return _beside_initials(before, following)
    return True if _initials(stem) else None


def is_part(part: str, following: str = "") -> bool:
    """Whether an Indian word in front of a full stop without a space is short for one: "कि" of
    "कि.मी.", and "भा" of "भा.ज.पा.", which what follows shows."""
    return part in _PARTS or (
        _PART.fullmatch(part) is not None and _PART_NEXT.match(following) is not None
    )


LETTERS = _LETTERS | _LETTERS_AND_WORDS
_PARTS = LETTERS | {part for word in _BEFORE_MORE for part in word.split(".")}
SYLLABLE = rf"(?:{'|'.join(sorted(LETTERS, key=len, reverse=True))}|{_SYLLABLE})"
"""Regular expression of one part of initials in Indic letters."""
_PART = re.compile(SYLLABLE)
_PART_NEXT = re.compile(rf"{SYLLABLE}\.")


def _initials(stem: str) -> bool:
    """ "आर", "ఎన్.టి.ఆర్" and "भा.ज.पा": names of letters, or several syllables."""
    parts = stem.split(".")
    if len(parts) == 1:
        return stem in _LETTERS
    return all(_PART.fullmatch(part) for part in parts)


def _beside_initials(before: str, following: str) -> bool:
    word = following.split(" ", 1)[0]
    return any(
        near.endswith(".") and near[:-1] in LETTERS | _BEFORE_MORE for near in (before, word)
    )
