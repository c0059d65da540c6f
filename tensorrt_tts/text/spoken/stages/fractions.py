"""Fractions: ½, 2½, 3/4, 2 1/2, and superscripts: 10⁶, x², 10^6."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, HINDI, TELUGU, Language
from tensorrt_tts.text.spoken.number import WRITTEN, number
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.context import after, before

VULGAR = "[¼½¾⅐-⅞↉]"
MIXED = rf"(?:\d{{1,9}} ?)?{VULGAR}|(?:\d{{1,9}} )?\d{{1,4}}/\d{{1,4}}(?![\d/])"
_FRACTION = lazy(rf"(?<![\w.,/])(?:[-−](?=\d|{VULGAR}))?(?:{MIXED})")
_RATING = lazy(r"(?<![\w.,/])(\d{1,3}\.\d{1,2}) ?/ ?(5|10|20|50|100)(?![\d/]|[.,]\d)")
_WICKETS = lazy(
    r"\b(?:[Ss]core[ds]?|[Ii]nnings|[Rr]uns?|[Oo]vers?|[Bb]atting|[Ww]ickets?)\b|स्कोर|पारी|रन|विकेट|"
    r"స్కోరు|స్కోర్|ఇన్నింగ్స్|పరుగులు|వికెట్"
)
_POWER = lazy(
    r"[⁺⁻⁰¹²³⁴-⁹^](?<=[^\W_].)(?:(?<=[⁺⁻])[⁰¹²³⁴-⁹]+|(?<=[⁰¹²³⁴-⁹])[⁰¹²³⁴-⁹]*|(?<=\^)[-−]?\d{1,4})"
    r"(?!\d)"
)
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉", "0123456789+-0123456789")
_SUB = lazy(r"[₀-₉]+")
_LOOSE = lazy(r"[⁰¹²³⁴-⁹⁺⁻ⁿⁱ]+")
_BEHIND = frozenset("/½¼¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉")
_SIGNS = _BEHIND - {"/"}
_JOINED = lazy(VULGAR)
"""Where a letter or a mark is in front of it: Size½."""
_DIGITS = frozenset("0123456789")
_RAISED = frozenset("^⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉ⁿⁱ")
_OUT_OF = lazy(
    r"\b(?:scored?|scores|marks|rating|rated|got|review|stars?) (?:\w+ ){0,2}$", re.IGNORECASE
)
_HALVES = {HINDI: ("चौथाई", "आधा", "पौन"), TELUGU: ("పావు", "అర", "ముప్పావు")}
_SPECIAL = {"24/7": "twenty four seven", "9/11": "nine eleven", "50/50": "fifty fifty"}


def fractions(draft: Draft) -> None:
    if "/" in draft.text:
        draft.say_numbers(_RATING, _rating, after=".")
    if draft.has(_BEHIND):
        draft.say_numbers(_FRACTION, _fraction, lead="-−", after=_BEHIND | _DIGITS)
    if draft.has(_SIGNS):
        draft.say(_JOINED, _joined)


def _joined(found: re.Match[str], language: Language) -> str:
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    said = mixed(found[0], language)[0]
    return f"{' ' if before.strip() else ''}{said}{' ' if after.isalnum() else ''}"


def _rating(found: re.Match[str], language: Language) -> str:
    """4.5/5: of a decimal number no fraction is made."""
    top, bottom = (language.number(number(part)) for part in found.groups())
    if language is HINDI:
        return f"{bottom} में से {top}"
    if language is TELUGU:
        return f"{language.before_noun(bottom)}కి {top}"
    return f"{top} out of {bottom}"


def powers(draft: Draft) -> None:
    if draft.has(_RAISED):
        draft.say(_POWER, _power)
        draft.say(_SUB, lambda match, language: f" {language.digits(match[0].translate(_SUPER))} ")
        draft.say(_LOOSE, lambda match, language: "")


def mixed(written: str, language: Language) -> tuple[str, bool]:
    """What `MIXED` matches, in words, and whether it is more than one."""
    if "/" in written:
        whole, _, pair = written.rpartition(" ")
        top, bottom = (int(part) for part in pair.split("/"))
    else:
        sign = written[-1]
        whole = written[:-1].strip()
        value = unicodedata.normalize("NFKC", sign).split("⁄")
        top, bottom = (int(part or 0) for part in value)
        if not whole and bottom in (2, 4) and language in _HALVES:
            return _HALVES[language][top * 4 // bottom - 1], False
        if not whole and bottom == 2 and language is ENGLISH:
            return "half", False
    if not bottom:
        return f"{language.cardinal(top)} {language.words['by']} {language.cardinal(0)}", True
    if not whole:
        return language.fraction(None, top, bottom), top > bottom
    return language.fraction(int(whole), top, bottom), True


def _fraction(found: re.Match[str], language: Language) -> str:
    written = found[0]
    if language is ENGLISH and written in _SPECIAL:
        return _SPECIAL[written]
    if written == "24/7":
        return f"{language.cardinal(24)} {language.words['by']} {language.cardinal(7)}"
    negative = written[0] in "-−"
    if negative:
        written = written[1:]
    if language is ENGLISH and " " not in written and "/" in written:
        top, bottom = written.split("/")
        if top == bottom or (int(bottom) in (5, 10, 100) and _OUT_OF.search(before(found))):
            return f"{language.cardinal(int(top))} out of {language.cardinal(int(bottom))}"
    if _WICKETS_LOST.fullmatch(written) and _of_innings(found):
        runs, _, wickets = written.partition("/")
        return _innings(runs, wickets, language)
    said = mixed(written, language)[0]
    return f"{language.words['minus']} {said}" if negative else said


_TEAM = lazy(
    r"(?:\b[A-Z]{3,4}|\b(?:India|Australia|England|Pakistan|Bangladesh|Afghanistan|Sri Lanka|"
    r"Ireland|New Zealand|South Africa|West Indies|Zimbabwe)|भारत|इंडिया|पाकिस्तान|ऑस्ट्रेलिया|इंग्लैंड|"
    r"न्यूज़ीलैंड|భారత్|ఇండియా|పాకిస్తాన్|ఆస్ట్రేలియా|ఇంగ్లండ్|న్యూజీలాండ్)[: ]{1,2}$"
)
_OVERS = lazy(r" ?\(\d{1,2}(?:\.[0-6])?(?: ?(?:ov|overs?))?\)")


def _of_innings(found: re.Match[str]) -> bool:
    """Whether 245/7 is a score in cricket: words say so, the overs behind it, or a team."""
    if _WICKETS.search(before(found) + after(found)) or _OVERS.match(found.string, found.end()):
        return True
    runs, _, wickets = found[0].partition("/")
    return int(runs) > 4 * int(wickets) + 40 and bool(_TEAM.search(before(found)))


_WICKETS_LOST = lazy(r"\d{2,3}/(?:\d|10)")


def _innings(runs: str, wickets: str, language: Language) -> str:
    """Cricket: 245/7."""
    made, lost = language.cardinal(int(runs)), language.cardinal(int(wickets))
    if language is TELUGU:
        return f"{language.before_noun(lost)} వికెట్లకు {made}"
    return f"{made} {'पर' if language is HINDI else 'for'} {lost}"


def _power(found: re.Match[str], language: Language) -> str:
    """An exponent behind a number or a letter; behind a word, or one, it is a footnote."""
    text, start = found.string, found.start()
    if text[start - 1].isdecimal():
        base = re.search(rf"{WRITTEN}$", text[max(0, start - 24) : start])
        value = base[0] if base else "1"
    else:
        value = ""
        if start > 2 and all(character.isalpha() for character in text[start - 3 : start]):
            return ""
    exponent = found[0].lstrip("^").translate(_SUPER).replace("−", "-")
    if exponent in ("2", "3"):
        return f" {language.words['squared' if exponent == '2' else 'cubed']}"
    if not exponent.strip("+-") or (exponent == "1" and value):
        return ""
    said = language.number(number(exponent.lstrip("+")))
    return f" {language.words['power']} {said}"
