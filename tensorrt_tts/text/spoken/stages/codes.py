"""Numbers that are names: codes and accounts digit by digit, IP addresses, versions."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.number import number
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.stages.context import START, after, before

_ADDRESS = lazy(START + r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}|:\d{2,5})?(?![\w.]*\d)")
_VERSION = lazy(r"(?<![\d.,])\d{1,4}(?:\.\d{1,4}){2,5}(?![\d/])")
_SHORT_VERSION = lazy(r"(?<![\w.,])\d{1,3}\.\d{2,3}(?![\d.]*\d)")
_PROGRAM = lazy(
    r"\b(?:[vV]|[Vv]er\.?|[Vv]ersion|Python|Java|iOS|Ubuntu|Node|Chrome|संस्करण|वर्ज़न|వెర్షన్) $"
)
_DIGITS = lazy(
    r"(?<![\d.,/:₹$€£¥])(?<!\d[ -])\d(?:\d+|[ -]\d{2,})(?:[ -]?\d+)*+(?![\d.,:/%]*\d)(?!%)"
)
_SPELT = lazy(r"(?<![\w.,-])\d(?:-\d){2,}(?![\w-]|[.,]\d| ?[=+*/×÷−])")
"""9-1-1."""
_CODE = lazy(
    r"(?:\b(?:OTP|otp|Otp|PIN|pin|Pin|pincode|CVV|cvv|passcode|password|PNR|pnr|code|Code|zip|ZIP|"
    r"postcode|MPIN|UTR|CRN|tracking|token)\b|end(?:ing|s) (?:in|with)?|"
    r"last (?:\w+ )?digits|ओटीपी|पिन|पासवर्ड|कोड|पीएनआर|(?:आखिरी|आख़िरी|अंतिम)\D{0,12}(?:अंक|नंबर)|"
    r"ఓటీపీ|ఓటిపి|పిన్|కోడ్|పాస్‌వర్డ్|చివరి\D{0,12}(?:అంకెలు|నంబర్|నెంబర్))\W?[^\d\n.!?।]{0,22}$"
)
_ACCOUNT = lazy(
    r"(?:\b(?:account|acct|a/c|card|Aadhaar|aadhaar|Aadhar|UAN|GST|ref|reference|ticket|booking|"
    r"order|consumer|complaint|customer|invoice|policy|roll|loan|serial|ID|id)\b|आधार|कार्ड|खाता|खाते|"
    r"आईडी|रोल|ఆధార్|కార్డు|కార్డ్|ఖాతా)(?:\W|\b(?:number|no|नंबर|संख्या|నంబర్|నెంబర్|is|has|of|id|ID)\b|"
    r"(?:है|का|की)){0,12}$",
    re.IGNORECASE,
)
_DIAL = lazy(
    r"(?:\b(?:dial|helpline|hotline|emergency number|text|extension|ext)\b|हेल्पलाइन|डायल|"
    r"హెల్ప్‌లైన్|డయల్)[^\d\n.!?।]{0,16}$",
    re.IGNORECASE,
)
_SERVICES = frozenset((
    "000", "100", "101", "102", "103", "104", "108", "111", "112", "139", "181", "198", "911",
    "999", "1091", "1098", "1912", "1930",
))  # fmt: skip
"""Emergency and helpline numbers of India, Britain, Europe, North America and Australia."""
_CALL = lazy(
    r"(?:\b(?:call|ring|rang|phone|dial|text)(?:s|d|ed|ing|led|ling)?\b"
    r"(?:[^\d\n.!?]{0,32} (?:on|at|number))?|\bemergency(?: number| line)?(?: is)?|कॉल करें|"
    r"फ़ोन करें|आपातकालीन|కాల్ చేయండి|అత్యవసర) ?[:-]? ?"
    r"(?:\d{3,4}(?:,| or| and|, or|, and|/| या| లేదా) ?)*$",
    re.IGNORECASE,
)
_COUNTED = lazy(
    r"^ (?:of|people|men|women|children|times|percent|more|other|different|new|"
    r"(?!always|unless|does|this|as|is|was|has)[a-z]+s|[A-Z][a-z]+ [A-Z][a-z]+)\b"
)
_SERVICE = lazy(r"^ (?:ambulance|helpline|एंबुलेंस|एम्बुलेंस|अंबुलेंस|हेल्पलाइन|అంబులెన్స్|హెల్ప్‌లైన్)(?![^\W\d_])")
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
    draft.say_numbers(_DIGITS, _code, after="-0123456789", digits=3)
    draft.say_numbers(_SPELT, lambda match, language: language.digits(match[0]), after="-")


def _address(found: re.Match[str], language: Language) -> str:
    parts = re.findall(r"\d+|\D", found[0])
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
    count = sum(character.isdecimal() for character in written)
    plain = written.isdecimal()
    lead = before(found)
    if count < 3 or count > 24:
        return None
    if (
        (_CODE.search(lead) and (plain or count >= 5))
        or (_ACCOUNT.search(lead) and count >= (4 if plain else 8))
        or (count <= 5 and plain and _dialled(written, lead, after(found)))
        or (count == 5 and plain and _STATE.search(lead))
        or re.fullmatch(r"\d{4}(?:[ -]\d{4}){3}", written)
    ):
        return ", ".join(language.digits(group) for group in re.split("[ -]", written))
    return None


def _dialled(written: str, lead: str, rest: str) -> bool:
    if _DIALLED.search(rest):
        return True
    if written not in _SERVICES:
        return bool(_DIAL.search(lead) and not _COUNTED.search(rest))
    called = _DIAL.search(lead) or _CALL.search(lead)
    return bool(_SERVICE.search(rest) or (called and not _COUNTED.search(rest)))
