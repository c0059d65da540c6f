"""Roman numerals where something says that they are: Chapter IV, World War II, Henry VIII."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, Language

_NUMERAL = r"(?=[IVXLC])(?:C{0,3}(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3}))"
_HEADS = (
    "Chapter|Volume|Vol\\.?|Part|Book|Section|Act|Scene|Phase|Stage|Type|Class|Grade|Level|Article|"
    "Schedule|Appendix|Annex|Title|Unit|Module|Lesson|Paper|Table|Figure|Fig\\.?|War|Bowl|Mark|"
    "Division|Category|Tier|Group|Episode|Season|Round|Step|Canto|Quarter|Form|Area|Zone|Sector|"
    "CHAPTER|VOLUME|PART|BOOK|SECTION|ACT|PHASE|TYPE|CLASS|ARTICLE|WAR|Standard|Std\\.?|Sem|Semester|"
    "Opus|Symphony|Apollo|Olympiad|Entry|List|"
    "अध्याय|भाग|खंड|खण्ड|कक्षा|धारा|अनुच्छेद|चरण|श्रेणी|युद्ध|"
    "అధ్యాయం|భాగం|ఖండం|తరగతి|సెక్షన్|దశ|యుద్ధం"
)
_AFTER_HEAD = re.compile(
    rf"(?<![^\W\d_])({_HEADS})( )({_NUMERAL}|(?:x{{0,3}}(?:i[xv]|v?i{{0,3}}))(?<=[ivx]))(?![\w'.]\w)(?!\w)"
)
_KINGS = (
    "Henry|Louis|Elizabeth|George|Edward|Charles|Richard|James|William|Napoleon|Pius|John|Paul|"
    "Benedict|Francis|Nicholas|Peter|Philip|Frederick|Alexander|Catherine|Leo|Gregory|Clement|"
    "Innocent|Urban|Darius|Cyrus|Xerxes|Ramesses|Ptolemy|Akbar|Bahadur|Chandragupta|Pulakeshin|"
    "Rajaraja|Rajendra|Krishnadevaraya|Shah|Queen|King|Pope|Emperor|Tsar|Sultan|Wilhelm|Ludwig|"
    "Mary|Margaret|Victor|Umberto|Carlos|Felipe|Juan|Haakon|Olav|Harald|Christian|Gustav|Rama"
)
_KING = re.compile(rf"\b({_KINGS})( )((?:[XVI]{{2,5}}|V|X)|I(?= (?:of|was|and|ruled|died)\b))(?!\w)")
_CENTURY = re.compile(rf"(?<![^\W\d_])({_NUMERAL})(?= (?:century|centuries|शताब्दी|सदी)\b)")
_PLAIN = re.compile(r"(?<![^\W\d_])([A-Z][a-z]{2,}) (II|III|IV|VI|VII|VIII|IX|XI|XII|XIII|XIV|XV|XVI|XX)(?![\w'-])")
_ITEM = re.compile(r"(?m)(?:^|(?<=[(]))(i{1,3}|iv|vi{0,3}|ix|x)(?=\)|\. )")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def roman(draft: Draft) -> None:
    if not any(letter in draft.text for letter in "IVXivx"):
        return
    draft.say(_KING, _king)
    draft.say(_AFTER_HEAD, _chapter)
    draft.say(_CENTURY, _century)
    draft.say(_PLAIN, lambda m, language: f"{m[1]} {language.cardinal(value(m[2]))}")


def value(numeral: str) -> int:
    digits = [_VALUES[letter] for letter in numeral]
    return sum(
        -digit if any(later > digit for later in digits[index + 1 : index + 2]) else digit
        for index, digit in enumerate(digits)
    )


def _chapter(found: re.Match[str], language: Language) -> str | None:
    numeral = found[3].upper()
    if numeral == "I" and re.match(r" (?:am|was|have|had|will|would|can|do|did|think|[a-z]+ed|like|love|"
                                   r"read|saw|want|know|see|need|play|live)\b", found.string[found.end() : found.end() + 12]):
        return None
    if numeral in ("C", "L") or not numeral:
        return None
    return f"{found[1]} {language.cardinal(value(numeral))}"


def _king(found: re.Match[str], language: Language) -> str | None:
    if not re.fullmatch(_NUMERAL, found[3]):
        return None
    if language is ENGLISH:
        return f"{found[1]} the {ENGLISH.ordinal(value(found[3]))}"
    return f"{found[1]} {language.cardinal(value(found[3]))}"


def _century(found: re.Match[str], language: Language) -> str | None:
    if len(found[1]) < 2 and found[1] not in "VX":
        return None
    return language.ordinal(value(found[1]), "वीं")
