"""Lines: headings, list items, quotes, tables and paragraphs become sentences with their ends."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.patterns import lazy

_RULE = lazy(r"^ ?(?:(?:[-*_=~] ?){3,}|(?:`{3}|~{3})[^`\n]*)$", re.MULTILINE)
_TABLE_RULE = lazy(r"^ ?\|?(?: ?:?-+:? ?\|)+(?: ?:?-+:? ?)?$", re.MULTILINE)
_TABLE_ROW = lazy(r"^ ?\|([^\n]+)\| ?$", re.MULTILINE)
_CELL = lazy(r" ?\| ?")
_LEAD = lazy(
    r"^ *(?:(?:> ?)+ *)?(?:#{1,6} +|(?:[-*+•‣◦▪●○·–—] +)+(?:\[[ xX]?\] +)?|> *)?", re.MULTILINE
)
_CLOSED_HEADING = lazy(r"(?<=[^\n#]) #+ *$", re.MULTILINE)
_NUMBERED = lazy(r"^ ?(\d{1,3})\) +(?=\S)", re.MULTILINE)
_BREAK = lazy(r" *\n[ \n]*")
_ENDED = ".!?।॥…:;。！？"
_CLOSERS = "\"')]}»”’*_"
_WRAPPED = 50
"""Characters from which on a line may have been broken by a program and not by its writer."""


def structure(draft: Draft) -> None:
    text = draft.text
    if "\n" in text or text[:1] in " #>-*+•‣◦▪●○·–—|=~`":
        draft.sub(_RULE, lambda match: "" if "\n" in match.string else None)
        if "|" in draft.text:
            draft.sub(_TABLE_RULE, lambda match: "")
            draft.sub(_TABLE_ROW, lambda match: _CELL.sub(", ", match[1].strip()))
        draft.sub(_LEAD, lambda match: "" if match[0] else None)
        draft.sub(_CLOSED_HEADING, lambda match: "")
        draft.sub(_NUMBERED, lambda match: f"{match[1]}. ")
    if "\n" in draft.text:
        draft.sub(_BREAK, _line_end)


def _line_end(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    if start == 0:
        return ""
    if end == len(text):
        return "" if start else " "
    last = text[:start][-6:].rstrip(_CLOSERS)[-1:]
    paragraph = found[0].count("\n") > 1
    line = start - (text.rfind("\n", 0, start) + 1)
    following = text[end]
    if not paragraph and last not in _ENDED:
        cased = following.isupper() or following.isdecimal()
        if last == "," or (line >= _WRAPPED and not cased):
            return " "
    mark = "" if not last or last in _ENDED or last == "," else "."
    return mark + ("\n\n" if paragraph else "\n")
