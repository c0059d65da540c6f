"""Digits of other scripts become ASCII ones, which all later stages read."""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.text.spoken.draft import Draft


def digits(draft: Draft) -> None:
    if draft.text.isascii():
        return
    others = "".join(c for c in draft.characters if c.isdecimal() and not c.isascii())
    if others:
        pattern = re.compile(f"[{others}]+")
        draft.say(pattern, lambda match, language: "".join(map(_ascii, match[0])))


def _ascii(digit: str) -> str:
    return str(unicodedata.digit(digit))
