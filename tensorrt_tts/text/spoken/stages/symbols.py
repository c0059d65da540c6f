"""Signs that are words, in the language of their sentence; what is left of others goes."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.currency import SIGNS
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language

_NAMES = {
    "&": "and", "@": "at", "%": "percent", "‰": "permille", "+": "plus", "=": "equals", "×": "times",
    "÷": "over", "±": "plusminus", "≤": "atmost", "≥": "atleast", "≠": "unequal", "≈": "about",
    "√": "root", "∞": "infinity", "°": "degrees", "§": "section", "π": "pi", "∑": "sum",
    "⇒": "implies", "−": "minus",
}  # fmt: skip
_NAMED = re.compile(rf" ?([{re.escape(''.join(_NAMES))}]+) ?")
_CURRENCY = re.compile(r" ?([₹$€£¥₩₽₺₪₦₱₫฿৳₴₿₨]) ?")
_RUPEES = re.compile(r"(?<![\w\u0900-\u0dff])(?:रु|रू|రూ)\.(?![\w\u0900-\u0dff])")
_SHARP = re.compile(r"(?<!\w)([A-G])[#♯](?!\w)")
_COMPARED = re.compile(r"(?<=\w) ?([<>]) ?(?=\w)")
_BETWEEN = re.compile(r"(?<=[\w.\u0900-\u0dff]) ?[/|\\] ?(?=[\w\u0900-\u0dff])")
_ABOUT = re.compile(r"(?<!\w)~ ?(?=\w)")
_UNDERSCORE = re.compile(r"_+")
_BAR = re.compile(r"(?<=[\u0900-\u097f]) ?\|(?= |$|\n)")
_REST = re.compile(r"[][{}<>|\\^`~*#_=+@%&$\u02c2-\u02df\u2030\u2031\u203b\u2043\u2190-\u2bff\u3003-\u3007]+")
_ODD = re.compile(r"[^\x00-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0370-\u1fff\u200c\u200d\u2010-\u2027\u2c00-\ufaff\uff00-\uffef\U000f0000-\U000ffffd]")


def symbols(draft: Draft) -> None:
    if "#" in draft.text:
        draft.say(_SHARP, lambda match, language: f"{match[1]} sharp")
    draft.say(_NAMED, _named)
    if not draft.text.isascii() or "$" in draft.text:
        draft.say(_CURRENCY, _currency)
        draft.say(_RUPEES, lambda match, language: language.currencies["INR"][0][1])
    if "<" in draft.text or ">" in draft.text:
        draft.say(
            _COMPARED, lambda m, language: f" {language.words['less' if m[1] == '<' else 'more']} "
        )
    if "|" in draft.text:
        draft.say(_BAR, lambda match, language: "।")
    draft.say(_BETWEEN, lambda match, language: ", " if "|" in match[0] else " ")
    draft.say(_ABOUT, lambda match, language: f"{language.words['about']} ")
    draft.say(_REST, lambda match, language: " ")
    if not draft.text.isascii():
        draft.say(_ODD, _odd)


def _named(found: re.Match[str], language: Language) -> str:
    signs = found[1]
    if len(set(signs)) == 1 and len(signs) > 2:
        return " "  # a line of them
    return f" {' '.join(language.words[_NAMES[sign]] for sign in signs)} "


def _currency(found: re.Match[str], language: Language) -> str:
    code = SIGNS.get(found[1], "INR")
    return f" {language.currencies[code][0][1]} "


def _odd(found: re.Match[str], language: Language) -> str | None:
    """What is neither letter, mark nor punctuation has no sound."""
    return None if unicodedata.category(found[0])[0] in "LMNPZ" else " "
