"""What stands around a match, as the stages ask for it. Pure."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.patterns import lazy

START = r"(?<![\w.])(?<!\d,)"
"""Where a number may begin: not within a word, nor behind a point or a comma of its own."""

LETTER = (
    r"[^\W\d_\u0900-\u0dff\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209f\u2150-\u218b\u2460-\u24ff]"
)
"""A letter that is no sign of a number, of a script whose words have no marks of their own."""

REACH = 48
"""Characters before a number in which a word may say what it is."""

_END = r"[.!?।॥\n;](?:\s|$)"
_CLAUSE_END = lazy(_END)
_LAST_CLAUSE_END = lazy(rf".*{_END}", re.DOTALL)


def before(match: re.Match[str], reach: int = REACH) -> str:
    """What stands before it, back to the end of the sentence before."""
    start = match.start()
    text = match.string[max(0, start - reach) : start]
    found = _LAST_CLAUSE_END.match(text)
    return text[found.end() :] if found else text


def after(match: re.Match[str], reach: int = REACH) -> str:
    end = match.end()
    text = match.string[end : end + reach]
    found = _CLAUSE_END.search(text)
    return text[: found.start()] if found else text


def ends_sentence(match: re.Match[str]) -> bool:
    """Whether a full stop within the match, at its end, also ends the sentence."""
    rest = match.string[match.end() : match.end() + 3]
    if not rest[:2].strip() or rest[0] == "\n":
        return True
    return rest[0] == " " and rest[1].isupper() and not rest[2:].isupper()  # "5 p.m. IST" goes on
