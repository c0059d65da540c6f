"""Where sentences end, in text as people write it. Pure.

`sentencex` judges full stops, with our rules in front of it: abbreviations of Indian languages,
list numbers, quoted sentences, dandas, scripts without spaces, brackets, lines and paragraphs. Each
end is judged by what is near it, so that the answer is the same for text that is still coming.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from tensorrt_tts.text.abbreviations import abbreviated, is_part


class Break(IntEnum):
    """What is between two pieces of a text."""

    NONE = 0
    """Nothing: a sentence was cut there."""
    SENTENCE = 1
    PARAGRAPH = 2


@dataclass(frozen=True, slots=True)
class SentenceEnd:
    """stop: where the sentence ends, its closing quotes and brackets included."""

    stop: int
    kind: Break


class _UndecidedError(Exception):
    """More of the text has to be known."""


_STOPS = ".!?…؟۔।॥。！？｡"
_WIDE = frozenset("।॥。！？｡|")
"""Marks that end a sentence whether or not a space follows."""
_END = re.compile(rf"[{_STOPS}]+(?: ?[{_STOPS}]+)*|\|+|\n+")
_ELLIPSIS = re.compile(r"…|\.[ .]*\.")
_QUOTES = "\"'”’“‘»›」』`"
_CLOSERS = frozenset(_QUOTES + ")]}）】〉》〕*_")
_OPENERS = "\"'“‘«‹「『`([{（【〈《〔*_¿¡"
_BRACKET = re.compile(r"[(\[{（《【〈](?<![:;=].)(?<![:;=]-.)(?!\.)|[)\]}）》】〉]")
"""A bracket that is no mouth of a smiley."""
_LIST_MARK = re.compile(r"[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,4})[.)]+")
_ITEM = re.compile(r"[•▪◦‣●○■]|(?:[-*+–—#>·→]+|[(\[]?(?:\d{1,3}|[A-Za-z])[.)\]]+) ")
_REFERENCE = re.compile(r" ?\[\d{1,3}\]")
_REFERENCE_BEGUN = re.compile(r" ?(?:\[\d{0,3})?$")
_LONE_QUOTE = re.compile(r" (''|[\"'`”’])(?= )")
"""A quotation mark with spaces around: it closes, or it opens."""

_ADDRESS = re.compile(r"@|://|www\.", re.IGNORECASE)
_SAYS = re.compile("कहा|कहकर|कहते|कहती|बोल|पूछ|చెప్ప|అన్నా|అన్నది|అంది|అని|అంటూ|అడిగ|と|って")
"""What goes on after a quoted sentence, where no lower case shows it."""
_EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\U0001f000-\U0001faff]")
_EMOJI_PART = re.compile("[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]")
_IGNORED = re.compile("[\u00ad\u200b\u2060\ufeff]")

_NEAR = 160
"""Characters in front of a full stop by which it is judged."""
_WORD = 24
"""Characters of the next word that are waited for."""
_SAID = 6
"""The same behind a quoted sentence, where a full stop does not ask for more."""
_SHORT_HEAD = 10
"""Characters that a list's number may have, and more."""
_QUOTED = 1000
"""Characters in front of a lone quotation mark in which the one it closes is looked for."""
_IN_BRACKET = 200
"""Characters after which an open bracket no longer keeps its sentence open."""
_WRAPPED = 60
"""Characters from which a line is one of wrapped prose: 72 to 80 are usual, less the last word."""
_WRAPPED_LOWER = 40
"""The same where the next line begins in lower case."""
_SHORT_TOKEN = 6
"""Characters of a word that may be an abbreviation at the end of a line."""


class SentenceScanner:
    """Finds the ends of a text's sentences, one after another. White space is as `Spacing` leaves
    it.

    To be judged, a full stop needs the next word behind it (24 characters at most), other marks two
    characters (six in a quotation), a line's end four.
    """

    def __init__(self, language: str = "en") -> None:
        """language: BCP 47, of words whose script does not tell it."""
        self._language = language.partition("-")[0].lower()

    def next(
        self, text: str, start: int, at: int, limit: int, column: int = 0, *, ended: bool
    ) -> tuple[SentenceEnd | None, int]:
        """The end of the sentence that begins at `start`, within `limit` characters; None where
        none is known. And up to where that is decided: beyond the limit, there is none.

        at: up to where an earlier call found none. column: characters of the same line in front of
        `text`. ended: whether `text` is whole; its own end is none of these.
        """
        beyond = start + limit + 1
        for found in _END.finditer(text, at, beyond):
            mark = _Mark(text, start, found, beyond, ended)
            try:
                stop = self._line_end(mark, column) if mark.run[0] == "\n" else self._stop(mark)
            except _UndecidedError:
                return None, found.start()
            if stop is not None and stop >= beyond:
                return None, beyond
            if stop is not None:
                kind = Break.PARAGRAPH if text.startswith("\n\n", stop) else Break.SENTENCE
                return SentenceEnd(stop, kind), stop
        return None, min(len(text), beyond)

    def _line_end(self, mark: _Mark, column: int) -> int | None:
        """Whether a line ends its sentence: not one of wrapped prose."""
        if mark.run != "\n":
            return mark.at
        if (
            in_bracket(mark.text, mark.start, mark.at) or mark.text[mark.at - 1] == "."
        ):  # no end, as judged before
            return None
        following = mark.following(mark.stop, 4, word=False)
        line = mark.text.rfind("\n", 0, mark.at)
        length = mark.at - line - 1 if line >= 0 else mark.at + column
        wrapped = _WRAPPED_LOWER if following[:1].islower() else _WRAPPED
        return mark.at if length < wrapped or _ITEM.match(following) else None

    def _stop(self, mark: _Mark) -> int | None:
        """Where the sentence ends that a mark ends, if it does."""
        if mark.run[0] == "|" and not mark.is_danda:
            return None
        stop, text = mark.closed(), mark.text
        if stop >= mark.beyond:
            return stop
        if text.startswith("\n\n", stop):
            return stop
        if stop == len(text) or in_bracket(text, mark.start, stop):
            return None
        if text[stop] not in " \n":
            return self._before_letter(mark, stop)
        if text[stop] == "\n" and (mark.run != "." or len(mark.token) > _SHORT_TOKEN):
            return stop
        return self._before_space(mark, stop)

    def _before_space(self, mark: _Mark, stop: int) -> int | None:
        lone = mark.run == "."
        quoted = mark.is_quoted
        count = _WORD if lone else _SAID if quoted else 2
        following = mark.following(stop + 1, count, word=lone or quoted)
        lower = following[:1].islower()
        if lone:
            head = mark.text[mark.start : min(mark.stop, mark.start + _SHORT_HEAD)]
            if mark.stop - mark.start < _SHORT_HEAD and _LIST_MARK.fullmatch(head.lstrip(_OPENERS)):
                return None
            short = abbreviated(mark.token, mark.token_before, following)
            if short is not None:
                return None if short or lower else stop
        if quoted and (lower or _SAYS.match(following)):
            return None
        caseless = following[:1].isalpha() and not _cased(following[0])
        if mark.is_wide or (mark.is_ellipsis and caseless):
            return stop
        if len(mark.run) > 1 and not mark.is_ellipsis and following[:1].isupper():
            return stop
        if mark.text[stop - 1] in ")]" and not lower:
            return stop
        if following[:1] in _QUOTES:
            mark.following(stop + 1, 3, word=False)
        quote = _LONE_QUOTE.match(mark.text, stop)
        if quote is None:
            return stop if self._judged(mark, " " + following.lstrip(_OPENERS)) else None
        word = mark.following(quote.end() + 1, _WORD, word=True)
        if not word[:1].isalnum() or word[0].islower() or not self._judged(mark, " " + word):
            return None
        closes = (
            not lone
            or mark.text.count(quote[1], max(mark.start, mark.at - _QUOTED), mark.at) % 2 == 1
        )
        return quote.end() if closes else stop

    def _before_letter(self, mark: _Mark, stop: int) -> int | None:
        if mark.is_wide:
            said = mark.is_quoted and _SAYS.match(mark.following(stop, _SAID, word=True))
            return None if said else stop
        before, after = mark.text[mark.at - 1 : mark.at], mark.text[stop]
        if mark.run[-1] not in ".!?" or not after.isalpha() or _ADDRESS.search(mark.token):
            return None
        if not _cased(after) and not _cased(before):
            part = mark.token[: -len(mark.run)].rpartition(".")[2]
            if mark.run == "." and is_part(part, mark.following(stop, _SAID, word=True)):
                return None
            return stop
        if after.isupper() and not before.isupper():
            return stop if self._judged(mark, mark.following(stop, _WORD, word=True)) else None
        return None

    def _judged(self, mark: _Mark, following: str) -> bool:
        """As `sentencex` has it, of the text around the mark."""
        from sentencex import segment

        near = max(mark.start, mark.stop - _NEAR)
        if near > mark.start:
            near = mark.text.find(" ", near, mark.at) + 1 or near
        before = _IGNORED.sub("", mark.text[near : mark.stop]).replace("\n", " ")
        first = len(before)
        last = first + len(mark.closers) + following.startswith(" ")
        position = 0
        for part in segment(self._language_of(before), before + mark.closers + following):
            position += len(part)
            if position >= first:
                return position <= last
        return False

    def _language_of(self, text: str) -> str:
        for letter in reversed(text):
            if "\u0900" <= letter <= "\u097f":
                return "hi"
            if "\u0c00" <= letter <= "\u0c7f":
                return "te"
            if letter.isalpha():
                break
        return self._language


class _Mark:
    """Marks that may end a sentence, and what is around them."""

    def __init__(
        self, text: str, start: int, found: re.Match[str], beyond: int, ended: bool
    ) -> None:
        """beyond: a place that no end is looked for behind."""
        self.text = text
        self.beyond = beyond
        self.start = start
        self.at, self.stop = found.span()
        self.run = found[0]
        self.closers = ""
        self._ended = ended

    @property
    def is_wide(self) -> bool:
        return not _WIDE.isdisjoint(self.run)

    @property
    def is_ellipsis(self) -> bool:
        return _ELLIPSIS.search(self.run) is not None

    @property
    def is_danda(self) -> bool:
        """Whether a "|" stands for one: behind an Indian letter, and in front of a space."""
        before = self.text[max(self.start, self.at - 2) : self.at].rstrip()[-1:]
        return "\u0900" <= before <= "\u0d7f" and not self._seen(self.stop).strip()

    @cached_property
    def token(self) -> str:
        """The word in front of the mark, with it."""
        return self._token_to(self.at)[1] + self.run

    @property
    def token_before(self) -> str:
        return self._token_to(self._token_to(self.at)[0] - 1)[1]

    def _token_to(self, end: int) -> tuple[int, str]:
        first = max(self.start, end - 2 * _WORD)
        near = self.text[first : max(first, end)]
        begin = max(near.rfind(" "), near.rfind("\n")) + 1
        return first + begin, _IGNORED.sub("", near[begin:].lstrip(_OPENERS))

    @property
    def is_quoted(self) -> bool:
        return any(closer in _QUOTES for closer in self.closers)

    def closed(self) -> int:
        """Behind the brackets and quotes that close after the mark, references and emoji; or
        `beyond`, where that is further."""
        stop = self.stop
        while stop < self.beyond and self._seen(stop) in _CLOSERS:
            stop += 1
        self.closers = self.text[self.stop : stop]
        while stop < self.beyond and (reference := _REFERENCE.match(self.text, stop)):
            stop = reference.end()
        if stop >= self.beyond:
            return stop
        if _REFERENCE_BEGUN.match(self.text, stop) and not self._ended:
            raise _UndecidedError
        while stop < self.beyond:
            space = self._seen(stop) == " "
            if not _EMOJI.match(self._seen(stop + space)):
                break
            stop += space + 1
            while stop < self.beyond and _EMOJI_PART.match(self._seen(stop)):
                stop += 1
        return stop

    def following(self, at: int, count: int, *, word: bool) -> str:
        """The `count` characters from `at` on, or up to the next space where only the word counts.

        Raises _UndecidedError where they are not known yet.
        """
        near = self.text[at : at + count]
        if word:
            for index, character in enumerate(near):
                if character in " \n":
                    return near[:index]
        if len(near) < count and not self._ended:
            raise _UndecidedError
        return near

    def _seen(self, at: int) -> str:
        """The character there, "" at the end of the text."""
        if at >= len(self.text) and not self._ended:
            raise _UndecidedError
        return self.text[at : at + 1]


def in_bracket(text: str, start: int, stop: int) -> bool:
    """Whether a bracket that was opened from `start` on, and not long ago, is open at `stop`."""
    depth = 0
    for bracket in _BRACKET.finditer(text, max(start, stop - _IN_BRACKET), stop):
        depth = depth + 1 if bracket[0] in _OPENERS else max(0, depth - 1)
    return depth > 0


def _cased(character: str) -> bool:
    return character.islower() or character.isupper()
