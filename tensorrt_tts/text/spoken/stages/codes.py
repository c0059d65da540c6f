"""Numbers that are names: codes and accounts digit by digit, IP addresses, versions."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.number import number
from tensorrt_tts.text.spoken.patterns import either, lazy, words
from tensorrt_tts.text.spoken.stages.context import REACH, START, after, before

_GROUP = lazy(r"\d+")
_PART = lazy(r"\d+|\D")
_ADDRESS = lazy(START + r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}|:\d{2,5})?(?![\w.]*\d)")
_VERSION = lazy(r"(?<![\d.,])\d{1,4}(?:\.\d{1,4}){2,5}(?![\d/])")
_SHORT_VERSION = lazy(r"(?<![\w.,])\d{1,3}\.\d{2,3}(?![\d.]*\d)")
_PROGRAM = lazy(
    r"\b(?:[vV]|[Vv]er\.?|[Vv]ersion|Python|Java|iOS|Ubuntu|Node|Chrome|संस्करण|वर्ज़न|వెర్షన్) $"
)
_DIGITS = lazy(
    r"(?<![\d.,/₹$€£¥])(?<![\d:]:)(?<!\d[ -])\d(?:\d+|[ -]\d{2,})(?:[ -]?\d+)*+"
    r"(?![\d.,:/%]*\d)(?!%)"
)
_SPELT = lazy(r"(?<![\w.,-])\d(?:-\d){2,}(?![\w-]|[.,]\d| ?[=+*/×÷−])")
"""9-1-1."""
_CODE = lazy(
    r"(?:"
    + words("""
        OTP otp Otp PIN pin Pin pincode CVV cvv passcode password PNR pnr code Code zip ZIP postcode
        MPIN UTR CRN tracking token
    """)
    + r"|end(?:ing|s) (?:in|with)?|last (?:\w+ )?digits|ओटीपी|पिन|पासवर्ड|कोड|पीएनआर|"
    r"आखिरी\D{0,12}(?:अंक|नंबर)|आख़िरी\D{0,12}(?:अंक|नंबर)|अंतिम\D{0,12}(?:अंक|नंबर)|"
    r"ఓటీపీ|ఓటిపి|పిన్|కోడ్|పాస్‌వర్డ్|చివరి\D{0,12}(?:అంకెలు|నంబర్|నెంబర్))\W?[^\d\n.!?।]{0,22}$"
)
_ACCOUNT = lazy(
    r"(?:"
    + words("""
        account acct a/c card aadhaar aadhar uan gst ref reference ticket booking order consumer
        complaint customer invoice policy roll loan serial id isbn
    """)
    + r"|आधार|कार्ड|खाता|खाते|आईडी|रोल|ఆధార్|కార్డు|కార్డ్|ఖాతా)"
    r"(?:\W|\b(?:number|no|is|has|of|id)\b|नंबर|संख्या|నంబర్|నెంబర్|है|का|की){0,12}$"
)
"""Here and below, of the text in small letters."""
_DIAL = lazy(
    rf"(?:{words('dial helpline hotline emergency_number text extension ext')}|हेल्पलाइन|डायल|"
    r"హెల్ప్‌లైన్|డయల్)[^\d\n.!?।]{0,16}$"
)
_SERVICES = frozenset((
    "000", "100", "101", "102", "103", "104", "108", "111", "112", "139", "181", "198", "911",
    "999", "1091", "1098", "1912", "1930",
))  # fmt: skip
"""Emergency and helpline numbers of India, Britain, Europe, North America and Australia."""
_CALLED = [
    verb + ending
    for verb in ("call", "ring", "rang", "phone", "dial", "text")
    for ending in ("", "s", "d", "ed", "ing", "led", "ling")
]
_CALL = lazy(
    r"(?:"
    + either(_CALLED, r"(?<!\w.)", r"\b(?:[^\d\n.!?]{0,32} (?:on|at|number))?")
    + r"|e(?<!\w.)mergency(?: number| line)?(?: is)?|कॉल करें|फ़ोन करें|आपातकालीन|కాల్ చేయండి|అత్యవసర)"
    r" ?[:-]? ?(?:\d{3,4}(?:,| or| and|, or|, and|/| या| లేదా) ?)*$"
)
_COUNTED = lazy(
    r"^ (?:of|people|men|women|children|times|percent|more|other|different|new|"
    r"(?!always|unless|does|this|as|is|was|has)[a-z]+s|[A-Z][a-z]+ [A-Z][a-z]+)\b"
)
_SERVICE = lazy(r"^ (?:ambulance|helpline|एंबुलेंस|एम्बुलेंस|अंबुलेंस|हेल्पलाइन|అంబులెన్స్|హెల్ప్‌లైన్)(?![^\W\d_])")
_CODE_BEHIND = lazy(
    r"^ (?:is|as|was|to be)(?: (?:the|your|my|an?))?(?: \w+)?"
    r" (?:OTP|otp|PIN|pin|code|password|passcode)\b|"
    r"^ (?:आपका|मेरा|మీ|నా) (?:[\w\u0900-\u0dff]+ )?"
    r"(?:OTP|PIN|code|ओटीपी|पिन|कोड|ఓటీపీ|పిన్|కోడ్)(?![\u0900-\u0dff\w])"
)
"""482913 is your OTP."""
_CODE_FAR = lazy(
    r"\b(?:OTP|otp|ओटीपी|ఓటీపీ|(?:[Vv]erification|[Ss]ecurity) code)(?![^\W_])"
    r"[^\n!?।]{1,64}(?: is|:) ?$"
)
"""OTP for a payment of Rs 2,499 is 739204."""
_FLIGHT = lazy(
    r"(?:\b[Ff]light|\bFLIGHT|फ्लाइट|फ़्लाइट|उड़ान|विमान|విమానం|ఫ్లైట్)(?:\W{1,2}(?:no\.?|number|नंबर|संख्या|నంబర్))?"
    r"\W{1,2}(?:[A-Z]{2}|[A-Z]\d|\d ?[A-Z]) $"
)
_TRAIN = lazy(
    r"(?:\b[Tt]rain|\bTRAIN|ट्रेन|रेलगाड़ी|गाड़ी|రైలు|ట్రైన్)"
    r"(?:\W{1,2}(?:[Nn]o\.?|[Nn]umber|नंबर|नं\.?|संख्या|నంబర్|నెంబర్|నెం\.?))?\W{0,3}$"
)
_HOUSE = lazy(START + r"\d{1,3}(?:-\d{1,4}){1,4}(?:/[A-Z\d]{1,4}(?!\w))*(?![\w-]|[.,/]\d)")
_HOUSE_BEFORE = lazy(
    r"(?:\b(?:[Hh]ouse|[Ff]lat|[Pp]lot|[Dd]oor)|मकान|प्लॉट|फ्लैट|फ़्लैट|ఇంటి|ఇల్లు|డోర్|ఫ్లాట్|"
    r"ప్లాట్)(?:\W{1,2}(?:[Nn]umber|[Nn]o|नंबर|नं|संख्या|నంబర్|నెంబర్|నెం))?\W{0,3}$"
)
_HOUSE_PART = lazy(r"\d+|[A-Z]+|/")
_STROKE = {"en": "by", "hi": "बटा", "te": "బై"}
_POST = lazy(
    r"(?:\b(?:Road|Rd|Street|Nagar|Sector|Colony|Lane|Marg|Plot|Flat|House|District|Dist|Post|Near|"
    r"Opposite|Floor|Block|Phase|Layout|Cross|Main|Village|Apartments?|Society|Address|India)\b|"
    r"सेक्टर|गली|रोड|मार्ग|नगर|कॉलोनी|मकान|प्लॉट|फ्लैट|ज़िला|जिला|पोस्ट|वार्ड|पता|गाँव|"
    r"రోడ్|వీధి|నగర్|కాలనీ|జిల్లా|మండలం|ఇంటి|ఫ్లాట్|ప్లాట్|చిరునామా|గ్రామం)"
    r".*(?:[A-Za-z.]|[\u0900-\u0963\u0c00-\u0c63])(?:,? ?[-–]? ?)$",
    re.DOTALL,
)
_POST_ENDS = lazy(r"^(?:[.,;)।]| India|$|\n)")
_SERVICE_CODE = lazy(r"\*(?<![\w*].)\d{2,4}(?:\*\d{1,12})*#")
"""*123# of a telephone company."""
_HASH = lazy(r"#(?<!&#) ?(?=\d)|#(?<![\w&]#) ?(?=[A-Z]{1,4}-?\d)")
_NAMED = lazy(
    r"N(?<!\w.)(?:O(?:\. ?| )|os?\.? ?)(?=\d)|n(?<!\w.)o\.? ?(?=\d)|नं\. ?(?=\d)|सं\. ?(?=\d)|"
    r"క్ర\. ?(?=\d)|నం\. ?(?=\d)"
)
_CARD = lazy(r"\d{4}(?:[ -]\d{4}){3}")
_PLACE = lazy(r"[A-Z][a-z]{2,}(?:,? ?[-–] ?|, )$|[\u0904-\u0963\u0c05-\u0c63] ?[-–] ?$")
"""A town in front of its postal code: Adyar - 600020."""
_CHOICE = lazy(START + r"\d{3,5}(?: ?/ ?\d{3,5})+(?![\w/-]|[.,]\d)")
"""100/112."""
_STATE = lazy(r", [A-Z]{2} $")
_DIALLED = lazy(
    r"^ ?(?:पर|को|नंबर पर|కి|కు|నంబర్‌కు)? ?"
    r"(?:कॉल|काल|फ़ोन|फोन|डायल|संपर्क|కాల్|ఫోన్|డయల్|(?:call|dial)(?!\w))"
)


def addresses(draft: Draft) -> None:
    draft.say_numbers(_ADDRESS, _address, after=".")


def versions(draft: Draft) -> None:
    draft.say_numbers(_VERSION, _version, after=".")
    draft.say_numbers(_SHORT_VERSION, _short_version, after=".")


def codes(draft: Draft) -> None:
    if "#" in draft.text:
        if "*" in draft.text:
            draft.say(_SERVICE_CODE, _service_code)
        draft.say(_HASH, _hash)
    draft.say(_NAMED, lambda match, language: f"{language.words['number']} ")
    draft.say_numbers(_HOUSE, _house, after="-")
    draft.say_numbers(_CHOICE, _choice, after="/")
    draft.say_numbers(_DIGITS, _code, after="-0123456789", digits=3)
    draft.say_numbers(_SPELT, lambda match, language: language.digits(match[0]), after="-")


def _address(found: re.Match[str], language: Language) -> str:
    parts = _PART.findall(found[0])
    words = {".": "dot", "/": "slash", ":": "colon"}
    return " ".join(
        language.words[words[part]] if part in words else language.number(number(part))
        for part in parts
    )


def _version(found: re.Match[str], language: Language) -> str:
    said = f" {language.words['point']} ".join(
        language.number(number(part)) for part in found[0].split(".")
    )
    start = found.start()
    return f" {said}" if start and found.string[start - 1].isalpha() else said


def _short_version(found: re.Match[str], language: Language) -> str | None:
    return _version(found, language) if _PROGRAM.search(before(found)) else None


def _code(found: re.Match[str], language: Language) -> str | None:
    written = found[0]
    count = len(written) - written.count(" ") - written.count("-")
    if count < 3 or count > 24:
        return None
    plain = written.isdecimal()
    lead = before(found)
    lower = lead.lower()
    if (
        ((plain or count >= 5) and _CODE.search(lead))
        or (count >= (4 if plain else 8) and _ACCOUNT.search(lower))
        or (count <= 5 and plain and _dialled(written, lower, after(found)))
        or (count == 5 and plain and _STATE.search(lead))
        or (count == 6 and plain and _PLACE.search(lead))
        or (count == 16 and _CARD.fullmatch(written))
        or (plain and 3 <= count <= 8 and _is_named(found, count))
    ):
        return ", ".join(language.digits(group) for group in _GROUP.findall(written))
    return None


def _before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - REACH) : found.start()]


def _is_named(found: re.Match[str], count: int) -> bool:
    """Whether more than the word in front says that a whole number is a name."""
    near = _before(found)  # "no." ends no sentence
    if (count < 5 and _FLIGHT.search(near)) or (count == 5 and _TRAIN.search(near)):
        return True
    if count > 3 and _CODE_BEHIND.match(after(found)):
        return True
    postal = count == 6 and found[0][0] in "12345678" and _POST_ENDS.match(after(found, 8))
    if postal and _POST.search(before(found, 96)):
        return True
    return count > 3 and bool(
        _CODE_FAR.search(found.string, max(0, found.start() - 96), found.start())
    )


def _service_code(found: re.Match[str], language: Language) -> str:
    words = {"*": language.words["star"], "#": language.words["hash"]}
    return " ".join(words.get(part) or language.digits(part) for part in _PART.findall(found[0]))


def _hash(found: re.Match[str], language: Language) -> str:
    """ "Order #45678"; nothing where the word is there already."""
    said = language.words["number"]
    told = _before(found).rstrip(" .:").lower().endswith((said, " no"))
    space = " " if _before(found)[-1:].isalnum() else ""
    return "" if told else f"{space}{said} "


def _house(found: re.Match[str], language: Language) -> str | None:
    written = found[0]
    parts = _HOUSE_PART.findall(written)
    stroke = "/" in parts and written.count("-") > 1
    if not stroke and not _HOUSE_BEFORE.search(_before(found)):
        return None
    return " ".join(
        _STROKE[language.code]
        if part == "/"
        else " ".join(part)
        if part.isalpha()
        else language.number(number(part))
        if len(part) < 3
        else language.digits(part)
        for part in parts
    )


def _choice(found: re.Match[str], language: Language) -> str | None:
    lead, rest = before(found).lower(), after(found)
    numbers = _GROUP.findall(found[0])
    if not all(_dialled(written, lead, rest) for written in numbers):
        return None
    return f" {language.words['or']} ".join(map(language.digits, numbers))


def _dialled(written: str, lead: str, rest: str) -> bool:
    if _DIALLED.search(rest):
        return True
    if written not in _SERVICES:
        return bool(_DIAL.search(lead) and not _COUNTED.search(rest))
    called = _DIAL.search(lead) or _CALL.search(lead)
    return bool(_SERVICE.search(rest) or (called and not _COUNTED.search(rest)))
