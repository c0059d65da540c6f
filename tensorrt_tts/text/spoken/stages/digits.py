"""Digits of other scripts become ASCII ones, which all later stages read."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy

_OTHERS = lazy(r"[^\D0-9]")


def digits(draft: Draft) -> None:
    if draft.text.isascii():
        return
    others = "".join(_OTHERS.findall("".join(draft.characters)))
    if others:
        pattern = re.compile(f"[{others}]+")
        draft.say(pattern, lambda match, language: "".join(map(_ascii, match[0])))


def _ascii(digit: str) -> str:
    return str(unicodedata.digit(digit))
