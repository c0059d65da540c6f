"""Short forms of words, in the letters they are written in: Dr., e.g., डॉ., డా."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.stages.context import LETTER, ends_sentence
from tensorrt_tts.text.spoken.units import UNITS, either


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
    डॉ.=डॉक्टर
    डा.=डॉक्टर
    प्रो.=प्रोफ़ेसर
    पं.=पंडित
    कु.=कुमारी
    श्री.=श्री
    श्रीम.=श्रीमती
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
    लि.=लिमिटेड
    प्रा.=प्राइवेट
    ई.पू.=ईसा पूर्व
    ई.=ईस्वी
    డా.=డాక్టర్
    డాక్టర్.=డాక్టర్
    ప్రొ.=ప్రొఫెసర్
    శ్రీ.=శ్రీ
    కు.=కుమారి
    చి.=చిరంజీవి
    స్వ.=స్వర్గీయ
    ఉదా.=ఉదాహరణకు
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
_BORDER = r"(?<![\w\u0900-\u0963\u0966-\u0dff.])"
_TITLE = re.compile(
    rf"{_BORDER}(?:({either([t for t in _TITLES if t not in ('St', 'Ft', 'Mt')])})\.|"
    rf"({either(list(_WITHOUT_STOP))})(?= [A-Z\u0900-\u0dff]))(?![^\W_])"
)
_SAINT = re.compile(r"\b(St|Mt|Ft)\. (?=[A-Z])")
_STREET = re.compile(
    r"(\b[A-Z][a-z]+ )(St|Ct|Ave|Blvd|Rd|Ln|Pl|Sq|Hwy|Pkwy|Expy|Dr)\b\.?+(?= ?(?:,|$|\n|[a-z]|[NSEW]\b))"
)
_STREETS = {"St": "Street", "Ct": "Court", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road",
            "Ln": "Lane", "Pl": "Place", "Sq": "Square", "Hwy": "Highway", "Pkwy": "Parkway", "Expy": "Expressway",
            "Dr": "Drive"}  # fmt: skip
_WORD = re.compile(rf"{_BORDER}(?:{either(_WORDS)})(?![\w\u0900-\u0963\u0966-\u0dff])")
_PAGES = re.compile(r"\b(pp?|Pp?)\. ?(?=\d)")
_INITIALS = re.compile(rf"(?<![\w.])((?:{LETTER}\.){{2,8}})(?!\w)")
_DEGREE = re.compile(r"(?<![\w.])(Ph\.? ?D|B\.Tech|M\.Tech|B\.Sc|M\.Sc|B\.Com|M\.Com|B\.Ed|M\.Phil|D\.Litt|Ll\.B|M\.Ed)\b\.?")
_SLASHED = re.compile(r"(?<!\w)(w/o|w/|c/o|b/w|a/c|A/C|n/a|N/A|s/o|d/o|S/O|D/O|W/O|C/O|h/o)(?!\w)|(?<!\w)w/ ?(?=[a-z])")
_SLASHES = {"w/o": "without", "w/": "with", "c/o": "care of", "b/w": "between", "a/c": "account",
            "n/a": "not applicable", "s/o": "son of", "d/o": "daughter of", "h/o": "house of"}  # fmt: skip
_INDICLETTER = r"(?:[\u0905-\u0939\u0c05-\u0c39][\u093a-\u094d\u0c3e-\u0c4d\u0901-\u0903\u0c01-\u0c03]{0,3})"
_NEEDS_NAME = frozenset(("v.", "Co.", "Sec.", "ed.", "Ed.", "Art.", "Ch.", "Mar.", "Mon.", "Fri.",
                         "min.", "info.", "Dec.", "Sept.", "Sep.", "ई.", "ता.", "मो.", "ले.", "सं.",
                         "జి.", "తా.", "కు.", "చి.", "సం.", "లి.", "లి.", "కై.", "मो."))  # fmt: skip
"""Words or ends of sentences as well: short only with something of the same sentence behind them."""
_BEHIND_NUMBER = re.compile(r"[\d½¼¾] ?$")


def abbreviations(draft: Draft) -> None:
    if "." not in draft.text and not re.search(
        r"/|\b(?:Dr|Mr|Mrs|Smt|Prof|St|Ct|Rd|Ave|Blvd|Ln|Sq|Hwy)\b", draft.text
    ):
        return
    draft.say(_STREET, lambda m, language: m[1] + _STREETS[m[2]] + _kept_stop(m))
    draft.say(_SAINT, lambda m, language: f"{_TITLES[m[1]]} ")
    draft.say(_TITLE, lambda m, language: _TITLES[m[1] or m[2]])
    draft.say(_PAGES, lambda m, language: "pages " if m[1].lower() == "pp" else "page ")
    draft.say(_DEGREE, lambda m, language: _spaced(m))
    draft.say(_INITIALS, _initials)
    draft.say(_WORD, _word)
    draft.say(_SLASHED, lambda m, language: _SLASHES[(m[1] or "w/").lower()])


def _kept_stop(found: re.Match[str]) -> str:
    return "." if found[0].endswith(".") and ends_sentence(found) else ""


def _word(found: re.Match[str], language: Language) -> str | None:
    short = found[0]
    if short in UNITS and _BEHIND_NUMBER.search(found.string[: found.start()][-4:]):
        return None
    ends = ends_sentence(found)
    if short in _NEEDS_NAME and (ends and not found.string[found.end() : found.end() + 2].strip()):
        return None
    return _WORDS[short] + ("." if ends and not short.startswith(("e.g", "i.e", "vs", "E.g")) and
                            not found.string[found.end() : found.end() + 2].strip() else "")


def _spaced(found: re.Match[str]) -> str:
    letters = found[0].rstrip(".").replace(" ", "").replace(".", " ")
    letters = "P H D" if letters.lower().replace(" ", "") == "phd" else letters
    if letters.endswith(" Sc"):
        letters = f"{letters[0]} S C"
    return letters + _kept_stop(found)


def _initials(found: re.Match[str], language: Language) -> str | None:
    letters = found[1]
    if letters in _WORDS or letters.lower() in ("a.m.", "p.m.", "e.g.", "i.e.", "a.k.a.", "w.r.t."):
        return None
    return " ".join(letters.replace(".", " ").upper().split()) + _kept_stop(found)
