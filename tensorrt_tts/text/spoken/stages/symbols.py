"""Signs that are words, in the language of their sentence; what is left of others goes."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.currency import SIGNS
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.ranges import terms

_NAMES = {
    "&": "and", "@": "at", "%": "percent", "‰": "permille", "+": "plus", "=": "equals",
    "×": "times",
    "÷": "over", "±": "plusminus", "≤": "atmost", "≥": "atleast", "≠": "unequal", "≈": "about",
    "√": "root", "∞": "infinity", "°": "degrees", "§": "section", "π": "pi", "∑": "sum",
    "⇒": "implies", "−": "minus",
}  # fmt: skip
_NAMED = lazy(rf"[{re.escape(''.join(_NAMES))}]+")
_CURRENCIES = frozenset("₹$€£¥₩₽₺₪₦₱₫฿৳₴₿₨")
_CURRENCY = lazy(f"[{''.join(_CURRENCIES)}]")
RUPEES_BEGUN = ("रु.", "रू.", "రూ.")
_RUPEES = lazy(r"(?<![\w\u0900-\u0dff])(?:रु|रू|రూ)\.(?![\w\u0900-\u0dff])")
_SHARP = lazy(r"(?<!\w)([A-G])[#♯](?!\w)")
_COMPARED = lazy(r"([<>]) ?(?=\w)")
_BETWEEN = lazy(r"[/|\\] ?(?=[\w\u0900-\u0dff])")
_ABOUT = lazy(r"(?<!\w)~ ?(?=\w)")
_BAR = lazy(r"\|(?<=[\u0900-\u097f].)(?= |$|\n)")
_REST = lazy(
    r"[][{}<>|\\^`~*#_=+@%&$\u02c2-\u02df\u2030\u2031\u203b\u2043\u2190-\u2bff\u3003-\u3007]+"
)
_ODD = lazy(
    r"[^\x00-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0370-\u1fff\u200c\u200d"
    r"\u2010-\u2027\u2c00-\ufaff\uff00-\uffef\U000f0000-\U000ffffd]"
)


def symbols(draft: Draft) -> None:
    if "#" in draft.text:
        draft.say(_SHARP, lambda match, language: f"{match[1]} sharp")
    terms(draft)
    if draft.has(_NAMES.keys()):
        draft.say(_NAMED, _named)
    if draft.has(_CURRENCIES):
        draft.say(_CURRENCY, _currency)
    if any(short in draft.text for short in RUPEES_BEGUN):
        draft.say(_RUPEES, lambda match, language: language.currencies["INR"][0][1])
    if "<" in draft.text or ">" in draft.text:
        draft.say(_COMPARED, _compared)
    if "|" in draft.text:
        draft.say(_BAR, lambda match, language: "।")
    if "/" in draft.text or "|" in draft.text or "\\" in draft.text:
        draft.say(_BETWEEN, lambda match, language: ", " if "|" in match[0] else " ")
    if "~" in draft.text:
        draft.say(_ABOUT, lambda match, language: f"{language.words['about']} ")
    if draft.has_some(_REST):
        draft.say(_REST, lambda match, language: " ")
    if not draft.text.isascii() and draft.has_some(_ODD):
        draft.say(_ODD, _odd)


def _compared(found: re.Match[str], language: Language) -> str | None:
    before = found.string[max(0, found.start() - 2) : found.start()].rstrip(" ")[-1:]
    if not before.isalnum() and not "\u0900" <= before <= "\u0dff":
        return None
    return f" {language.words['less' if found[1] == '<' else 'more']} "


def _named(found: re.Match[str], language: Language) -> str:
    signs = found[0]
    if len(set(signs)) == 1 and len(signs) > 2:
        return " "  # a line of them
    return f" {' '.join(language.words[_NAMES[sign]] for sign in signs)} "


def _currency(found: re.Match[str], language: Language) -> str:
    code = SIGNS.get(found[0], "INR")
    return f" {language.currencies[code][0][1]} "


def _odd(found: re.Match[str], language: Language) -> str | None:
    """What is neither letter, mark nor punctuation has no sound."""
    return None if unicodedata.category(found[0])[0] in "LMNPZ" else " "
