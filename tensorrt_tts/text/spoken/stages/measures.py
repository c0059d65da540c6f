"""Amounts with a unit, temperatures and percent, also from one to another."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, Language
from tensorrt_tts.text.spoken.number import WRITTEN, number
from tensorrt_tts.text.spoken.patterns import either, lazy
from tensorrt_tts.text.spoken.stages.context import START, after, before, ends_sentence
from tensorrt_tts.text.spoken.stages.fractions import MIXED, mixed
from tensorrt_tts.text.spoken.units import PER, RATES, UNITS

_UNIT = rf"(?:{either([sign for sign in UNITS if sign != 'in'])})"
_SQUARE = r"(?P<square>(?:sq|Sq|SQ|square)\.? ?|वर्ग ?|चौ\. ?|చ\. ?)"
_CUBIC = r"(?P<cubic>(?:cu|cubic)\.? ?|घन ?)"
_QUANTITY = rf"(?:{MIXED}|{WRITTEN}|\.\d+)"
_MEASURE = lazy(
    rf"{START}(?P<sign>[-−+±]|(?<![\d ])–)?(?P<amount>{_QUANTITY})"
    rf"(?:(?P<to> ?[-–—] ?| ?± ?)(?P<last>{_QUANTITY}))?(?P<gap>[ -]?)(?:{_SQUARE}|{_CUBIC})?"
    rf"(?:(?P<rate>{either(RATES)})|(?P<unit>{_UNIT}|"
    r"in(?=[,.;:)!?\n]|$|"
    r" (?:wide|long|tall|deep|thick|high|screen|display|pipe|monitor|tv|TV)\b))"
    r"(?P<power>[²³]|\^?[23](?!\d))?"
    rf"(?: ?(?:/|per) ?(?P<per>{either(PER)})(?P<square2>²)?)?(?:\.(?= [a-z]))?)"
    r"(?:(?<=[\w.])(?P<case>[\u0900-\u0963\u0c00-\u0c65]+)|(?![\w²³]))(?!['’]\w)"
)
_BITS = lazy(
    r"\b(?:modem|baud|speed|link|bandwidth|serial|data|bits?|codec|audio)\b", re.IGNORECASE
)
_PER = lazy(
    rf"{START}(?P<amount>{WRITTEN}) ?/ ?"
    rf"(?P<per>{either([sign for sign in PER if len(sign) > 1])})(?![\w/²³.])"
)
"""Of no unit: 72/min, 7,500/µL."""
_SQFT = lazy(rf"{START}(?P<amount>{WRITTEN}) ?sqft\b\.?")
_PERCENT = lazy(
    rf"{START}(?P<sign>[-−+]|(?<![\d ])–)?(?P<amount>{_QUANTITY}) ?(?P<first>%)?"
    rf"(?:(?P<to> ?[-–—] ?)(?P<last>{_QUANTITY}))? ?(?P<mark>[%‰])"
    r"(?P<case>[\u0c00-\u0c65]+)?"
)
_FEET = lazy(START + r"(\d{1,3})'(?: ?(\d{1,2}(?:\.\d)?)(?:\"|''))?(?![\w'])")
_HEIGHT = lazy(START + r"([3-8])(?:'| ?(?:ft\.?|feet) ?)(\d|1[01])(?:\"|'')?(?![\w'\"]|\.\d)")
"""6'2, 5 ft 6\" """
_SIDES = lazy(START + r"\d{1,4}(?:\.\d+)?['\"](?: ?[xX×] ?\d{1,4}(?:\.\d+)?['\"]){1,2}(?![\w'\"])")
_SIDE = lazy(r"([\d.]+)(['\"])")
_LONE_SIDE = lazy(START + r"(\d{1,3}(?:\.\d+)?)(['\"])(?= (?:[a-z]{3}|[A-Z]{2}))")
"""A 24" monitor, a 12' ladder."""
_ARTICLE = lazy(r"\b[Aa]n? $")
_NOUN = lazy(r" [a-z]{3,}")
_HOURS = lazy(START + r"(\d{1,3}) ?h(?:rs?)? ?(\d{1,2}) ?m(?:in)?(?: ?(\d{1,2}) ?s)?\b")
_DOTTED = lazy(
    either(
        ["कि.मी", "कि.ग्रा", "मि.ली", "से.मी", "मि.मी", "కి.మీ", "కి.గ్రా", "మి.లీ", "సెం.మీ"],
        r"(?<![\w.\u0900-\u0dff].)",
        r"\.?+(?! ?/)",
    )
)
_AREA = lazy(
    r"[Ss](?<!\w.)q\.? ?(ft|feet|foot|mt?r?|meters?|metres?|yds?|yards?|km|in|inch|inches)\b\.?"
)
_EVERY = lazy(r"([₹$€£R%](?:(?<=%)|(?:(?<!R)|(?<=R)s\.?) ?\d[\d,.]*(?:/-)?)) ?p\.([ma])\.(?!\w)")
_DOTTED_BEGUN = ("कि.", "मि.", "से.", "కి.", "మి.", "సెం.")
_INDIC_WORD = lazy(r"[\u0900-\u0963\u0c00-\u0c65]+")
_INDIC = lazy(r"[\u0900-\u0963\u0970-\u0dff\u200c\u200d]")


def measures(draft: Draft) -> None:
    if "'" in draft.text or '"' in draft.text:
        draft.say_numbers(_SIDES, _sides, after="'\"")
        draft.say_numbers(_FEET, _feet, after="'")
        draft.say_numbers(_HEIGHT, _height, after="'f")
        draft.say_numbers(_LONE_SIDE, _lone_side, after="'\".")
    draft.say_numbers(_HOURS, _hours, after="h")
    if "%" in draft.text or "‰" in draft.text:
        draft.say_numbers(_PERCENT, _percent, lead="-−+–", after="%‰-–—.,/½¼¾⅓⅔⅛⅜⅝⅞0123456789")
    draft.say_numbers(
        _SQFT,
        lambda m, language: _said(language, m["amount"], None, "", "foot", language.square),
        after="s.,",
    )
    draft.say_numbers(_MEASURE, _measure, lead="-−+±–", after=_BEHIND)
    if "/" in draft.text:
        draft.say_numbers(_PER, _per, after="/.,")


def short_units(draft: Draft) -> None:
    """Without a number: dotted ones, square feet, and "p.m." and "p.a." behind an amount."""
    if "sq" in draft.text or "Sq" in draft.text:
        draft.say(_AREA, _area)
    if "p.m" in draft.text or "p.a" in draft.text:
        draft.say(_EVERY, _every)
    if not draft.text.isascii() and any(short in draft.text for short in _DOTTED_BEGUN):
        draft.say(_DOTTED, _dotted)


def _area(found: re.Match[str], language: Language) -> str | None:
    name = {"f": "foot", "m": "meter", "y": "yard", "k": "kilometer", "i": "inch"}[found[1][0]]
    start, text = found.start(), found.string
    if text[max(0, start - 2) : start].rstrip()[-1:].isdecimal():
        return None  # with its number, later
    one, many = language.units[name]
    stop = "." if found[0].endswith(".") and ends_sentence(found) else ""
    single = text[max(0, start - 4) : start].endswith(("/", "/ ", "per "))
    square = language.square.capitalize() if found[0][0] == "S" else language.square
    return f"{square} {one if single else many}{stop}"


def _every(found: re.Match[str], language: Language) -> str:
    """₹18,500 p.m., 9.5% p.a."""
    noun = language.units["month" if found[2] == "m" else "year"][0]
    if language is ENGLISH and found[2] == "a":
        noun = "annum"
    stop = "." if ends_sentence(found) else ""
    return f"{found[1]} {language.words['per']} {noun}{stop}"


def _dotted(found: re.Match[str], language: Language) -> str:
    name = UNITS.get(found[0]) or UNITS[f"{found[0]}."]
    many = language.units[name][1]
    on_it = _INDIC_WORD.match(found.string, found.end())
    return language.with_case(many, on_it[0]).removesuffix(on_it[0]) if on_it else many


def _measure(found: re.Match[str], language: Language) -> str | None:
    sign, gap, written = found["unit"] or found["rate"], found["gap"], found[0]
    if found["case"] and _INDIC.match(found.string[found.start("case") - 1]):
        return None  # the beginning of a word
    if sign == "ली" and found["amount"] == "1" and not gap:
        return None  # पहली
    if sign == "s" and gap != " " and not found["per"]:
        return None  # "5s", "100s": several of them
    name, per = RATES.get(sign) or (UNITS[sign], None)
    if name == "basispoint" and (
        len(found["amount"]) > 3 or _BITS.search(before(found)) or _BITS.search(after(found))
    ):
        name, per = "bit", "second"
    if language is ENGLISH and name in ("cup", "pinch"):
        return None  # words already: "2 cup measures"
    if name == "pint" and (gap == "-" or not _POURED.match(found.string, found.end())):
        return None  # points, of type and of games
    if found["per"]:
        per = PER[found["per"]]
    if sign in ("m", "M") and not gap and language.code != "hi" and len(found["amount"]) > 4:
        return None
    square = language.square if found["square"] or found["power"] in ("²", "2", "^2") else ""
    if found["cubic"] or found["power"] in ("³", "3", "^3"):
        square = language.cubic
    if found["power"] and name not in _POWERS:
        return None
    said = _said(language, found["amount"], found["last"], found["to"] or "", name, square, gap)
    if per:
        shape = found["square2"] or (found["per"] or "")[-1:]
        said = _rate(said, per, language, shape if shape in ("²", "³") else "")
    if found["case"]:
        return _signed(found["sign"], language.with_case(said, found["case"]), language)
    stop = "." if written.endswith(".") and ends_sentence(found) else ""
    return _signed(found["sign"], said, language) + stop


_POURED = lazy(
    r" (?:of|milk|cream|water|beer|ale|stock|broth|juice|oil|buttermilk|blood|दूध|क्रीम|पानी|तेल|"
    r"పాలు|క్రీమ్|నీళ్లు|నీరు|నూనె)(?![^\W\d_])"
)
_BEHIND = frozenset([sign[0] for sign in (*UNITS, *RATES)]).union(
    "sScC वचచघ.,-–—±/½¼¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞0123456789in"
)
_POWERS = ("meter", "kilometer", "centimeter", "millimeter", "mile", "foot", "inch", "yard")


def _signed(sign: str | None, said: str, language: Language) -> str:
    if not sign:
        return said
    word = {"+": "plus", "±": "plusminus"}.get(sign, "minus")
    return f"{language.words[word]} {said}"


def _rate(said: str, per: str, language: Language, power: str) -> str:
    one = language.units[per][0]
    if power and per in _POWERS:
        one = f"{language.square if power == '²' else language.cubic} {one}"
    elif power:
        one = f"{one} {language.words['squared']}"
    if language.code == "te":
        return f"{_DATIVE.get(per, one)} {said}"
    return f"{said} {language.words['per']} {one}"


def _per(found: re.Match[str], language: Language) -> str:
    per = found["per"]
    shape = per[-1] if per[-1] in "²³" else ""
    return _rate(language.number(number(found["amount"])), PER[per], language, shape)


_DATIVE = {
    "hour": "గంటకు", "minute": "నిమిషానికి", "second": "సెకనుకు", "day": "రోజుకు", "month": "నెలకు",
    "year": "సంవత్సరానికి", "week": "వారానికి", "kilogram": "కిలోగ్రాముకు", "liter": "లీటరుకు",
    "meter": "మీటరుకు", "kilometer": "కిలోమీటరుకు", "milliliter": "మిల్లీలీటరుకు",
    "deciliter": "డెసిలీటరుకు", "gram": "గ్రాముకు",
}  # fmt: skip


def _said(
    language: Language,
    first: str,
    last: str | None,
    to: str,
    name: str,
    square: str = "",
    gap: str = "",
) -> str:
    one, many = language.units[name]
    counted = last or first
    plain = None if _is_mixed(counted) else number(counted)
    if plain is not None:
        noun = language.noun((one, many), plain)
        if gap == "-" and language is ENGLISH:
            noun = one
        said = language.before_noun(language.number(plain))
    else:
        said, more_than_one = mixed(counted, language)
        noun = many if more_than_one else one
    if last:
        start = _amount(first, language)
        if "±" in to:
            said = f"{start} {language.words['plusminus']} {said}"
        else:
            said = language.range(start, said)
    return f"{said} {square} {noun}".replace("  ", " ")


def _is_mixed(written: str) -> bool:
    """Whether a quantity is a fraction, or has one."""
    return "/" in written or not written.isascii()


def _amount(written: str, language: Language) -> str:
    return mixed(written, language)[0] if _is_mixed(written) else language.number(number(written))


def _percent(found: re.Match[str], language: Language) -> str:
    word = language.words["percent" if found["mark"] == "%" else "permille"]

    said = _amount(found["amount"], language)
    if found["last"]:
        if found["first"] and language is ENGLISH:
            said = f"{said} {word}"
        said = language.range(said, _amount(found["last"], language))
    elif found["first"]:
        return f"{_signed(found['sign'], said, language)} {word} {word}"
    said = f"{said} {word}"
    if found["case"]:
        said = language.with_case(said, found["case"])
    return _signed(found["sign"], said, language) + _space_before_word(found)


def _space_before_word(found: re.Match[str]) -> str:
    rest = found.string[found.end() : found.end() + 1]
    return " " if rest and (rest.isalnum() or _INDIC.match(rest)) else ""


def _feet(found: re.Match[str], language: Language) -> str | None:
    if not found[2]:
        return None
    feet = language.counted(number(found[1]), language.units["foot"])
    return f"{feet} {language.counted(number(found[2]), language.units['inch'])}"


def _height(found: re.Match[str], language: Language) -> str | None:
    return None if found[0][-1] not in "\"'" and "'" not in found[0] else _feet(found, language)


def _sides(found: re.Match[str], language: Language) -> str:
    """2' x 3', 6" × 4"; of "a 4' × 6' frame" the singular."""
    start, quality = found.start(), language is ENGLISH and _NOUN.match(found.string, found.end())
    quality = quality and _ARTICLE.search(found.string, max(0, start - 4), start)
    said = []
    for size, mark in _SIDE.findall(found[0]):
        one, many = language.units["foot" if mark == "'" else "inch"]
        said.append(language.counted(number(size), (one, one if quality else many)))
    return f" {language.words['by']} ".join(said)


def _lone_side(found: re.Match[str], language: Language) -> str | None:
    """Where no quotation is open that the mark may close."""
    mark = found[2]
    lead = found.string[max(0, found.start() - 1) : found.start()]
    if language is not ENGLISH or lead == "-" or before(found).count(mark) % 2:
        return None
    if mark == "'" and "." in found[1]:
        return None
    one, _ = language.units["foot" if mark == "'" else "inch"]
    return f"{language.number(number(found[1]))} {one}"


def _hours(found: re.Match[str], language: Language) -> str:
    names = ("hour", "minute", "second")
    return " ".join(
        language.counted(number(value), language.units[name])
        for value, name in zip(found.groups(), names, strict=True)
        if value
    )
