"""A text on its way through the stages: what it has become, and every change. Pure."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Set

from tensorrt_tts.text.spoken.changes import Changes
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.numbers import Numbers
from tensorrt_tts.text.spoken.result import SpokenOptions

Rule = Callable[[re.Match[str]], str | None]
SaidRule = Callable[[re.Match[str], Language], str | None]
Begins = Callable[[str, int], int]
"""Where the expression around the number at a position of a text may begin."""

_PLAIN = SpokenOptions()
_signs = functools.cache(frozenset[str])
_LETTERS = frozenset(
    map(chr, (*range(65, 91), *range(97, 123), 32, *range(0x900, 0x964), *range(0xC00, 0xC64)))
)


class Draft:
    """Rules give what a match becomes, or None where it stays as it is."""

    def __init__(self, text: str, options: SpokenOptions = _PLAIN) -> None:
        self.text = text
        self.options = options
        self._others: str | None = None  # of the characters, those that are no usual letters
        self.characters = set(text)
        """Those of the text, and some that it had: what is not among them is not in it."""
        self.changes: list[Changes] = []
        self.kept: list[str] = []
        """Tags of the voice, which no later stage may touch: see `stages/tags.py`."""
        self._starts = [0]
        self._languages: list[Language | None] = [None]
        self._numbers: Numbers | None = None

    def has(self, signs: Set[str]) -> bool:
        """Whether one of them is in the text."""
        if self.characters.isdisjoint(signs):
            return False
        return self._has_one(self.characters.intersection(signs))

    def has_some(self, pattern: re.Pattern[str]) -> bool:
        """Whether one that a pattern of one character matches may be in the text; not for letters
        of our languages."""
        if self._others is None:
            self._others = "".join(self.characters - _LETTERS)
        return self._has_one("".join(pattern.findall(self._others)))

    def _has_one(self, signs: Iterable[str]) -> bool:
        text = self.text
        for sign in signs:  # noqa: SIM110 - any() takes twice as long
            if sign in text:
                return True
        return False

    def has_numbers(self) -> bool:
        """Whether there is one left in digits."""
        return bool((self._numbers or self._found_numbers()).starts)

    def set_languages(self, runs: list[tuple[int, Language | None]]) -> None:
        """runs: where each begins; the first one at 0. None: a language without words of ours."""
        self._starts = [start for start, _ in runs]
        self._languages = [language for _, language in runs]

    def language_at(self, position: int) -> Language | None:
        if len(self._starts) == 1:
            return self._languages[0]
        return self._languages[bisect_right(self._starts, position) - 1]

    def sub(self, pattern: re.Pattern[str], rule: Rule) -> None:
        found = [
            (*match.span(), new)
            for match in pattern.finditer(self.text)
            if (new := rule(match)) is not None
        ]
        if found:
            self.replace(found)

    def say(self, pattern: re.Pattern[str], rule: SaidRule) -> None:
        """`sub` where the text is in a language that we have words of."""
        only = self._languages[0] if len(self._languages) == 1 else None
        found = [
            (*match.span(), new)
            for match in pattern.finditer(self.text)
            if (language := only or self.language_at(match.start())) is not None
            and (new := rule(match, language)) is not None
        ]
        if found:
            self.replace(found)

    def say_numbers(
        self,
        pattern: re.Pattern[str],
        rule: SaidRule,
        *,
        lead: str = "",
        begins: Begins | None = None,
        before: Set[str] = frozenset(),
        after: Set[str] | str | None = None,
        digits: int = 0,
    ) -> None:
        """`say` for patterns that begin at a number, or a little before it: with characters of
        `lead` but a space, or where `begins` says (-1: nowhere). Looking nowhere else is what makes
        it fast.

        before: what has to come before, or after: what has to come next (see `Numbers`), unless
        there are as many digits as `digits`, where that is not 0.
        """
        numbers = self._numbers or self._found_numbers()
        if after is not None:
            if not digits and numbers.followed.isdisjoint(after):
                return
            signs = _signs(after) if isinstance(after, str) else after
            places = numbers.followed_by(signs, digits)
        else:
            places = numbers.preceded_by(before) if before else numbers.starts
        if places:
            said = self._said(pattern.match, rule, places, lead, begins)
            if said:
                self.replace(said)

    def _found_numbers(self) -> Numbers:
        if self._numbers is None:
            self._numbers = Numbers(self.text)
        return self._numbers

    def _said(
        self,
        match: Callable[[str, int], re.Match[str] | None],
        rule: SaidRule,
        places: list[int],
        lead: str,
        begins: Begins | None,
    ) -> list[tuple[int, int, str]]:
        text, done = self.text, 0
        only = self._languages[0] if len(self._languages) == 1 else None
        said: list[tuple[int, int, str]] = []
        for start in places:
            if start < done:
                continue
            at = start
            if lead:
                while at > done and start - at < 3 and text[at - 1] in lead:
                    at -= 1
            elif begins is not None:
                at = begins(text, start)
                if at < done:
                    continue
            while True:
                found = match(text, at) if text[at] != " " else None
                if found is not None:
                    language = only or self.language_at(at)
                    new = None if language is None else rule(found, language)
                    if new is not None:
                        done = found.end()
                        said.append((at, done, new))
                        break
                if at >= start or not lead:
                    break
                at += 1
        return said

    def unwrap(
        self, pattern: re.Pattern[str], may: Callable[[re.Match[str]], bool] | None = None
    ) -> None:
        """Only the first group of each match stays, where `may` has nothing against it."""
        self.replace(
            piece
            for match in pattern.finditer(self.text)
            if may is None or not match[1] or may(match)
            for piece in ((match.start(), match.start(1), ""), (match.end(1), match.end(), ""))
        )

    def replace(self, pieces: Iterable[tuple[int, int, str]]) -> None:
        """pieces: start, end and what stands there from now on, in order."""
        text = self.text
        made: list[tuple[int, int, int]] = []
        parts: list[str] = []
        done = 0
        for start, end, new in pieces:
            old = text[start:end]
            if old == new:
                continue
            if old and new and (old[0] == new[0] or old[-1] == new[-1]):
                start, end, new = _differing(start, old, new)
            parts.append(text[done:start])
            parts.append(new)
            made.append((start, end, len(new)))
            done = end
        if not made:
            return
        parts.append(text[done:])
        self.text = "".join(parts)
        said = "".join(parts[1::2])
        self.characters.update(said)
        self._others = None
        if self._numbers is not None:
            self._numbers.change(self.text, made, said)
        changes = Changes(made)
        self.changes.append(changes)
        if len(self._starts) > 1:
            self._starts = changes.after(self._starts)


def _differing(start: int, old: str, new: str) -> tuple[int, int, str]:
    """Only what differs is a change. start: where the old one does."""
    most = min(len(old), len(new))
    first = 0
    while first < most and old[first] == new[first]:
        first += 1
    last = 0
    while last < most - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return start + first, start + len(old) - last, new[first : len(new) - last]
