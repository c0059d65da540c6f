"""A text on its way through the stages: what it has become, and every change. Pure."""

from __future__ import annotations

import functools
import re
import unicodedata
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
_ANY = 10**9
"""As many digits as no number has."""


def _may_join(character: str) -> bool:
    """Whether Unicode may compose it with what is in front of it: a mark, or half a syllable."""
    if character <= "\u02ff" or ("\u0904" <= character <= "\u0d7f" and character.isalpha()):
        return False
    return unicodedata.category(character)[0] not in "PSZ"


class Draft:
    """Rules give what a match becomes, or None where it stays as it is."""

    def __init__(self, text: str, options: SpokenOptions = _PLAIN) -> None:
        self.text = text
        self.options = options
        self.characters = set(text)
        """Those of the text, and some that it had: what is not among them is not in it."""
        self.changes: list[Changes] = []
        self.composed = False
        """Whether the text is known to be in Unicode's composed form."""
        self.kept: list[str] = []
        """Tags of the voice, which no later stage may touch: see `stages/tags.py`."""
        self._starts = [0]
        self._languages: list[Language | None] = [None]
        self._numbers: Numbers | None = None

    def has(self, signs: Set[str]) -> bool:
        """Whether one of them is in the text."""
        if self.characters.isdisjoint(signs):
            return False
        text = self.text
        return any(sign in text for sign in self.characters.intersection(signs))

    def has_some(self, pattern: re.Pattern[str]) -> bool:
        """Whether one that a pattern of one character matches may be in the text."""
        signs = "".join(pattern.findall("".join(self.characters)))
        text = self.text
        return any(sign in text for sign in signs)

    def has_numbers(self) -> bool:
        """Whether there is one left in digits."""
        return bool(self._found_numbers().starts)

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
        languages = self._languages
        if len(languages) == 1:
            only = languages[0]
            if only is not None:
                self.sub(pattern, lambda match: rule(match, only))
            return

        def said(match: re.Match[str]) -> str | None:
            language = self.language_at(match.start())
            return None if language is None else rule(match, language)

        self.sub(pattern, said)

    def say_numbers(
        self,
        pattern: re.Pattern[str],
        rule: SaidRule,
        *,
        lead: str = "",
        begins: Begins | None = None,
        before: Set[str] = frozenset(),
        after: Set[str] | str | None = None,
        digits: int = _ANY,
    ) -> None:
        """`say` for patterns that begin at a number, or a little before it: with characters of
        `lead`, or where `begins` says (-1: nowhere). Looking nowhere else is what makes it fast.

        before: what has to come before, or after: what has to come next (see `Numbers`), unless
        there are as many digits as `digits`.
        """
        numbers = self._numbers or self._found_numbers()
        if isinstance(after, str):
            after = _signs(after)
        if after is not None and digits == _ANY and numbers.followed.isdisjoint(after):
            return
        places = numbers.places(after, digits, before)
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
                found = match(text, at)
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

    def unwrap(self, pattern: re.Pattern[str], keep: Callable[[str], bool] = bool) -> None:
        """Only the first group of each match stays, where `keep` has nothing against it."""
        self.replace(
            piece
            for match in pattern.finditer(self.text)
            if keep(match[1]) or not match[1]
            for piece in ((match.start(), match.start(1), ""), (match.end(1), match.end(), ""))
        )

    def replace(self, pieces: Iterable[tuple[int, int, str]]) -> None:
        """pieces: start, end and what stands there from now on, in order."""
        text = self.text
        made: list[tuple[int, int, int]] = []
        parts: list[str] = []
        done = 0
        for start, end, new in pieces:
            size = len(new)
            if size and start < end and (text[start] == new[0] or text[end - 1] == new[-1]):
                if text[start:end] == new:
                    continue
                same, most = 0, min(end - start, size)  # only what differs is a change
                while same < most and text[start + same] == new[same]:
                    same += 1
                start, new = start + same, new[same:]
                same, most, size = 0, most - same, size - same
                while same < most and text[end - 1 - same] == new[size - 1 - same]:
                    same += 1
                end, size = end - same, size - same
                new = new[:size]
            elif start == end and not size:
                continue
            parts.append(text[done:start])
            parts.append(new)
            made.append((start, end, size))
            done = end
        if not made:
            return
        parts.append(text[done:])
        self.text = "".join(parts)
        said = "".join(parts[1::2])
        if self.composed:
            beside = {part[:1] for part in parts}
            self.composed = not any(map(_may_join, beside))
        self.characters.update(said)
        if self._numbers is not None:
            self._numbers.change(self.text, made, said)
        changes = Changes(made)
        self.changes.append(changes)
        if len(self._starts) > 1:
            self._starts = [changes.after(start) for start in self._starts]
