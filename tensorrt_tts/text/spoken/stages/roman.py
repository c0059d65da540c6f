"""Roman numerals where something says that they are: Chapter IV, World War II, Henry VIII."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, Language
from tensorrt_tts.text.spoken.patterns import lazy

_NUMERAL = r"(?=[IVXLC])(?:C{0,3}(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3}))"
_HEAD_WORDS = """
    Chapter Volume Vol Vol. Part Book Section Act Scene Phase Stage Type Class Grade Level Article
    Schedule Appendix Annex Title Unit Module Lesson Paper Table Figure Fig Fig. War Bowl Mark
    Division Category Tier Group Episode Season Round Step Canto Quarter Form Area Zone Sector
    CHAPTER VOLUME PART BOOK SECTION ACT PHASE TYPE CLASS ARTICLE WAR Standard Std Std. Sem
    Semester Opus Symphony Apollo Olympiad Entry List अध्याय भाग खंड खण्ड कक्षा धारा अनुच्छेद चरण
    श्रेणी युद्ध అధ్యాయం భాగం ఖండం తరగతి సెక్షన్ దశ యుద్ధం
"""
HEADS = frozenset(_HEAD_WORDS.split())
_BOOKS = frozenset(
    [
        "Chapter",
        "Part",
        "Section",
        "Volume",
        "Act",
        "Scene",
        "Phase",
        "Article",
        "Appendix",
        "Book",
        "Unit",
    ]
)
_KING_NAMES = """
    Henry Louis Elizabeth George Edward Charles Richard James William Napoleon Pius John Paul
    Benedict Francis Nicholas Peter Philip Frederick Alexander Catherine Leo Gregory Clement
    Innocent Urban Darius Cyrus Xerxes Ramesses Ptolemy Akbar Bahadur Chandragupta Pulakeshin
    Rajaraja Rajendra Krishnadevaraya Shah Queen King Pope Emperor Tsar Sultan Wilhelm Ludwig Mary
    Margaret Victor Umberto Carlos Felipe Juan Haakon Olav Harald Christian Gustav Rama
"""
_KINGS = frozenset(_KING_NAMES.split())
_ENDS = frozenset(word[-2:] for word in HEADS | _KINGS)
_TOKEN = lazy(r"[IVXLCivx](?<![\w.'-].)[IVXLCivx]*(?![\w'-])(?!\.\w)")
_WORD_BEFORE = lazy(r"([^\W\d_][^\s\d]*) $")
_CENTURY = lazy(r" (?:century|centuries|शताब्दी|सदी)(?!\w)")
_VERB = lazy(
    r" (?:am|was|have|had|will|would|can|could|do|did|think|[a-z]+ed|like|love|read|saw|want|know|"
    r"see|need|play|live|shall|should|must|may|might|hope|feel|say|said|get|got|go|went)\b"
)
_REIGNED = lazy(r" (?:of|was|and|ruled|died|reigned)\b")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def roman(draft: Draft) -> None:
    draft.say(_TOKEN, _said)


def _said(found: re.Match[str], language: Language) -> str | None:
    numeral = found[0].upper()
    text, start, end = found.string, found.start(), found.end()
    if numeral == "I" and (text[start] == "i" or text[start - 3 : start - 1] not in _ENDS):
        return None  # the word
    if not re.fullmatch(_NUMERAL, numeral):
        return None
    before = _WORD_BEFORE.search(text, max(0, start - 24), start)
    word = before[1].lstrip("(\"'") if before else ""
    small = found[0] != numeral
    if word in HEADS or (numeral != "I" and word.title() in HEADS):
        if (small and len(numeral) == 1 and word.title() not in _BOOKS) or numeral in ("C", "L"):
            return None  # "question mark x", "type v"
        if numeral == "I" and (small or _VERB.match(text, end)):
            return None
        return language.cardinal(value(numeral))
    if small:
        return None
    if (len(numeral) > 1 or numeral in "VX") and _CENTURY.match(text, end):
        return language.ordinal(value(numeral), "वीं")
    if (
        word in _KINGS
        and (numeral != "I" or _REIGNED.match(text, end))
        and numeral not in ("C", "L")
    ):
        number = value(numeral)
        return (
            f"the {ENGLISH.ordinal(number)}" if language is ENGLISH else language.cardinal(number)
        )
    if (
        len(numeral) > 1
        and value(numeral) < 21
        and word[:1].isupper()
        and word[1:].islower()
        and len(word) > 2
    ):
        return language.cardinal(value(numeral))
    return None


def value(numeral: str) -> int:
    digits = [_VALUES[letter] for letter in numeral]
    return sum(
        -digit if any(later > digit for later in digits[index + 1 : index + 2]) else digit
        for index, digit in enumerate(digits)
    )
