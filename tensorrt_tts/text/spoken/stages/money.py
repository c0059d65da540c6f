"""Amounts of money: sign or code before or behind, ranges, lakh and crore, "/-", per month."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.currency import SCALES, SIGNS
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.languages.telugu import CASES
from tensorrt_tts.text.spoken.number import WRITTEN, Number, number
from tensorrt_tts.text.spoken.patterns import either, lazy
from tensorrt_tts.text.spoken.stages.context import ends_sentence
from tensorrt_tts.text.spoken.units import PER, UNITS

_SIGN = r"(?:[^\w\s.,;:()/-]|[A-Z]{1,3}[$¥]|[A-Z]{3}|R[sSe]\.?|rs\.?|(?:रु|रू|రూ)\.?)"
_CASE = rf"(?:{either(CASES)})(?![\u0c00-\u0c65])"
_ON_IT = r"(?P<case>[\u0900-\u0963\u0c00-\u0c65]+|(?<=/[-–=])(?=[A-Za-z]))"
"""What is written on an amount: రూ.500కే, ₹500में, Rs.500/-only."""
_EACH = (
    rf"(?P<each> ?/ ?(?=\d{{1,4}} ?"
    rf"(?:(?:{either(UNITS)})(?!\w)|[\u0900-\u0963\u0c00-\u0c65]{{2}})))"
)
"""₹72,500/10 g"""
_SHORT = [scale for scale in SCALES if scale not in ("L", "m", "b", "T", "hundred")]
_SMALLER = [
    sign
    for sign, name in SCALES.items()
    if name in ("lakh", "thousand", "hundred") and sign not in ("L", "k", "K")
]
"""Of ₹1 lakh 25 thousand."""
_SCALE = rf"(?:(?:{either(_SHORT)})(?:(?![^\W\d_])|(?={_CASE}))|[LmbT](?!\w))"
_AMOUNT = rf"(?:{WRITTEN}|\.\d+)"
_TAIL = (
    rf"(?P<scales>(?:[ -]?{_SCALE}){{1,2}})?(?P<plus>\+)?(?P<paid> ?/[-–=])?"
    rf"(?P<per> ?/ ?(?:(?:{either(PER)})(?!\w)|[A-Za-z\u0900-\u0963\u0c00-\u0c65]+))?"
)
_BEFORE = lazy(
    rf"(?<![\w.])(?P<minus>[-−–+] ?)?(?P<sign>{_SIGN}) ?(?P<minus2>[-−])?(?P<amount>{_AMOUNT})"
    rf"(?:(?P<first>[ -]?{_SCALE})?(?P<to> ?[-–—] ?| to )(?:{_SIGN} ?)?(?P<last>{_AMOUNT}))?{_TAIL}"
    rf"(?P<more>(?(scales)(?: \d{{1,3}} (?:{either(_SMALLER)})(?![^\W\d_]))*))"
    rf"(?:{_ON_IT}|{_EACH}|(?!\w))"
)
_BEHIND = lazy(
    rf"(?<![\w.])(?<!\d,)(?P<minus>[-−+])?(?P<amount>{_AMOUNT})"
    rf"(?:(?P<to> ?[-–—] ?)(?P<last>{_AMOUNT}))?(?P<scales>(?:[ -]?{_SCALE}){{1,2}})? ?"
    rf"(?P<sign>{_SIGN})(?:(?P<case>{_CASE})|(?![\w$]))(?P<plus>\+)?(?P<paid> ?/-)?"
    rf"(?P<per> ?/ ?(?:(?:{either(PER)})(?!\w)|[A-Za-z\u0900-\u0963\u0c00-\u0c65]+))?"
)
_LEAD = lazy(rf"(?:[-−–+] ?)?(?:{_SIGN}) ?[-−]?\.?$")
_LAST = frozenset(sign[-1] for sign in SIGNS)
_ENDS = frozenset(sign.rstrip(".")[-1] for sign in SIGNS)
_FIRST = frozenset([sign[0] for sign in (*SIGNS, *SCALES)]).union(".,-–—")
_CURRENCIES = frozenset(sign for sign in SIGNS if len(sign) == 1 and not sign.isalpha())
_MINUS = frozenset("-−–+")
_CENTS = lazy(rf"(?<![\w.])({WRITTEN}) ?¢")
_ARTICLE = lazy(r"(?:^|\W)[Aa]n? $")
_NOUN = lazy(r"^[ -][a-z]{2,}")
_NO_NOUN = lazy(r"^ (?:a|an|per|for|in|to|and|or|each|is|was|on|of|from|at|every|the)\b")


_YEARLY = lazy(r" ?(?:LPA|lpa)(?!\w)")
_PAID = lazy(rf"(?<![\w.])(?<!\d,)({WRITTEN}) ?/-(?![\d-])")
"""No sign but the stroke: 999/-."""


def money(draft: Draft) -> None:
    draft.say_numbers(_BEFORE, _amount, begins=_sign_before, before=_ENDS)
    draft.say_numbers(_BEHIND, _amount, lead="-−+", after=_FIRST)
    if "/-" in draft.text:
        draft.say_numbers(_PAID, _paid, after="/.,")
    if "¢" in draft.text:
        draft.say_numbers(
            _CENTS,
            lambda match, language: language.counted(
                number(match[1]), language.currencies["USD"][1]
            ),
            after="¢.,",
        )


def _paid(found: re.Match[str], language: Language) -> str:
    rest = found.string[found.end() : found.end() + 1]
    return language.money(number(found[1]), "INR") + (" " if rest.isalnum() else "")


def _sign_before(text: str, start: int) -> int:
    """Where the currency in front of a number begins, with its sign, or -1."""
    last = text[start - 1 : start]
    if last in _CURRENCIES and text[start - 2 : start - 1] == " ":
        if text[start - 3 : start - 2] not in _MINUS:
            return start - 1
    elif last in " -−.":
        last = text[start - 2 : start - 1]
    if last not in _LAST:
        return -1
    found = _LEAD.search(text, max(0, start - 9), start)
    return found.start() if found else -1


def _amount(found: re.Match[str], language: Language) -> str | None:
    written, figures, scales, to = found.group("sign", "amount", "scales", "to")
    currency = SIGNS.get(written)
    if currency is None:
        return None
    leads = found.start("sign") < found.start("amount")
    if not leads and written in ("$", "₹") and _is_next(found):
        return None
    amount, scale = number(figures), scales or ""
    if _YEARLY.match(found.string, found.end()):  # the rupees are in the word
        return language.number(amount)
    if scale:
        scale = " ".join(SCALES[sign] for sign in scale.replace("-", " ").split())
    more = found.groupdict().get("more")
    if more and to:
        return None
    if more:
        said = f"{language.scaled(language.number(amount), scale)} {_added(more, language)}"
        said = f"{said} {language.currencies[currency][0][1]}"
    elif to and found.groupdict().get("first"):
        first = SCALES[found["first"].strip(" -")]
        said = language.range(
            language.scaled(language.number(amount), first),
            language.money(number(found["last"]), currency, scale),
        )
    elif to:
        said = _range(amount, number(found["last"]), scale, currency, found, language)
    else:
        said = language.money(amount, currency, scale)
    if language.code == "en" and _adjective(found):
        one, many = language.currencies[currency][0]
        said = said.removesuffix(many) + one if said.endswith(many) else said
    sign = (found["minus"] or (found["minus2"] if leads else None) or "").strip()
    if sign:
        said = f"{language.words['plus' if sign == '+' else 'minus']} {said}"
    if found["plus"]:
        said = f"{said} {language.words['plus']}"
    said += _per(found["per"], language)
    if found.groupdict().get("each"):
        return f"{said} {language.words['per']} "
    case = found["case"]
    if case is not None:
        return language.with_case(said, case)
    stop = written[-1] == "." and found[0][-1] == "." and ends_sentence(found)
    return said + ("." if stop else "")


_ADDED = lazy(r"(\d+) (\S+)")


def _added(more: str, language: Language) -> str:
    return " ".join(
        language.scaled(language.number(number(figures)), SCALES[scale])
        for figures, scale in _ADDED.findall(more)
    )


def _is_next(found: re.Match[str]) -> bool:
    """Whether the sign belongs to the number behind it: "5 $10 notes"."""
    following = found.string[found.end() : found.end() + 2]
    return following.removeprefix(" ")[:1].isdecimal()


def _range(
    first: Number, last: Number, scale: str, currency: str, found: re.Match[str], language: Language
) -> str:
    many = language.currencies[currency][0][1]
    end = language.money(last, currency, scale)
    if language.code == "en" and found[0].count(found["sign"]) > 1 and not scale:
        return language.range(language.money(first, currency), end)
    indian = currency == "INR"
    start = language.number(first, indian)
    if not (last.fraction and not scale):
        return language.range(start, end)
    return language.range(start, f"{language.number(last, indian)} {many}")


def _adjective(found: re.Match[str]) -> bool:
    """ "a $5 note": the noun of the amount stands for a quality, in the singular."""
    start = found.start()
    lead = found.string[max(0, start - 4) : start]
    if lead[-2:] not in ("a ", "n "):
        return False
    rest = found.string[found.end() : found.end() + 24]
    return bool(
        _ARTICLE.search(lead if start >= 4 else " " + lead)
        and _NOUN.search(rest)
        and not _NO_NOUN.search(rest)
    )


def _per(written: str | None, language: Language) -> str:
    if not written:
        return ""
    sign = written.strip(" /")
    word = sign in ("day", "week", "month", "year", "hour", "acre") or (
        not sign.isascii() and sign not in UNITS  # a word as it is: ₹99/माह
    )
    if sign in PER and (language.code == "en" or not word):
        shape = {"²": f"{language.square} ", "³": f"{language.cubic} "}.get(sign[-1], "")
        sign = shape + language.units[PER[sign]][0]
    return f" {language.words['per']} {sign}"
