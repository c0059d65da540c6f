"""Emoji, pictures and emoticons: nobody reads them aloud. Keycaps leave their digit."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.patterns import lazy

_PICTURES = lazy(
    "[\u20e3\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\u200d\u2190-\u21ff\u2022\u2023\xa9\xae\u2117\u2120\u2122\u2020\u2021\xb6"
    "\U0001f000-\U0001faff\U0001fb00-\U0001fbff][\u200d\u20e3 ]?"
)
_EMOTICON = lazy(
    r"[:;=8xX<^](?<!\S.)(?:(?<=[:;=8])[-~'^]?[)(DPpOo|\]\[}{*]+|(?<=[xX])D+|"
    r"(?<=<)3+|(?<=\^)_+\^|(?<=[:;])'\()(?!\w)"
)
_EMOTICONS = (":", ";", "=", " 8", "xD", "XD", "<3", "^_")
_ARROW = lazy(r"(?:[→⟶➔➜➡]| -+>| =+>) ?(?=\w)")

_ARROWS = frozenset("→⟶➔➜➡>")


def emoji(draft: Draft) -> None:
    if draft.has(_ARROWS):
        draft.say(_ARROW, _arrow)
    if not draft.text.isascii() and draft.has_some(_PICTURES):
        draft.sub(_PICTURES, _gone)
    if any(sign in draft.text for sign in _EMOTICONS):
        draft.sub(_EMOTICON, lambda match: "")


def _arrow(arrow: re.Match[str], language: Language) -> str | None:
    """Where it leads from something to something; at the head of a line it is a picture."""
    before = arrow.string[: arrow.start()].rstrip(" ")[-1:]
    return None if before in ("", "\n") else f" {language.words['to']} "


def _gone(picture: re.Match[str]) -> str:
    if picture[0][0] in "\u20e3\xae\u2122\u2120":
        return " " if picture[0][-1] == " " else ""
    return " "
