"""White space as it matters to sentences: a space, a line's end, a paragraph's. Pure."""

from __future__ import annotations

import re

_SPACES = re.compile(r"\s{2,}|[^\S ]")
"""All but what is one space already."""
_LINE_END = re.compile("\r\n|[\n\r\u2028\u2029]")


class Spacing:
    """Makes every run of white space one space, one "\\n" or, for a paragraph's end, "\\n\\n", in
    text that is still coming. A run is held until what follows it is known; the one a text begins
    or ends with is dropped."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._begun = False

    def feed(self, text: str) -> str:
        body = text.rstrip()
        if not body:
            self._held.append(text)
            return ""
        run = "".join(self._held) + body[: len(body) - len(body.lstrip())]
        self._held = [text[len(body) :]]
        space = _space(run) if run and self._begun else ""
        self._begun = True
        return space + _SPACES.sub(lambda found: _space(found[0]), body.lstrip())

    def end(self) -> None:
        """What is fed next begins a new text."""
        self._held, self._begun = [], False


def _space(run: str) -> str:
    ends = _LINE_END.findall(run)
    if not ends:
        return " "
    return "\n\n" if len(ends) > 1 or "\u2029" in ends else "\n"
