"""What stands around a match, as the stages ask for it. Pure."""

from __future__ import annotations

import re

START = r"(?<![\w.])(?<!\d,)"
"""Where a number may begin: not within a word, nor behind a point or a comma of its own."""

REACH = 48
"""Characters before a number in which a word may say what it is."""

_CLAUSE_END = re.compile(r"[.!?।॥\n;](?:\s|$)")


def before(match: re.Match[str], reach: int = REACH) -> str:
    """What stands before it, back to the end of the sentence before."""
    start = match.start()
    text = match.string[max(0, start - reach) : start]
    ends = list(_CLAUSE_END.finditer(text))
    return text[ends[-1].end() :] if ends else text


def after(match: re.Match[str], reach: int = REACH) -> str:
    end = match.end()
    text = match.string[end : end + reach]
    found = _CLAUSE_END.search(text)
    return text[: found.start()] if found else text


def ends_sentence(match: re.Match[str]) -> bool:
    """Whether a full stop within the match, at its end, also ends the sentence."""
    rest = match.string[match.end() : match.end() + 2]
    return not rest.strip() or (rest[0] == " " and rest[1:2].isupper()) or rest[0] == "\n"
