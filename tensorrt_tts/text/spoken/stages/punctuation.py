"""Marks as the voices know them: no space before one, none twice, no brackets around nothing."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy

_WIDE = {",": "，", "?": "？", "!": "！", ";": "；", ":": "：", ".": "。"}
_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HALF_WIDTH = lazy(rf"[,?!;:.](?<=[{_HAN}].)(?: ?(?=[{_HAN}])|$)")
_WORD = r"[^\s\d!-/:-@\[-`{-~।॥]"
_JOINED = lazy(rf",(?<={_WORD},)(?={_WORD})")
_DASH = lazy(r" (?:-{1,3}|–) (?=\w)")
_LONELY = frozenset("-–—−'/\\")
_LONE = lazy(r"[-–—−'/\\](?<!\S.)[-–—−'/\\]*(?!\S)")
_EMPTY = lazy(r"\( *\)|\" *\"(?=\W|$)")
_MARKS = lazy(r" +(?=[,.;:!?।॥)]+(?:\s|$|[\"')]))|[,;:.!?।](?: ?[,;:.!?।])+")
_MARK_BEHIND = lazy(r"[,.;:!?।॥)](?<=[ ,;:.!?।].)")
"""Only where there is one can `_MARKS` match."""
_LEADING = lazy(r"(^|\n)[ ,;:।॥]+")
_WIDE_SPACES = lazy("  +")
_SPACES = lazy(r" {2,}| +(?=\n)|\n +|\n{3,}")


def punctuation(draft: Draft) -> None:
    text = draft.text
    if "," in text:
        draft.say(_JOINED, lambda match, language: ", ")
    if " -" in text or " –" in text:
        draft.sub(_DASH, lambda match: " — ")
    if draft.has(_LONELY):
        draft.sub(_LONE, lambda match: "")
    if "(" in text or '"' in text:
        draft.sub(_EMPTY, lambda match: "")
    _spaces(draft)
    if _MARK_BEHIND.search(draft.text):
        draft.sub(_MARKS, _marks)
    if "\n" in draft.text or draft.text[:1] in " ,;:।॥":
        draft.sub(_LEADING, lambda match: match[1])
    _spaces(draft)
    if not draft.text.isascii() and _HALF_WIDTH.search(draft.text):
        draft.sub(_HALF_WIDTH, lambda match: _WIDE[match[0][0]])


def _marks(found: re.Match[str]) -> str | None:
    """One mark where there are several; what ends a sentence outweighs what does not."""
    marks = found[0].replace(" ", "")
    if not marks:
        return "" if found.start() else None
    ends = [mark for mark in marks if mark not in ",;:"]
    if len(ends) == len(marks):
        return marks if " " in found[0] and len(set(marks)) > 1 else found[0]
    return "".join(ends) or marks[0]


def _spaces(draft: Draft) -> None:
    text = draft.text
    if "\n" in text and (" \n" in text or "\n " in text or "\n\n\n" in text):
        draft.sub(_SPACES, _space)
    elif "  " in text:
        draft.sub(_WIDE_SPACES, lambda match: " ")
    text = draft.text
    if text[:1].isspace() or text[-1:].isspace():
        first, last = len(text) - len(text.lstrip()), len(text.rstrip())
        draft.replace([(0, first, ""), (max(first, last), len(text), "")])


def _space(found: re.Match[str]) -> str:
    if found.start() == 0 or found.end() == len(found.string):
        return ""
    if "\n" in found[0]:
        return "\n\n" if found[0].count("\n") > 1 else "\n"
    return "" if found.string[found.end()] == "\n" else " "
