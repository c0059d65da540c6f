"""Ordinals, in the language of their ending: 21st, 5वीं, 10వ. Other endings join their number."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, HINDI, TELUGU, Language
from tensorrt_tts.text.spoken.number import GROUPED, number
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.context import START

_WHOLE = rf"(?>{GROUPED}|\d{{1,12}})"
_FROM = rf"(?:({_WHOLE}) ?[-–] ?)?"
_ENGLISH = lazy(rf"{START}{_FROM}({_WHOLE})(?:st|nd|rd|th|ST|ND|RD|TH|ˢᵗ|ⁿᵈ|ʳᵈ|ᵗʰ)(?![^\W_])")
_HINDI = lazy(
    rf"{START}{_FROM}({_WHOLE}) ?-?(ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे|वाँ|वां|वीं|वें|वा|वी|वे)"
    r"(?![\w\u0900-\u0963\u0970-\u097f])"
)
_TELUGU = lazy(rf"{START}{_FROM}({_WHOLE})-?(వది|వ|వం|వారం|ో)(?![\w\u0c00-\u0c65\u0c70-\u0c7f])")
_JOINED = lazy(rf"(?<![\w.])(?<!\d,)([-−])?(?<!\d[-–])({_WHOLE}(?:\.\d+)?)-?([\u0c00-\u0c65]+)")

_YEAR = lazy(
    r"1[1-9]\d\d-?(?:ల?లో(?:నే|ని)?|ల్లో|ల|నుంచి|నుండి|వరకు|నాటి|న)"
    r"(?![\w\u0c00-\u0c65\u0c70-\u0c7f])"
)

_BEHIND = frozenset("-.,").union(map(chr, range(0x0C00, 0x0C66)))


def ordinals(draft: Draft) -> None:
    draft.say_numbers(
        _ENGLISH, lambda match, language: _ordinal(match, ENGLISH), after="snrtSNRTˢⁿʳᵗ,-–"
    )
    if not draft.text.isascii():
        draft.say_numbers(_HINDI, lambda match, language: _ordinal(match, HINDI), after="लरथठव-–,")
        draft.say_numbers(_TELUGU, lambda match, language: _ordinal(match, TELUGU), after="వో-–,")
        english = draft.options.numbers == "english"
        draft.say_numbers(
            _JOINED, _joined_to_english if english else _joined, lead="-−", after=_BEHIND
        )


def _ordinal(found: re.Match[str], language: Language) -> str | None:
    first, written = found[1], found[2]
    value = number(written)
    if not value.sayable:
        return None
    if language is ENGLISH:
        said = language.ordinal(value.value)
    else:
        ending = found[3]
        year = len(written) == 4  # 1990వ, 1857वें: in hundreds, as years are
        said = language.ordinal(value.value, "వ" if ending == "ో" else ending, year=year)
    if not first:
        return said
    start = number(first)
    if language is ENGLISH and start.sayable:
        return language.range(language.ordinal(start.value), said)
    return language.range(language.number(start), said)


def _joined(found: re.Match[str], language: Language) -> str:
    """A case ending written on the number itself: 5లో. 1947లో is a year, as "1947 లో" is."""
    sign, written, following = found.groups()
    if not sign and _YEAR.match(found.string, found.start()):
        said = TELUGU.year(int(written))
    else:
        said = TELUGU.number(number(f"-{written}" if sign else written))
    return TELUGU.before(said, following) + following


def _joined_to_english(found: re.Match[str], language: Language) -> str:
    """Where numbers are English ones in every sentence, the ending stands apart."""
    sign, written, following = found.groups()
    if not sign and _YEAR.match(found.string, found.start()):
        return f"{language.year(int(written))} {following}"
    return f"{language.number(number(f'-{written}' if sign else written))} {following}"
