"""Digits of other scripts become ASCII ones, which all later stages read."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy

_OTHER = lazy(r"(?:(?![0-9])\d)+")


def digits(draft: Draft) -> None:
    if not draft.text.isascii():
        draft.say(_OTHER, lambda match, language: "".join(map(_ascii, match[0])))


def _ascii(digit: str) -> str:
    return str(unicodedata.digit(digit))
