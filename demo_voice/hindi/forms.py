"""Hindi inflection: nouns by gender, number and case; verbs; words that agree. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Gender = Literal["m", "f"]
Person = Literal["1", "2", "3"]  # 2: तुम; आप takes the forms of 3, plural

_SIGNS = "ािीुूृेैॉोौ"
_INDEPENDENT = dict(zip(_SIGNS, "आइईउऊऋएऐऑओऔ", strict=True))
_NASAL = "ँं"


@dataclass(frozen=True)
class Features:
    """What a word agrees with."""

    gender: Gender = "m"
    plural: bool = False
    oblique: bool = False
    person: Person = "3"


def attach(stem: str, ending: str) -> str:
    """The stem with an ending that begins with a vowel sign: a letter of its own after a vowel."""
    after_consonant = stem[-1] not in _SIGNS + _NASAL and not "अ" <= stem[-1] <= "औ"
    if not ending or ending[0] not in _SIGNS or after_consonant:
        return stem + ending
    return stem + _INDEPENDENT[ending[0]] + ending[1:]


@dataclass(frozen=True)
class Noun:
    """A noun in its direct singular. ``marked``: a masculine -आ that changes."""

    word: str
    gender: Gender
    marked: bool = False

    def form(self, plural: bool = False, oblique: bool = False) -> str:
        """One of four forms: कमरा, कमरे, कमरे, कमरों."""
        head, _, last = self.word.rpartition(" ")
        lead = f"{head} " if head else ""
        if plural and oblique:
            return lead + self._oblique_plural(last)
        if plural:
            return lead + self._plural(last)
        return lead + (self._weak(last) if oblique and self.marked else last)

    def features(self, plural: bool = False, oblique: bool = False) -> Features:
        """What agrees with that form."""
        return Features(self.gender, plural, oblique)

    def _weak(self, word: str) -> str:
        """कमरा → कमरे, रुपया → रुपये, कुआँ → कुएँ."""
        if word.endswith("ाँ"):
            return word[:-2] + "ें"
        if word.endswith("आँ"):
            return word[:-2] + "एँ"
        return word[:-1] + ("ए" if word[-1] == "आ" else "े")

    def _plural(self, word: str) -> str:
        if self.gender == "m":
            return self._weak(word) if self.marked else word
        if word.endswith("िया"):
            return word + "ँ"
        if word[-1] in "ीि":
            return word[:-1] + "ियाँ"
        if word[-1] == "ई":
            return word[:-1] + "इयाँ"
        if word[-1] == "ू":
            return word[:-1] + "ुएँ"
        if word[-1] in "ाौोआँ":
            return word + "एँ"
        return word + "ें"

    def _oblique_plural(self, word: str) -> str:
        if self.marked:
            for end, form in (("ाँ", "ों"), ("आँ", "ओं"), ("आ", "ओं"), ("ा", "ों")):
                if word.endswith(end):
                    return word[: -len(end)] + form
        if word.endswith("िया"):
            return word[:-1] + "ों"
        if word[-1] in "ीि":
            return word[:-1] + "ियों"
        if word[-1] == "ई":
            return word[:-1] + "इयों"
        if word[-1] == "ू":
            return word[:-1] + "ुओं"
        if word[-1] in "ाौोेआँ":
            return word + "ओं"
        return word + "ों"


_PERFECTIVE = {
    "कर": "किया",
    "दे": "दिया",
    "ले": "लिया",
    "पी": "पिया",
    "जी": "जिया",
    "सी": "सिया",
    "जा": "गया",
    "हो": "हुआ",
}
_POLITE = {"कर": "कीजिए", "दे": "दीजिए", "ले": "लीजिए", "पी": "पीजिए"}
_FUTURE_STEM = {"पी": "पि", "जी": "जि", "सी": "सि"}


@dataclass(frozen=True)
class Verb:
    """A verb by its root; the forms that agree are given in the masculine singular."""

    root: str

    @property
    def infinitive(self) -> str:
        return self.root + "ना"

    @property
    def habitual(self) -> str:
        return self.root + "ता"

    @property
    def perfective(self) -> str:
        if self.root in _PERFECTIVE:
            return _PERFECTIVE[self.root]
        return self.root + ("या" if self.root[-1] in "ाोआ" else "ा")

    @property
    def conjunctive(self) -> str:
        """करके, जाकर: having done."""
        return self.root + ("के" if self.root == "कर" else "कर")

    @property
    def polite(self) -> str:
        """आप: कीजिए, जाइए, बैठिए."""
        return _POLITE.get(self.root) or attach(self.root, "िए")

    @property
    def familiar(self) -> str:
        """तुम: करो, जाओ, दो."""
        if self.root in ("दे", "ले"):
            return self.root[0] + "ो"
        return attach(_FUTURE_STEM.get(self.root, self.root), "ो").replace("िओ", "ियो")

    def future(self, who: Features) -> str:
        """जाऊँगा, जाएगा, जाओगे, जाएँगी."""
        end = "गी" if who.gender == "f" else "गे" if who.plural or who.person == "2" else "गा"
        return self.subjunctive(who) + end

    def subjunctive(self, who: Features) -> str:
        """जाऊँ, जाए, जाओ, जाएँ."""
        stem = _FUTURE_STEM.get(self.root, self.root)
        if self.root in ("दे", "ले"):
            first, third, plural = self.root[0] + "ूँ", self.root, self.root + "ं"
        elif self.root == "हो":
            first, third, plural = "होऊँ", "हो", "हों"
        else:
            first = attach(stem, "ूँ")
            third = attach(stem, "े")
            plural = attach(stem, "ें").replace("एं", "एँ")
        if who.person == "2":
            return self.familiar
        if who.plural:
            return plural
        return first if who.person == "1" else third


_AUXILIARY = {
    "है": {"1": "हूँ", "2": "हो", "3": "है", "plural": "हैं"},
    "था": {"m": "था", "mp": "थे", "f": "थी", "fp": "थीं"},
}
_FEMININE = {
    "किया": "की",
    "दिया": "दी",
    "लिया": "ली",
    "पिया": "पी",
    "जिया": "जी",
    "सिया": "सी",
    "गया": "गई",
    "हुआ": "हुई",
    "नया": "नई",
}
_WEAK = {"हुआ": "हुए", "गया": "गए", "नया": "नए"}
_UNCHANGED = frozenset({"बढ़िया", "ज़्यादा", "ताज़ा", "ज़िंदा", "घटिया"})


def agree(word: str, with_: Features, last: bool = False) -> str:
    """A word given in the masculine singular, in the form that agrees.

    Adjectives, participles and genitives end in -आ; है and था are themselves; future forms in -गा
    are made by ``Verb.future``.  ``last``: the verb's only finite part, whose feminine plural is
    nasal (वे आईं).  What ends otherwise does not change; of several words each agrees (थकी हुई).
    """
    *before, final = word.split(" ")
    return " ".join([*(_agree(part, with_, False) for part in before), _agree(final, with_, last)])


def _agree(word: str, with_: Features, last: bool) -> str:
    feminine = with_.gender == "f"
    plural = with_.plural or with_.person == "2"
    if word == "है":
        forms = _AUXILIARY["है"]
        return forms["plural"] if with_.plural else forms[with_.person]
    if word == "था":
        return _AUXILIARY["था"][with_.gender + ("p" if plural else "")]
    if not word.endswith(("ा", "आ")) or word in _UNCHANGED:
        return word
    if feminine:
        form = _FEMININE.get(word) or _feminine(word)
        return form + "ं" if last and with_.plural else form
    if plural or with_.oblique:
        return _WEAK.get(word) or _weak(word)
    return word


def _feminine(word: str) -> str:
    if word.endswith("या") and _after_vowel(word[:-2]):
        return word[:-2] + "ई"
    return word[:-1] + ("ई" if word[-1] == "आ" else "ी")


def _weak(word: str) -> str:
    if word.endswith("या") and (word[:-2][-1:] == "ि" or _after_vowel(word[:-2])):
        return word[:-2] + "ए"
    return word[:-1] + ("ए" if word[-1] == "आ" else "े")


def _after_vowel(stem: str) -> bool:
    """Whether a participle's य only joins two vowels (आया), and is no part of the word (नया)."""
    return stem[-1:] in ("ा", "ो", "आ")
