"""Short forms of words, in the letters they are written in: Dr., e.g., डॉ., డా."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tensorrt_tts.text.abbreviations import SYLLABLE
from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import either, lazy
from tensorrt_tts.text.spoken.stages.context import LETTER
from tensorrt_tts.text.spoken.stages.roman import HEADS
from tensorrt_tts.text.spoken.units import UNITS


def _table(rows: str) -> dict[str, str]:
    return {
        short.replace("_", " "): full.strip()
        for short, full in (row.strip().split("=", 1) for row in rows.split("\n") if row.strip())
    }


_TITLES = _table("""
    Dr=Doctor
    Mr=Mister
    dr=doctor
    mr=mister
    mrs=missus
    ms=miz
    prof=professor
    Mrs=Missus
    Ms=Miz
    Prof=Professor
    Gen=General
    Capt=Captain
    Col=Colonel
    Lt=Lieutenant
    Maj=Major
    Sgt=Sergeant
    Cmdr=Commander
    Adm=Admiral
    Rev=Reverend
    Hon=Honorable
    Sen=Senator
    Rep=Representative
    Gov=Governor
    Pres=President
    Supt=Superintendent
    Fr=Father
    Br=Brother
    Smt=Shrimati
    Sh=Shri
    Sri=Sri
    Kum=Kumari
    Adv=Advocate
    Er=Engineer
    Messrs=Messieurs
    Mme=Madame
    Mt=Mount
    Ft=Fort
    St=Saint
""")
"""Before a name; the full stop may be missing for the first four."""
_WITHOUT_STOP = ("Dr", "Mr", "Mrs", "Smt", "Prof")

_WORDS = _table("""
    vs.=versus
    v.=versus
    Ltd.=Limited
    Pvt.=Private
    Inc.=Incorporated
    Corp.=Corporation
    Co.=Company
    Bros.=Brothers
    Jr.=Junior
    Sr.=Senior
    approx.=approximately
    Approx.=Approximately
    appx.=approximately
    etc.=et cetera
    e.g.=for example
    eg.=for example
    E.g.=For example
    i.e.=that is
    I.e.=That is
    viz.=namely
    cf.=compare
    et_al.=and others
    a.k.a.=also known as
    w.r.t.=with respect to
    Retd.=Retired
    retd.=retired
    Nos.=Numbers
    nos.=numbers
    H.No.=House number
    D.No.=Door number
    F.No.=File number
    S.No.=Serial number
    Sl.No.=Serial number
    Sr.No.=Serial number
    Ph.No.=Phone number
    Tab.=Tablet
    Inj.=Injection
    Syp.=Syrup
    Vit.=Vitamin
    sec.=section
    ch.=chapter
    eq.=equation
    art.=article
    Dept.=Department
    dept.=department
    Govt.=Government
    govt.=government
    Univ.=University
    Assn.=Association
    Assoc.=Association
    Mfg.=Manufacturing
    Mgr.=Manager
    Asst.=Assistant
    Sec.=Section
    Secy.=Secretary
    Vol.=Volume
    vol.=volume
    Fig.=Figure
    fig.=figure
    Eq.=Equation
    Ch.=Chapter
    Chap.=Chapter
    Para.=Paragraph
    Pg.=Page
    pg.=page
    Art.=Article
    Ed.=Edition
    Ref.=Reference
    ref.=reference
    Tel.=Telephone
    tel.=telephone
    Ph.=Phone
    Mob.=Mobile
    Ext.=Extension
    ext.=extension
    Acct.=Account
    acct.=account
    Amt.=Amount
    amt.=amount
    Qty.=Quantity
    qty.=quantity
    Max.=Maximum
    max.=maximum
    Min.=Minimum
    min.=minimum
    Avg.=Average
    avg.=average
    Est.=Established
    est.=estimated
    Dist.=District
    Opp.=Opposite
    opp.=opposite
    Nr.=Near
    Bldg.=Building
    Apt.=Apartment
    Flr.=Floor
    Ave.=Avenue
    Blvd.=Boulevard
    Expy.=Expressway
    Rd.=Road
    Ln.=Lane
    Hwy.=Highway
    Pkwy.=Parkway
    Sq.=Square
    Temp.=Temperature
    temp.=temperature
    misc.=miscellaneous
    Misc.=Miscellaneous
    incl.=including
    Incl.=Including
    excl.=excluding
    esp.=especially
    info.=information
    intl.=international
    Intl.=International
    natl.=national
    dob.=date of birth
    ed.=edition
    Esq.=Esquire
    Jan.=January
    Feb.=February
    Mar.=March
    Apr.=April
    Jun.=June
    Jul.=July
    Aug.=August
    Sept.=September
    Sep.=September
    Oct.=October
    Nov.=November
    Dec.=December
    Mon.=Monday
    Tue.=Tuesday
    Tues.=Tuesday
    Wed.=Wednesday
    Thu.=Thursday
    Thurs.=Thursday
    Fri.=Friday
    Sat.=Saturday
    Sun.=Sunday
    Thur.=Thursday
    जन.=जनवरी
    फ़र.=फ़रवरी
    फर.=फरवरी
    अप्रै.=अप्रैल
    जुला.=जुलाई
    अग.=अगस्त
    सित.=सितंबर
    सितं.=सितंबर
    अक्टू.=अक्टूबर
    अक्तू.=अक्तूबर
    नवं.=नवंबर
    दिस.=दिसंबर
    दिसं.=दिसंबर
    జన.=జనవరి
    ఫిబ్ర.=ఫిబ్రవరి
    ఏప్రి.=ఏప్రిల్
    ఆగ.=ఆగస్టు
    సెప్టెం.=సెప్టెంబర్
    అక్టో.=అక్టోబర్
    నవం.=నవంబర్
    డిసెం.=డిసెంబర్
    మొ.=మొబైల్
    डॉ.=डॉक्टर
    डा.=डॉक्टर
    प्रो.=प्रोफ़ेसर
    पं.=पंडित
    कु.=कुमारी
    श्री.=श्री
    श्रीम.=श्रीमती
    श्रीमती.=श्रीमती
    स्व.=स्वर्गीय
    मो.=मोहम्मद
    इंजी.=इंजीनियर
    एड.=एडवोकेट
    ले.=लेफ़्टिनेंट
    कै.=कैप्टन
    से.नि.=सेवानिवृत्त
    उदा.=उदाहरण
    सं.=संख्या
    क्र.=क्रमांक
    क्रं.=क्रमांक
    नं.=नंबर
    पृ.=पृष्ठ
    दि.=दिनांक
    ता.=तालुका
    जि.=ज़िला
    ज़ि.=ज़िला
    म.नं.=मकान नंबर
    मो.नं.=मोबाइल नंबर
    फो.नं.=फोन नंबर
    उ.प्र.=उत्तर प्रदेश
    म.प्र.=मध्य प्रदेश
    लि.=लिमिटेड
    प्रा.=प्राइवेट
    ई.पू.=ईसा पूर्व
    ई.=ईस्वी
    డా.=డాక్టర్
    ప్రొ.=ప్రొఫెసర్
    శ్రీ.=శ్రీ
    శ్రీమతి.=శ్రీమతి
    కు.=కుమారి
    చి.=చిరంజీవి
    స్వ.=స్వర్గీయ
    ఉదా.=ఉదాహరణకు
    ఇం.నెం.=ఇంటి నెంబర్
    డో.నెం.=డోర్ నెంబర్
    ఫో.నెం.=ఫోన్ నెంబర్
    ఉ.=ఉదయం
    మ.=మధ్యాహ్నం
    సా.=సాయంత్రం
    రా.=రాత్రి
    నం.=నంబర్
    నెం.=నెంబర్
    సం.=సంవత్సరం
    పే.=పేజీ
    జి.=జిల్లా
    మం.=మండలం
    లి.=లిమిటెడ్
    ప్రై.=ప్రైవేట్
    ఫో.=ఫోన్
    తే.=తేదీ
    తా.=తాలూకా
    క్రీ.శ.=క్రీస్తు శకం
    క్రీ.పూ.=క్రీస్తు పూర్వం
""")

_BORDER = "(\"'[“‘-–—/"
_LAST_BORDER = lazy(rf".*[\s{re.escape(_BORDER)}]", re.DOTALL)
_TITLE_STOPS = {
    f"{short}.": full for short, full in _TITLES.items() if short not in ("St", "Mt", "Ft")
}
_BEFORE_CAPITAL = {f"{short}.": _TITLES[short] for short in ("St", "Mt", "Ft")}
_BARE_TITLE = lazy(either(_WITHOUT_STOP, r"(?<!\w.)", r"(?= [A-Z\u0900-\u0dff])"))
_STREET = lazy(
    r"([A-Z](?<!\w.)[a-z]+ )(St|Ct|Ave|Blvd|Rd|Ln|Pl|Sq|Hwy|Pkwy|Expy|Dr)\b\.?+"
    r"(?= ?(?:,|$|\n|[a-z]|[NSEW]\b))"
)
_STREETS = {"St": "Street", "Ct": "Court", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road",
            "Ln": "Lane", "Pl": "Place", "Sq": "Square", "Hwy": "Highway", "Pkwy": "Parkway",
            "Expy": "Expressway", "Dr": "Drive"}  # fmt: skip
_STOP = lazy(rf"\.(?<![\s{re.escape(_BORDER)}].)")
_STOP_OF_LETTERS = lazy(rf"\.(?<![\d\s{re.escape(_BORDER)}].)")
_INITIALS = lazy(rf"(?:{LETTER}\.){{2,8}}(?:(?![\w\u0900-\u0dff])|(?=[A-Z][a-z]{{2}}))")
_INDIC_INITIALS = lazy(rf"(?:{SYLLABLE}\.){{2,8}}")
_DEGREE = lazy(
    r"(?:Ph\.? ?D|B\.Tech|M\.Tech|B\.Sc|M\.Sc|B\.Com|M\.Com|B\.Ed|M\.Phil|D\.Litt|LL\.B|M\.Ed)\b\.?"
)
_SLASHED = lazy(
    r"(?:w/o|w/|[cC]/[oO]|b/w|a/c|A/[cC]|n/a|N/A|[sdrhSDRHW]/[oO]|[vV]/s|"
    r"M/[sS]\.?(?= [A-Z]))(?!\w)|w/(?= ?[a-z])"
)
_SLASHES = {"W/O": "wife of", "W/o": "wife of", "r/o": "resident of", "v/s": "versus",
            "m/s": "Messieurs", "m/s.": "Messieurs",
            "w/o": "without", "w/": "with ", "c/o": "care of", "b/w": "between", "a/c": "account",
            "n/a": "not applicable",
            "s/o": "son of", "d/o": "daughter of", "h/o": "house of"}  # fmt: skip
_VERSUS = lazy(r"[vV](?<= .)s(?= [\w₹$\u0900-\u0dff])")
_SLASH = lazy("/")
_HYPHEN = lazy(r"-(?=\d{1,4}(?![\w-]|[.,/:]\d))")
_NUMBERED = {
    **dict.fromkeys((*HEADS, "Rule", "Ward", "Sector", "Clause", "Item", "सेक्टर", "वार्ड", "नियम",
                     "सेक्शन", "సెక్టార్", "వార్డు", "ఆర్టికల్"), ""),
    **{
        short: _WORDS[f"{short}."]
        for short in (
            "Sec", "Art", "Ch", "Chap", "Fig", "fig", "Vol", "vol", "Para", "Pg", "pg", "Ext",
            "ext", "Eq", "Ref", "ref", "Apt", "Bldg", "Flr", "नं", "నం", "నెం", "क्र",
        )
    },
    "No": "Number", "no": "number", "Std": "Standard", "Cl": "Clause",
}  # fmt: skip
"""What a hyphen joins to its number, and in full where that is another word: Sec-144, धारा-144."""
_NEEDS_NAME = frozenset(("v.", "Co.", "Sec.", "ed.", "Ed.", "Art.", "Ch.",
                         "min.", "info.", "Para.", "Pg.", "जन.", "अग.", "జన.", "ఆగ.", "ई.", "ता.",
                         "मो.", "ले.", "सं.", "కు.", "చి.", "సం.",
                         "జి.", "తా.", "లి.", "कै.", "Tab.", "Inj.", "Vit."))  # fmt: skip
"""Words or ends of sentences as well: short only where their sentence goes on."""
_BEFORE_NUMBER = frozenset(("Nos.", "nos.", "sec.", "ch.", "eq.", "art.", "ఉ.", "మ.", "సా.", "రా."))
"""Short only there."""
_INDIC_TITLES = frozenset(
    ["डॉ.", "डा.", "प्रो.", "पं.", "श्री.", "श्रीमती.", "స్వ.", "డా.", "ప్రొ.", "శ్రీ.", "శ్రీమతి."]
)
"""The name may follow without a space: डॉ.शर्मा, as it may after Dr. and others."""
_NUMBER_NEXT = lazy(r" ?:? ?[+\d]")
_BEHIND_NUMBER = lazy(r"[\d½¼¾] ?$")
_LONGEST = 14
"""Characters of a short form with its stops."""
_PAGES = ("p.", "pp.", "P.", "Pp.")
_ENDS = frozenset(
    short[-3:-1]
    for short in (*_TITLE_STOPS, *_BEFORE_CAPITAL, *_WORDS, *_PAGES, "Ph.", "LL.", "No.", "no.")
)
"""What is in front of the full stop of every short form of two characters and more."""


def abbreviations(draft: Draft) -> None:
    draft.say(_BARE_TITLE, lambda m, language: _TITLES[m[0]])
    draft.say(
        _STREET, lambda m, language: m[1] + _STREETS[m[2]] + _kept_stop(m[0], m.string, m.end())
    )
    if "s " in draft.text and (" vs " in draft.text or " Vs " in draft.text):
        draft.say(_VERSUS, lambda m, language: "versus")
    if "/" in draft.text:
        draft.replace(_slashed(draft))
    if "-" in draft.text:
        draft.replace(_numbered(draft))
    if "." in draft.text:
        draft.replace(_stopped(draft))


def _begins(text: str, stop: int) -> int:
    """Where the word that ends at `stop` begins, for as far as a short form may reach."""
    least = stop - _LONGEST if stop > _LONGEST else 0
    border = _LAST_BORDER.match(text, least, stop)
    return border.end() if border else least


def _stopped(draft: Draft) -> Iterator[tuple[int, int, str]]:
    text, done = draft.text, 0
    for stop in _stops(text):
        if stop < done:
            continue
        start = _begins(text, stop)
        if start == stop or start < done:
            continue
        end, full = _in_full(text, start, stop)
        if full is not None and draft.language_at(start) is not None:
            yield start, end, full
            done = end


def _stops(text: str) -> Iterator[int]:
    """Where the full stop of a short form may be."""
    degree = "PhD" in text  # may have a full stop much further on: "PhD)."
    for each in (_STOP if degree else _STOP_OF_LETTERS).finditer(text):
        stop = each.start()
        if stop and (
            text[stop - 2 : stop] in _ENDS
            or stop < 2
            or not text[stop - 2].isalpha()
            or degree
            or "." in text[max(0, stop - 4) : stop - 2]
        ):
            yield stop


def has_abbreviation(text: str) -> bool:
    return any(
        start < stop and _in_full(text, start, stop)[1] is not None
        for stop in _stops(text)
        for start in (_begins(text, stop),)
    )


def _in_full(text: str, start: int, stop: int) -> tuple[int, str | None]:
    """What the word from `start` on with a full stop at `stop` is short for, and where it ends."""
    short, end = text[start : stop + 1], stop + 1
    letters = None
    if len(short) == 2:
        letters = _INITIALS.match(text, start)
    if (
        letters is None
        and short.count(".") > 1
        and short[0] >= "\u0900"
        and not _BEHIND_NUMBER.search(text[max(0, start - 4) : start])
    ):
        letters = _INDIC_INITIALS.match(text, start)
    if letters is None and short[0] in "PBMDL" and short.count(".") == 1:
        letters = _DEGREE.match(text, start)
    if letters and letters[0] not in _WORDS and letters[0] not in UNITS:
        return letters.end(), _letters(letters[0], text, letters.end())
    following = text[end : end + 1]
    page = short in _PAGES
    close = following.isalnum() or "\u0900" <= following <= "\u0dff"
    if close and not (
        page or len(short) > 2 or short in _BEFORE_NUMBER
        if following.isdecimal()
        else short in _INDIC_TITLES or (following.isupper() and short in _TITLE_STOPS)
    ):
        return end, None
    if page:
        if not text[end : end + 2].lstrip(" ")[:1].isdecimal():
            return end, None
        return end, ("pages" if len(short) > 2 else "page") + ("" if following == " " else " ")
    if short in _TITLE_STOPS and not following.isdecimal():
        return end, _TITLE_STOPS[short] + (" " if close else "")
    if short in _BEFORE_CAPITAL and following == " " and text[end + 1 : end + 2].isupper():
        return end, _BEFORE_CAPITAL[short]
    if short in ("No.", "no.") and text.startswith(" of ", end):
        return end, f"{short[0]}umber"
    full = _WORDS.get(short)
    if full is None or (short in UNITS and _BEHIND_NUMBER.search(text[max(0, start - 4) : start])):
        return end, None
    last = not text[end : end + 2].strip()
    if short == "मो." and _NUMBER_NEXT.match(text, end):
        return end, "मोबाइल"
    if short in _DATED and not close:
        return end, _dated(text, start, end, full)
    if (short in _NEEDS_NAME and last) or (
        short in _BEFORE_NUMBER and not _NUMBER_NEXT.match(text, end)
    ):
        return end, None
    return end, full + (" " if close else "." if last and short not in _NEVER_LAST else "")


_DATED = frozenset(f"{short}." for short in (
    "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sept", "Sep", "Oct", "Nov", "Dec",
    "Mon", "Tue", "Tues", "Wed", "Thu", "Thur", "Thurs", "Fri", "Sat", "Sun",
))  # fmt: skip
_WORDS_TOO = ("Mar.", "Dec.", "Mon.", "Sat.", "Sun.")
_WHEN = lazy(
    r"(?:\b(?:to|until|till|through|thru|on|by|every|each|from|since|before|after|this|next|last|"
    r"in|of|and|or|open|closed)|[-–—&\d]) ?$",
    re.IGNORECASE,
)
_DATE_GOES_ON = lazy(rf" (?:{'|'.join(short[:3] for short in _DATED)})[a-z]*\b")


def _dated(text: str, start: int, end: int, full: str) -> str | None:
    """A day or a month; its full stop stays where the sentence ends as well."""
    short = text[start:end]
    stop = "" if _DATE_GOES_ON.match(text, end) else _kept_stop(short, text, end)
    if not stop or _WHEN.search(text, max(0, start - 10), start):
        return full + stop
    if not text[end : end + 2].strip() or text[end] == "\n":
        return None if short in _WORDS_TOO else full + stop
    return None if short in ("Sat.", "Sun.") else full


_NEVER_LAST = frozenset(("e.g.", "i.e.", "vs.", "E.g.", "I.e."))


def _letters(written: str, text: str, end: int) -> str | None:
    if written.lower() in ("a.m.", "p.m."):
        return None
    letters = written.replace(".", " ").split()
    if written.startswith("Ph"):
        letters = ["P", "H", "D"]
    elif letters[-1] == "Sc":
        letters[-1:] = ["S", "C"]
    elif len(letters[-1]) == 1:
        letters = [letter.upper() for letter in letters]
    following = text[end : end + 1]
    name = all(len(letter) == 1 for letter in letters) and following == " "
    if following.isalpha():  # C.V.Raman
        return " ".join(letters) + " "
    return " ".join(letters) + ("" if name else _kept_stop(written, text, end))


def _kept_stop(written: str, text: str, end: int) -> str:
    """A full stop that also ends the sentence."""
    if not written.endswith("."):
        return ""
    rest = text[end : end + 2]
    return (
        "."
        if not rest.strip() or rest[0] == "\n" or (rest[0] == " " and rest[1:2].isupper())
        else ""
    )


def _numbered(draft: Draft) -> Iterator[tuple[int, int, str]]:
    """Sec-144, Section-144: the number is read as one, and not as a code's."""
    text = draft.text
    for hyphen in _HYPHEN.finditer(text):
        start = _begins(text, hyphen.start())
        word = text[start : hyphen.start()].removesuffix(".")
        full = _NUMBERED.get(word)
        if full is not None and draft.language_at(start) is not None:
            yield start, hyphen.end(), f"{full or word} "


def _slashed(draft: Draft) -> Iterator[tuple[int, int, str]]:
    for slash in _SLASH.finditer(draft.text):
        start = slash.start() - 1
        if start < 0 or (start and draft.text[start - 1].isalnum()) or not draft.language_at(start):
            continue
        found = _SLASHED.match(draft.text, start)
        if found:
            yield start, found.end(), _SLASHES.get(found[0]) or _SLASHES[found[0].lower()]
