"""Numbers that are names: codes and accounts digit by digit, IP addresses, versions."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.number import number
from tensorrt_tts.text.spoken.stages.context import START, after, before

_ADDRESS = re.compile(START + r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}|:\d{2,5})?(?![\w.]*\d)")
_VERSION = re.compile(r"(?<![\d.,])(?:\b[vV](?:er)?\.? ?)?\d{1,4}(?:\.\d{1,4}){2,5}(?![\d/])")
_SHORT_VERSION = re.compile(
    r"(?:\b[vV](?:er)?\.?|\b(?:[Vv]ersion|Python|Java|iOS|Ubuntu|Node|Chrome|संस्करण|वर्ज़न|వెర్షన్)) ?"
    r"\d{1,3}\.\d{1,3}(?![\d.]*\d)"
)
_DIGITS = re.compile(r"(?<![\d.,/:₹$€£¥])\d(?:\d+|[ -]\d{2,})(?:[ -]?\d+)*+(?![\d.,:/%]*\d)(?!%)")
_CODE = re.compile(
    r"(?:\b(?:OTP|otp|Otp|PIN|pin|Pin|pincode|CVV|cvv|passcode|password|PNR|pnr|code|Code|zip|ZIP|"
    r"postcode|MPIN|UTR|CRN|tracking|token)\b|end(?:ing|s) (?:in|with)?|"
    r"last (?:\w+ )?digits|ओटीपी|पिन|पासवर्ड|कोड|पीएनआर|(?:आखिरी|आख़िरी|अंतिम)\D{0,12}(?:अंक|नंबर)|"
    r"ఓటీపీ|ఓటిపి|పిన్|కోడ్|పాస్‌వర్డ్|చివరి\D{0,12}(?:అంకెలు|నంబర్|నెంబర్))\W?[^\d\n.!?।]{0,22}$"
)
_ACCOUNT = re.compile(
    r"(?:\b(?:account|acct|a/c|card|Aadhaar|aadhaar|Aadhar|UAN|GST|ref|reference|ticket|booking|"
    r"order|consumer|complaint|customer|invoice|policy|roll|loan|serial|ID|id)\b|आधार|कार्ड|खाता|खाते|"
    r"आईडी|रोल|ఆధార్|కార్డు|కార్డ్|ఖాతా)(?:\W|\b(?:number|no|नंबर|संख्या|నంబర్|నెంబర్|is|has|of|id|ID)\b|"
    r"(?:है|का|की)){0,12}$",
    re.IGNORECASE,
)
_DIAL = re.compile(
    r"(?:\b(?:dial|helpline|hotline|emergency number|text|extension|ext)\b|हेल्पलाइन|डायल|"
    r"హెల్ప్‌లైన్|డయల్)[^\d\n.!?।]{0,16}$",
    re.IGNORECASE,
)
_DIALLED = re.compile(
    r"^ ?(?:पर|को|नंबर पर|కి|కు|నంబర్‌కు)? ?(?:कॉल|काल|फ़ोन|फोन|डायल|संपर्क|కాల్|ఫోన్|డయల్|call|dial)"
)


def addresses(draft: Draft) -> None:
    draft.say(_ADDRESS, _address)


def versions(draft: Draft) -> None:
    draft.say(_VERSION, _version)
    draft.say(_SHORT_VERSION, _version)


def codes(draft: Draft) -> None:
    draft.say(_DIGITS, _code)


def _address(found: re.Match[str], language: Language) -> str:
    parts = re.findall(r"\d+|\D", found[0])
    words = {".": "dot", "/": "slash", ":": "colon"}
    return " ".join(
        language.words[words[part]] if part in words else language.number(number(part))
        for part in parts
    )


def _version(found: re.Match[str], language: Language) -> str:
    lead, written = re.fullmatch(r"(\D*)(.*)", found[0], re.DOTALL).groups()  # type: ignore[union-attr]
    said = f" {language.words['point']} ".join(
        language.number(number(part)) for part in written.split(".")
    )
    spaced = lead if not lead or lead[-1] == " " else f"{lead} "
    return spaced.replace(". ", " ") + said


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
        or (count <= 5 and plain and (_DIAL.search(lead) or _DIALLED.search(after(found))))
        or re.fullmatch(r"\d{4}(?:[ -]\d{4}){3}", written)
    ):
        return ", ".join(language.digits(group) for group in re.split("[ -]", written))
    return None
