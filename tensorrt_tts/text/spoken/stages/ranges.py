"""Numbers between which something stands: ranges, sums, products, comparisons, scores."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, Language
from tensorrt_tts.text.spoken.number import WRITTEN, number
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.context import START, after, before

_RANGE = lazy(
    rf"{START}({WRITTEN})( ?[-–—−~] ?)({WRITTEN})(?![^\W\u0900-\u0dff]|-|[.,]\d)(?! ?[-+×*÷/=] ?\d)"
)
_HOURS_BEFORE = lazy(
    r"\b(?:[Ff]rom|[Bb]etween) $|(?:^\W*(?:Open|Closed)|\b(?:open|opens|closed|works?|working))"
    r"(?:(?:,? (?:from|between|daily|today|weekdays|on|to|\w+day))*|[^\n]* \w+day)[:,]? $|"
    r"\b(?:[Hh]ours|[Tt]imings?)\b[^\d\n.!?]{0,40}$|"
    r"\b(?:[Tt]imings|(?:[Oo]pening|[Bb]usiness|[Oo]ffice|[Ss]tore|[Ss]hop|[Vv]isiting) hours)\b|"
    r"(?:समय|टाइमिंग|खुल|बंद|సమయ|వేళ|టైమింగ్|తెరి)[^\d\n.!?।]{0,16}$"
)
_DAYS_BEFORE = lazy(
    r"day (?:to|through|thru) \w+day[,:]? $|वार से [\u0900-\u097f]+वार,? $|"
    r"వారం (?:నుంచి|నుండి) [\u0c00-\u0c7f]+వారం(?: వరకు)?,? $"
)
_OPENS = range(6, 13)
"""Hours at which places open, for days alone to say that hours follow: 3-1 is a score."""
_HOURS_AFTER = lazy(r"^ ?(?:o'clock|बजे|గంటల)|^ (?:job|shift|schedule)\b")
_SCORE = lazy(
    r"\b(?:down|up|behind|ahead|lead|led|deficit|win|won|victory|lost|loss|beat|defeat|score|final|"
    r"match|game|goals?|draw|drew|vote|voted|court|odds)\b|जीत|हार|गोल|मैच|గెలి|గెలు|ఓడి|ఓటమి|గోల్",
    re.IGNORECASE,
)
_SCORED = lazy(
    r"\b(?:scores?|votes?|won|lost|beat|defeated)\b[^\d\n]{0,24}"
    r"(?:\d{1,2}-\d{1,2}, (?:and )?|\d{1,2} (?:to )?\d{1,2}, )*$"
)
_LENGTH = (
    r"(?:k?m|cm|mm|ft|feet|foot|in(?=[.,;:)]|$)|inch(?:es)?|yd|yards?|(?:centi|milli|kilo)?met(?:er|re)s?|px|"
    r"pixels?|मी|मीटर|सेमी|से\.मी|मिमी|फ़ीट|फीट|फ़ुट|फुट|इंच|गज|మీటర్లు|మీటర్ల|మీ|సెం\.మీ|సెంమీ|అడుగులు|"
    r"అడుగుల|అంగుళాలు|అంగుళాల|గజాలు|గజాల)(?![^\W\d_])"
)
_TIMES = lazy(
    rf"(?:\d|\d ?{_LENGTH}\.?(?= ?[×xX]))(?P<gap> ?)(?P<sign>[×x*X·])( ?)(?=[₹$€£]?\d[\d.,]*+"
    rf"(?P<length>(?: ?[×xX*] ?\d[\d.,]*+){{0,3}} ?{_LENGTH})?(?P<unit> ?[a-z\"'])?)"
)
_AROUND_THE_CLOCK = lazy(r"2(?<![\w.,].)4 ?[×xX*] ?7(?!\d)")
_CROSSES = frozenset("×x*X·")
_CROSSED = lazy(r"[×x*X·] ?[₹$€£]?\d")
_SIGNS = lazy(r"\d ?([=+÷<>≤≥≠≈]|[-−–](?= ?\d+(?:\.\d+)? ?=)|−) ?(?=[-−+]?\d)")
_COMPARED = frozenset("=+÷<>≤≥≠≈−")
_EXPRESSION = lazy(r"\d[\d., ]*(?:[-−–+×*÷/][\d., ]+)+=")
_TERMS = lazy(r"(?<=[\w²³)]) [-–] (?=[\d(]|[a-z](?![^\W\d_])(?! [a-z]{2}))")
"""x² - 2x = 1"""
_WORDS = {
    "-": "minus", "−": "minus", "–": "minus", "+": "plus", "×": "times", "x": "times", "*": "times",
    "X": "times", "·": "times", "÷": "over", "/": "over", "=": "equals", "<": "less", ">": "more",
    "≤": "atmost", "≥": "atleast", "≠": "unequal", "≈": "about", ":": "to",
}  # fmt: skip


def ranges(draft: Draft) -> None:
    text = draft.text
    if "=" in text:
        draft.say(_EXPRESSION, _expression)
    if draft.has(_COMPARED):
        draft.say(_SIGNS, lambda m, language: f"{m[0][0]} {language.words[_WORDS[m[1]]]} ")
    draft.say_numbers(_RANGE, _range, after="-–—−~.,")


def terms(draft: Draft) -> None:
    if "=" in draft.text and (" - " in draft.text or " – " in draft.text):
        draft.say(_TERMS, _term)


def products(draft: Draft) -> None:
    terms(draft)
    if draft.has(_CROSSES) and _CROSSED.search(draft.text):
        draft.say(_TIMES, _times)


def _term(found: re.Match[str], language: Language) -> str | None:
    if "=" not in before(found) and "=" not in after(found):
        return None
    return f" {language.words['minus']} "


def _expression(found: re.Match[str], language: Language) -> str:
    return re.sub(
        r"(?<=[\d ])([-−–+×*÷/=])(?=[\d ]|$)",
        lambda sign: f" {language.words[_WORDS[sign[1]]]} ",
        found[0],
    ).replace("  ", " ")


def _times(found: re.Match[str], language: Language) -> str | None:
    first = found[0][: found.start("gap") - found.start()]
    if _AROUND_THE_CLOCK.match(found.string, max(0, found.start() - 1)):
        return f"{first} " if language is ENGLISH else f"{first} {language.words['by']} "
    by = found["length"] or (found["sign"] in "xX" and (not found["gap"] or found["unit"]))
    if len(first) > 1 and not found["length"]:
        return None
    return f"{first} {language.words['by' if by else 'times']} "


def _range(found: re.Match[str], language: Language) -> str | None:
    first, sign, last = number(found[1]), found[2], number(found[3])
    if "−" in sign:
        return f"{found[1]} {language.words['minus']} {found[3]}"
    if max(len(first.whole), len(last.whole)) == 2 and " " not in sign and _of_score(found):
        return f"{found[1]} {language.words['to']} {found[3]}"
    rising = (
        first.sayable
        and last.sayable
        and float(f"{first.value}.{first.fraction or 0}")
        < float(f"{last.value}.{last.fraction or 0}")
    )
    if rising or sign.strip() == "~":
        return language.range(language.number(first), found[3])
    if _of_hours(found):
        return language.range(found[1], found[3])
    if " " in sign:
        return f"{found[1]} {language.words['minus']} {found[3]}"
    if (
        first.sayable
        and last.sayable
        and max(first.value, last.value) > 20
        and first.value != last.value
    ):
        return f"{found[1]} {language.words['minus' if language is ENGLISH else 'to']} {found[3]}"
    return f"{found[1]} {found[3]}"


def _of_score(found: re.Match[str]) -> bool:
    return bool(_SCORED.search(before(found)))


def _of_hours(found: re.Match[str]) -> bool:
    """ "Open from 9-5": on the clock, where the later hour may be the smaller number."""
    if not all(hour.isdecimal() and 1 <= int(hour) <= 24 for hour in found.group(1, 3)):
        return False
    lead, rest = before(found), after(found)
    if _HOURS_AFTER.search(rest):
        return True
    told = _HOURS_BEFORE.search(lead) or (int(found[1]) in _OPENS and _DAYS_BEFORE.search(lead))
    return bool(told and not _SCORE.search(lead) and not _SCORE.search(rest))
