"""A text on its way through the stages: what it has become, and every change. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable

from tensorrt_tts.text.spoken.changes import Changes
from tensorrt_tts.text.spoken.languages import Language

Rule = Callable[[re.Match[str]], str | None]
SaidRule = Callable[[re.Match[str], Language], str | None]


class Draft:
    """Rules give what a match becomes, or None where it stays as it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.changes: list[Changes] = []
        self.kept: list[str] = []
        """Tags of the voice, which no later stage may touch: see `stages/tags.py`."""
        self._starts = [0]
        self._languages: list[Language | None] = [None]

    def set_languages(self, runs: list[tuple[int, Language | None]]) -> None:
        """runs: where each begins; the first one at 0. None: a language without words of ours."""
        self._starts = [start for start, _ in runs]
        self._languages = [language for _, language in runs]

    def language_at(self, position: int) -> Language | None:
        if len(self._starts) == 1:
            return self._languages[0]
        return self._languages[bisect_right(self._starts, position) - 1]

    def say(self, pattern: re.Pattern[str], rule: SaidRule) -> None:
        """`sub` where the text is in a language that we have words of."""

        def said(match: re.Match[str]) -> str | None:
            language = self.language_at(match.start())
            return None if language is None else rule(match, language)

        if self._languages != [None]:
            self.sub(pattern, said)

    def sub(self, pattern: re.Pattern[str], rule: Rule) -> None:
        self.replace(
            (match.start(), match.end(), new)
            for match in pattern.finditer(self.text)
            if (new := rule(match)) is not None
        )

    def replace(self, pieces: Iterable[tuple[int, int, str]]) -> None:
        """pieces: start, end and what stands there from now on, in order."""
        text = self.text
        made: list[tuple[int, int, int]] = []
        parts: list[str] = []
        done = 0
        for start, end, new in pieces:
            if text[start:end] == new:
                continue
            while start < end and new and text[start] == new[0]:  # only what differs is a change
                start, new = start + 1, new[1:]
            while start < end and new and text[end - 1] == new[-1]:
                end, new = end - 1, new[:-1]
            parts += (text[done:start], new)
            made.append((start, end, len(new)))
            done = end
        if not made:
            return
        self.text = "".join(parts) + text[done:]
        changes = Changes(made)
        self.changes.append(changes)
        if len(self._starts) > 1:
            self._starts = [changes.after(start) for start in self._starts]
