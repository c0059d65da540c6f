"""Dates with day, month and year in any usual order, months and years, decades, spans of years."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH, LANGUAGES, Language
from tensorrt_tts.text.spoken.number import number
from tensorrt_tts.text.spoken.patterns import either, lazy, words
from tensorrt_tts.text.spoken.stages.context import START, after, before, ends_sentence

_SHORT = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Sept": 9,
    "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_VARIANTS = {
    "फरवरी": 2, "अप्रेल": 4, "अगस्‍त": 8, "सितम्बर": 9, "अक्तूबर": 10, "नवम्बर": 11, "दिसम्बर": 12,
    "జులై": 7, "ఆగస్ట్": 8, "ఫిబ్రవరి": 2, "సెప్టెంబరు": 9, "అక్టోబరు": 10,
    "నవంబరు": 11, "డిసెంబరు": 12,
}  # fmt: skip
_FULL = {
    name: index + 1 for language in LANGUAGES.values() for index, name in enumerate(language.months)
}
_MONTHS = {**_FULL, **_VARIANTS, **_SHORT, **{name.upper(): m for name, m in _FULL.items()}}
_MONTHS |= {name.lower(): month for name, month in _MONTHS.items() if name.isascii()}
_MONTHS |= {name.upper(): month for name, month in _SHORT.items()}
_SHORTS = "|".join([*_SHORT, "May"])
_WORDS = {"may", "march", "mar", "dec", "jan", "sep", "oct"}
"""In small letters other words too, or too short to be sure of."""
_BEGINS = r"(?<!\w.)"
_MONTH = r"[A-Za-z\u0900-\u0963\u0c00-\u0c65\u200c]{2,14}"
_BEHIND_DAY = frozenset({name[0] for name in _MONTHS}.union("snrtoa-–"))
_MONTH_ENDS = frozenset([name[-2:] for name in _MONTHS] + ["he"])
"""What is in front of a day; "he" is that of "June the"."""
_WORD_BEFORE = lazy(rf"(?<![^\W\d_])({_MONTH})\.?,? ?[-']?(?:the )?$")

_NUMERIC = lazy(
    r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![^\W\u0c00-\u0c63]|[/-]|\.\d)"
)
_ISO = lazy(r"(?<![\w./-])(\d{4})([/.-])(\d{1,2})\2(\d{1,2})(?:T(?=\d\d:\d\d)|(?![\d/-]|\.\d))")
_MONTH_YEAR = lazy(r"(?<![\w./-])(0?[1-9]|1[0-2])[-/](19\d\d|20\d\d)(?![\w/-]|\.\d)")
_DAY_FIRST = lazy(
    START
    + r"(?P<day>\d{1,2})(?P<th>st|nd|rd|th)?(?:(?: ?[-–] ?)(?P<last>\d{1,2})(?:st|nd|rd|th)?)?"
    rf"(?P<of> of)?[ -]?(?:the )?(?P<month>{_MONTH})(?![^\W_])(?P<dot>\.)?"
    r"(?:,? ?[-']?(?P<year>[12]\d{3}|(?<=[-'])\d{2})(?!\d|[.,:]\d))?"
)
_MONTH_FIRST = lazy(
    rf"(?<![^\W\d_])(?P<month>{_MONTH})(?P<dot>\.)? (?P<the>the )?"
    r"(?P<day>\d{1,2})(?P<th>st|nd|rd|th)?"
    r"(?:(?: ?[-–] ?)(?P<last>\d{1,2})(?:st|nd|rd|th)?)?(?![\d%]|[.,:]\d|[/-]\d)(?! ?[ap]\.?m\b)"
    r"(?:(?P<comma>,)? ?(?P<year>[12]\d{3})(?!\d|[.,:]\d))?(?![^\W\d_])"
)
_MONTH_AND_YEAR = lazy(
    rf"(?<![^\W\d_])(?P<month>{_MONTH})(?P<dot>\.)?(?P<comma>,)? ?[-']?"
    r"(?P<year>[12]\d{3}|(?<=')\d\d(?!['\w]))(?!\d|[.,:]\d)"
)
_DECADE = lazy(r"(?<![\w.,])'?(\d{2}|100|1[0-9]\d0|20\d0)'?s(?!\w)")
_YEARS = lazy(
    START + r"(1[1-9]\d\d|20\d\d)( ?[-–—/] ?'?)(1[1-9]\d\d|20\d\d|\d\d)"
    r"(?![^\W\u0900-\u0dff]|[/-]|[.,:]\d)"
)
_ON_IT = lazy(r"[\u0900-\u0963\u0c00-\u0c65]+")
_SHORT_YEAR = lazy(
    r"'(?<![\w'\".\u0900-\u0dff].)(\d\d)(?:( ?[-–] ?)'?(\d\d))?(?!['\"\w%]|[.,:/-]\d)"
)
_QUOTE_ENDS = lazy(r"[\w.,!?]'(?!\w)")
_YEAR = lazy(r"(?<![\w.,/:#+-])(1[1-9]\d\d|20\d\d)(?![\w/%+]|[.,:]\d|-\d)")
_SHORT_DAYS = ("Mon", "Tue", "Tues", "Wed", "Thu", "Thur", "Thurs", "Fri", "Sat", "Sun")
_WEEKDAY = lazy(
    rf"({either(_SHORT_DAYS, _BEGINS)})\.?(,?) "
    rf"(?=\d{{1,2}}(?:st|nd|rd|th)? (?:{_SHORTS})|(?:{_SHORTS})[a-z]*\.? \d|\d{{1,2}}[/.-]\d)"
)
_DAYS_OR_MONTHS = [
    *(f"{day}{end}" for day in (*_SHORT_DAYS, "Wednes", "Satur") for end in ("", "day")),
    *ENGLISH.months,
    *_SHORT,
]
_SPAN = lazy(
    rf"({either(_DAYS_OR_MONTHS, _BEGINS)})\.? ?(?:[-–—]|to) ?({either(_DAYS_OR_MONTHS)})\b(?!-)"
)
_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday",
    "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_BARE = lazy(
    either(
        [*_SHORT_DAYS, *_SHORT],
        r"(?<![\w.'-].)",
        r"(?![\w.'-])(?! \d)",
    )
)
_BEFORE_BARE_DAY = lazy(
    r"\b(?:[Oo]n|[Bb]y|[Uu]ntil|[Tt]ill|[Ee]very|[Ee]ach|[Nn]ext|[Ll]ast|[Tt]his) $"
)
_BEFORE_BARE_MONTH = lazy(
    r"\b(?:[Ii]n|[Bb]y|[Uu]ntil|[Tt]ill|[Ss]ince|[Nn]ext|[Ll]ast|[Ee]arly|[Ll]ate) $"
)
_BEHIND_BARE_DAY = lazy(r" (?:को|से|तक|కి|న|నుంచి|నుండి|వరకు|లోపు)(?![\u0900-\u0963\u0c00-\u0c63])")
_BEHIND_BARE_MONTH = lazy(r" (?:में|से|तक|లో|నుంచి|నుండి|వరకు)(?![\u0900-\u0963\u0c00-\u0c63])")
_HINDI_DAYS = ("सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि", "रवि")
_TELUGU_DAYS = ("సోమ", "మంగళ", "బుధ", "గురు", "శుక్ర", "శని", "ఆది")
_INDIC_DAYS = _HINDI_DAYS + _TELUGU_DAYS
_INDIC_DAY = rf"({'|'.join(_INDIC_DAYS)})"
_INDIC_SPAN = lazy(
    rf"(?<![\w\u0900-\u0dff-]){_INDIC_DAY}(?:\.? ?[-–] ?|\. (?:से|నుంచి|నుండి) ){_INDIC_DAY}"
    r"(?![\w\u0900-\u0963\u0966-\u0dff-])\.?"
)
_BEFORE_YEAR = lazy(
    r"(?:"
    + either(
        """
        in since by from until till to of year during before after circa around and early late mid
        the between copyright spring summer autumn fall winter election class season fy olympics
        budget ended born founded established est.
        """.split(),  # noqa: SIM905
        r"(?<!\w.)",
    )
    + r"|©(?<=\w.)|सन|सन्|वर्ष|साल|ईस्वी|సంవత్సరం|ईसा पूर्व|క్రీస్తు శకం) ?\(?$"
)
_COUNTING = lazy(rf"(?:{words('of to the and around between after before from by')}) ?$")
_AFTER_YEAR = lazy(
    r"^ (?:में|से|तक|को|के|की|का|ई\.?|ईस्वी|लो|లో|నుంచి|నుండి|వరకు|సంవత్సరం|నాటి|న|AD|CE|BC|"
    r"was|were|is|saw|onwards|election|elections|season|budget|edition|model)(?!\w)"
)
_NUMBER_NAMES = ("number ", "नंबर ", "संख्या ", "నంబర్ ", "నెంబర్ ")
_THING = lazy(
    r"^[ -](?:and |or )?[a-z]{2,}s\b|^ (?:people|percent|men|women|children|words|kg|km)\b|"
    rf"^ by (?:\d|(?:{'|'.join(ENGLISH.small[1:])})\b)"
)


_FISCAL = lazy(r"\bFY(?=(?:19|20)\d\d)")
_EXPIRY = lazy(START + r"(0[1-9]|1[0-2])/(\d\d)(?![\w/])")
_EXPIRES = lazy(
    r"\b(?:[Ee]xp(?:iry|ir(?:es|ing))?|EXP(?:IRY)?|[Vv]alid|VALID)\b[a-zA-Z ]{0,12}[ :.]*$|"
    r"वैधता[ :]*$"
)


def dates(draft: Draft) -> None:
    if "FY" in draft.text:
        draft.say(_FISCAL, lambda match, language: "FY ")
    draft.say(_WEEKDAY, lambda match, language: f"{_DAYS[match[1][:3]]}{match[2]} ")
    draft.say_numbers(_NUMERIC, _numeric, after="/.-")
    draft.say_numbers(_ISO, _iso, after="/.-")
    draft.say_numbers(_DAY_FIRST, _day_first, after=_BEHIND_DAY)
    for pattern, rule in ((_MONTH_FIRST, _month_first), (_MONTH_AND_YEAR, _month_and_year)):
        draft.say_numbers(pattern, rule, begins=_month_before, before=_MONTH_ENDS)
    draft.say_numbers(_MONTH_YEAR, _month_year, after="/-")
    if "/" in draft.text:
        draft.say_numbers(_EXPIRY, _expiry, after="/")
    draft.say_numbers(_DECADE, _decade, lead="'", after="s'")


def _month_before(text: str, start: int) -> int:
    """Where the month in front of a number begins, or -1."""
    if start < 3 or text[start - 1] not in " -'" or text[start - 2].isdecimal():
        return -1
    word = text[max(0, start - 7) : start].rstrip(" -',.")[-2:]
    if word not in _MONTH_ENDS:
        return -1
    found = _WORD_BEFORE.search(text, max(0, start - 20), start)
    return found.start(1) if found and found[1] in _MONTHS else -1


def years(draft: Draft) -> None:
    """After amounts, codes and all else that has four digits."""
    draft.say_numbers(_YEARS, _years, after="-–—/")
    if "'" in draft.text:
        draft.say_numbers(_SHORT_YEAR, _short_year, lead="'")
    draft.say_numbers(_YEAR, _year)


def spans(draft: Draft) -> None:
    """Mon-Fri, Jan–Mar, सोम-शुक्र; on Fri, in Jan, Fri को."""
    if "-" in draft.text or "–" in draft.text or " to " in draft.text:
        draft.say(_SPAN, _span)
    draft.say(_BARE, _bare)
    text = draft.text
    if not text.isascii() and any(day in text for day in _INDIC_DAYS):
        draft.say(_INDIC_SPAN, _indic_span)


def _bare(found: re.Match[str], language: Language) -> str | None:
    """A day or a month in short, where what is beside it says that it is one."""
    short, text = found[0], found.string
    day = _DAYS.get(short[:3])
    behind = (_BEHIND_BARE_DAY if day else _BEHIND_BARE_MONTH).match(text, found.end())
    words = _BEFORE_BARE_DAY if day else _BEFORE_BARE_MONTH
    if not behind and not words.search(text, max(0, found.start() - 12), found.start()):
        return None
    return day or ENGLISH.months[_MONTHS[short] - 1]


def _span(found: re.Match[str], language: Language) -> str | None:
    days = [_DAYS.get(name[:3]) for name in found.groups()]
    if any(days) != all(days):
        return None  # "Sunday - March 5"
    names = [
        day or ENGLISH.months[_MONTHS[name] - 1]
        for day, name in zip(days, found.groups(), strict=True)
    ]
    return None if found[0] == " to ".join(names) else language.range(*names)


def _indic_span(found: re.Match[str], language: Language) -> str | None:
    if found[1] in _HINDI_DAYS:
        first, last, spoken = f"{found[1]}वार", f"{found[2]}वार", LANGUAGES["hi"]
    else:
        first, last, spoken = f"{found[1]}వారం", f"{found[2]}వారం", LANGUAGES["te"]
    return spoken.range(first, last) + ("." if found[0][-1] == "." and ends_sentence(found) else "")


def _numeric(found: re.Match[str], language: Language) -> str | None:
    day, month, year = int(found[1]), int(found[3]), int(found[4])
    month_first = month > 12
    if month_first:
        day, month = month, day
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    if len(found[4]) == 2:
        if found[2] == "." and len(found[1]) + len(found[3]) < 4:
            return None  # a version
        year = _full_year(found[4])
    if month_first or language.code == "te":
        return language.date(day, month, year, month_first=True)
    return language.date(day, month, year)


def _full_year(written: str) -> int:
    """Two digits are of 1951 to 2050."""
    year = int(written)
    if len(written) > 2:
        return year
    return year + (1900 if year > 50 else 2000)


def _iso(found: re.Match[str], language: Language) -> str | None:
    year, month, day = int(found[1]), int(found[3]), int(found[4])
    if not (1 <= day <= 31 and 1 <= month <= 12 and 1000 <= year < 2200):
        return None
    said = language.date(day, month, year, month_first=language.code == "te")
    return f"{said}, " if found[0].endswith("T") else said


def _sure(found: re.Match[str]) -> bool:
    month = found["month"]
    if month not in _WORDS:
        return True
    groups = found.groupdict()
    return bool(groups.get("th") or groups.get("year") or found["dot"])


def _month(found: re.Match[str]) -> str:
    """The month's name in full, in the letters it was written in."""
    name = found["month"]
    if name.isascii():
        return ENGLISH.months[_MONTHS[name] - 1]
    return name


def _dot(found: re.Match[str]) -> str:
    """A full stop behind a month that was written out ends a sentence."""
    if found["dot"] and (found["month"].title() not in _SHORT or not after(found).strip()):
        return "."
    return ""


def _day(day: str, language: Language) -> str | None:
    return language.day(int(day)) if 1 <= int(day) <= 31 else None


def _with_year(said: str, found: re.Match[str], language: Language) -> str:
    if not found["year"]:
        return said + _dot(found)
    return f"{said} {language.year(_full_year(found['year']))}"


def _day_first(found: re.Match[str], language: Language) -> str | None:
    if found["month"] not in _MONTHS or not _sure(found):
        return None
    english = found["th"] and found["month"].isascii() and not found["last"]
    said = _day(found["day"], ENGLISH if english else language)
    if said is None:
        return None
    if found["last"]:
        last = _day(found["last"], language)
        if last is None:
            return None
        said = language.range(said, last)
    return _with_year(f"{said}{found['of'] or ''} {_month(found)}", found, language)


def _month_first(found: re.Match[str], language: Language) -> str | None:
    said = _day(found["day"], language)
    if said is None or not (_sure(found) or language.code != "en"):
        return None
    if found["last"]:
        last = _day(found["last"], language)
        if last is None:
            return None
        said = language.range(said, last)
    said = f"{_month(found)} {found['the'] or ''}{said}"
    if not found["year"]:
        return said
    return f"{said}{found['comma'] or ''} {language.year(int(found['year']))}"


def _month_and_year(found: re.Match[str], language: Language) -> str | None:
    if found["month"] in ("may", "march", "mar") and not re.search(
        r"\b(?:in|of|since) $", before(found)
    ):
        return None
    return f"{_month(found)}{found['comma'] or ''} {language.year(_full_year(found['year']))}"


def _month_year(found: re.Match[str], language: Language) -> str:
    return language.date(0, int(found[1]), int(found[2]))


def _expiry(found: re.Match[str], language: Language) -> str | None:
    """Of a card: 09/27."""
    if not _EXPIRES.search(before(found)):
        return None
    return language.date(0, int(found[1]), 2000 + int(found[2]))


def _decade(found: re.Match[str], language: Language) -> str | None:
    value = int(found[1])
    if value in (100, 1000):
        return "hundreds" if value == 100 else "thousands"
    if value < 100 and (value % 10 or value < 20):
        return None
    return ENGLISH.years(value)


def _years(found: re.Match[str], language: Language) -> str | None:
    first, last = int(found[1]), int(found[3])
    if len(found[3]) == 2:
        if " " in found[2] or not (first % 100 < last or (first % 100 == 99 and last == 0)):
            return None
        said = language.cardinal(last) if last > 9 else f"{language.digits(found[3])}"
    else:
        if last <= first or last - first > 900:
            return None
        said = language.year(last)
    said = language.range(language.year(first), said)
    on_it = _ON_IT.match(found.string, found.end())
    return language.before(said, on_it[0]) if on_it else said


def _short_year(found: re.Match[str], language: Language) -> str | None:
    """'99, the summer of '69; not where the mark opens a quotation."""
    if _QUOTE_ENDS.search(after(found)):
        return None
    said = [_two_digits(digits, language) for digits in found.group(1, 3) if digits]
    return language.range(*said) if len(said) > 1 else said[0]


def _two_digits(digits: str, language: Language) -> str:
    if digits == "00":
        return language.year(2000)
    if language is ENGLISH and digits[0] == "0":
        return f"oh {language.cardinal(int(digits))}"
    return language.number(number(digits))


def _year(found: re.Match[str], language: Language) -> str | None:
    value, lead, rest = int(found[1]), before(found), after(found)
    if lead.lower().endswith(_NUMBER_NAMES):
        return None
    alone = not lead.strip(" \"'(") and not rest.strip(" \"')।,")
    told = bool(_BEFORE_YEAR.search(lead.lower()) or _AFTER_YEAR.search(rest))
    if language.code != "en":
        recent = value >= 1900
        return language.year(value) if value < 2000 and (told or (alone and recent)) else None
    counted = bool(_THING.search(rest)) and (not told or _COUNTING.search(lead))
    if counted or (value < 1900 and not told):
        return None
    if value < 1500 and re.search(r"\b(?:to|from|by|around|the|and|between) ?$", lead):
        return None
    return language.year(value)
