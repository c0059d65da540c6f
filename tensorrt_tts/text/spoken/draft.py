"""A text on its way through the stages: what it has become, and every change. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from tensorrt_tts.text.spoken.changes import Changes
from tensorrt_tts.text.spoken.languages import Language

Rule = Callable[[re.Match[str]], str | None]
SaidRule = Callable[[re.Match[str], Language], str | None]
Begins = Callable[[str, int], int]
"""Where the expression around the number at a position of a text may begin."""

_DIGITS = re.compile("[0-9]+")
_DIGITS_OR_FRACTIONS = re.compile("[0-9]+|[¼½¾⅐-⅞↉]")


def _numbers(text: str) -> Iterator[tuple[int, int, str]]:
    for each in (_DIGITS if text.isascii() else _DIGITS_OR_FRACTIONS).finditer(text):
        start, end = each.span()
        following = text[end : end + 1]
        if following == " ":
            following = text[end + 1 : end + 2]
        yield start, end - start, following or "\0" if each[0].isdecimal() else each[0]


class Draft:
    """Rules give what a match becomes, or None where it stays as it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.changes: list[Changes] = []
        self.kept: list[str] = []
        """Tags of the voice, which no later stage may touch: see `stages/tags.py`."""
        self._starts = [0]
        self._languages: list[Language | None] = [None]
        self._numbers: tuple[str, list[tuple[int, int, str]]] = ("", [])

    def set_languages(self, runs: list[tuple[int, Language | None]]) -> None:
        """runs: where each begins; the first one at 0. None: a language without words of ours."""
        self._starts = [start for start, _ in runs]
        self._languages = [language for _, language in runs]

    def language_at(self, position: int) -> Language | None:
        if len(self._starts) == 1:
            return self._languages[0]
        return self._languages[bisect_right(self._starts, position) - 1]

    def sub(self, pattern: re.Pattern[str], rule: Rule) -> None:
        self.replace(
            (match.start(), match.end(), new)
            for match in pattern.finditer(self.text)
            if (new := rule(match)) is not None
        )

    def say(self, pattern: re.Pattern[str], rule: SaidRule) -> None:
        """`sub` where the text is in a language that we have words of."""

        def said(match: re.Match[str]) -> str | None:
            language = self.language_at(match.start())
            return None if language is None else rule(match, language)

        if self._languages != [None]:
            self.sub(pattern, said)

    def say_numbers(
        self,
        pattern: re.Pattern[str],
        rule: SaidRule,
        *,
        lead: str = "",
        begins: Begins | None = None,
        after: str | frozenset[str] | None = None,
        digits: int = 99,
    ) -> None:
        """`say` for patterns that begin at a number, or a little before it: with characters of
        `lead`, or where `begins` says (-1: nowhere). Looking nowhere else is what makes it fast.

        after: what has to come next behind the digits, but for a space, unless there are as many as
        `digits`.
        """
        self.replace(self._said_numbers(pattern, rule, lead, begins, after, digits))

    def _said_numbers(
        self,
        pattern: re.Pattern[str],
        rule: SaidRule,
        lead: str,
        begins: Begins | None,
        after: str | frozenset[str] | None,
        digits: int,
    ) -> Iterator[tuple[int, int, str]]:
        text, match, done = self.text, pattern.match, 0
        for start, length, following in self.numbers():
            if start < done or (after is not None and following not in after and length < digits):
                continue
            at = start
            if lead:
                while at > done and start - at < 3 and text[at - 1] in lead:
                    at -= 1
            elif begins is not None:
                at = begins(text, start)
                if at < done:
                    continue
            for position in range(at, start + 1) if lead else (at,):
                found = match(text, position)
                if found is not None:
                    language = self.language_at(position)
                    new = None if language is None else rule(found, language)
                    if new is not None:
                        yield position, found.end(), new
                        done = found.end()
                        break

    def numbers(self) -> list[tuple[int, int, str]]:
        """Of each run of digits, or vulgar fraction: where it begins, its length, what follows."""
        if self._numbers[0] is not self.text:
            self._numbers = (self.text, list(_numbers(self.text)))
        return self._numbers[1]

    def replace(self, pieces: Iterable[tuple[int, int, str]]) -> None:
        """pieces: start, end and what stands there from now on, in order."""
        text = self.text
        made: list[tuple[int, int, int]] = []
        parts: list[str] = []
        done = 0
        for start, end, new in pieces:
            if text[start:end] == new:
                continue
            same = 0  # only what differs is a change
            most = min(end - start, len(new))
            while same < most and text[start + same] == new[same]:
                same += 1
            start, new = start + same, new[same:]
            same, most = 0, most - same
            while same < most and text[end - 1 - same] == new[len(new) - 1 - same]:
                same += 1
            end, new = end - same, new[: len(new) - same]
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
