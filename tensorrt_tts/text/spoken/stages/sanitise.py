"""What cannot be seen goes, what looks alike becomes one character, Unicode's composed form."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy

_ODD = lazy(
    "[\x00-\x08\x09\x0b-\x1f\x7f-\xa0\xad\u02b9\u02bc\u02bb\u034f\u061c\u115f\u1160\u1680\u17b4"
    "\u17b5\u180b-\u180f\u2000-\u200f\u2010-\u2012\u2018-\u201f\u2028-\u202f\u2032\u2033\u2035"
    "\u2036\u2039\u203a\u2044\u205f-\u206f\u2160-\u217f\u2215\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    "\u2100-\u2103\u2109-\u214f"
    "\u0970\u3000\u3164\u3300-\u33ff\ud800-\uf8ff\ufb00-\ufb06\ufe00-\ufe0f\ufe50-\ufe6b\ufeff"
    "\uff01-\uff5e"
    "\uffa0\uffe0-\uffe6\ufff0-\ufffd\xab\xbb\xb4\U0001d400-\U0001d7ff\U0001f100-\U0001f10c"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_KEPT_WIDE = frozenset("！（），．：；？［］｛｝～")
_ALIKE = {
    **dict.fromkeys("‘’‚‛ʼʻʹ´‹›", "'"),
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("‐‑", "-"),
    "‒": "–",
    "\u2032": "'",
    "\u2033": '"',
    **dict.fromkeys("⁄∕", "/"),
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "\x0b": "\n",
    "\x0c": "\n",
    "﹣": "-",
    "－": "-",
    "￥": "¥",
    "№": "No. ",
    "㎡": "m²",
    "㎢": "km²",
    "㎠": "cm²",
    "㎥": "m³",
    "㎤": "cm³",
    "ℓ": "L",
    "॰": ".",
}
_JOINS = lazy(r"[\u0600-\u06ff\u0900-\u0dff\u1780-\u17ff]")
_SPACES = lazy(r"[ \t]{2,}|\t")
_LINES = lazy(r"\r\n?")
_THIN = frozenset("\u2009\u202f")
_GROUPING_SPACE = lazy(r"(?<=\d)[\u2009\u202f](?=\d{3}(?!\d))")


def sanitise(draft: Draft) -> None:
    if "\r" in draft.text:
        draft.sub(_LINES, lambda match: "\n")
    if draft.has(_THIN):
        draft.sub(_GROUPING_SPACE, lambda match: ",")
    if draft.has_some(_ODD):
        draft.sub(_ODD, _plain)
    compose(draft)
    if "  " in draft.text or "\t" in draft.text:
        draft.sub(_SPACES, lambda match: " ")


def _plain(odd: re.Match[str]) -> str:
    text, at = odd.string, odd.start()
    return "".join(_character(c, text, at + index) for index, c in enumerate(odd[0]))


def _character(character: str, text: str, at: int) -> str:
    if character in _ALIKE:
        return _ALIKE[character]
    if character in "\u200c\u200d":  # without them Indic and Persian words are others
        near = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        return character if len(_JOINS.findall(near)) == 2 else ""
    if character in _KEPT_WIDE:
        digits = text[max(0, at - 1) : at].isdecimal() and text[at + 1 : at + 2].isdecimal()
        return unicodedata.normalize("NFKC", character) if digits else character
    category = unicodedata.category(character)
    if category == "Zs" or character == "\t":
        return " "
    if (
        category in ("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Lo")
        and not "\u2100" < character < "\u2150"
    ):
        return "" if category != "Lo" else unicodedata.normalize("NFKC", character).strip()
    plain = unicodedata.normalize("NFKC", character)
    if category == "No":  # circled and bracketed numbers stand apart from one another
        return f" {plain.strip('().')} "
    return plain


def compose(draft: Draft) -> None:
    """NFC, cluster by cluster, so that each knows where it came from."""
    text = draft.text
    if unicodedata.is_normalized("NFC", text):
        return
    starts = [index for index, character in enumerate(text) if not _joins_before(character)]
    ends = [*starts[1:], len(text)] if starts else []
    draft.replace(
        (start, end, unicodedata.normalize("NFC", text[start:end]))
        for start, end in zip(
            [0, *starts], [starts[0] if starts else len(text), *ends], strict=True
        )
    )


def _joins_before(character: str) -> bool:
    """Whether NFC may join it to what is before it: marks, and the letters that are halves."""
    return (
        unicodedata.category(character)[0] == "M"
        or "\u1160" <= character <= "\u11ff"
        or "\U00016d63" <= character <= "\U00016d6a"
    )
