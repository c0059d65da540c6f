"""Marks as the voices know them: no space before one, none twice, no brackets around nothing."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft

_WIDE = {",": "，", "?": "？", "!": "！", ";": "；", ":": "：", ".": "。"}
_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HALF_WIDTH = re.compile(rf"(?<=[{_HAN}])([,?!;:.])(?: ?(?=[{_HAN}])|$)")
_EMPTY = re.compile(r"\( *\)|\"[ ]*\"(?=\W|$)|' +'")
_LEADING = re.compile(r"(^|\n)[ ,;:।॥]+")
_SPACE_BEFORE = re.compile(r"(?<=\S) +(?=[,.;:!?।॥)]+(?:\s|$|[\"')]))")
_DOUBLE = re.compile(r"([,;:])(?: ?[,;:])+|, ?(?=[.!?।])|(?<=[.!?।]) ?,")
_DASH = re.compile(r"(?<=\w) (?:-{1,3}|–) (?=\w)")
_LONE = re.compile(r"(?<!\S)[-–—−'/\\]+(?!\S)")
_JOINED = re.compile(r"(?<=[^\W\d]),(?=[^\W\d])")
_SPACES = re.compile(r" {2,}| +(?=\n)|(?<=\n) +|\A\s+|\s+\Z")
_LINES = re.compile(r"\n{3,}")


def punctuation(draft: Draft) -> None:
    draft.sub(_HALF_WIDTH, lambda match: _WIDE[match[1]])
    draft.say(_JOINED, lambda match, language: ", ")
    draft.sub(_DASH, lambda match: " — ")
    draft.sub(_LONE, lambda match: "")
    draft.sub(_EMPTY, lambda match: "")
    draft.sub(_SPACES, _space)
    draft.sub(_SPACE_BEFORE, lambda match: "")
    draft.sub(_DOUBLE, lambda match: match[1] or "")
    draft.sub(_LEADING, lambda match: match[1])
    draft.sub(_SPACES, _space)
    draft.sub(_LINES, lambda match: "\n\n")


def _space(found: re.Match[str]) -> str:
    edge = found.start() == 0 or found.end() == len(found.string)
    beside = found.string[found.end() : found.end() + 1] == "\n" or (
        found.start() and found.string[found.start() - 1] == "\n"
    )
    return "" if edge or beside else " "
