"""A request's text, whole or still coming, to prepared segments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from copy import deepcopy

from tensorrt_tts.errors import InputError
from tensorrt_tts.prepared import Preparation, PreparedSegment
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.text.feed import ReadingRules, TextFeed
from tensorrt_tts.text.normalize import MAX_CHARACTERS, check_text
from tensorrt_tts.text.segment import Segment
from tensorrt_tts.text.spoken import SpokenOptions

READ_AT_ONCE = 5000
"""Characters of a whole text: an ordinary one is read, and refused, before any of it is spoken."""

_SPOKEN_LANGUAGES = ("en", "hi", "te")
"""In which numbers, dates and the like are put in words."""


class WholeText:
    """A request whose text is whole, to prepared segments: the first `READ_AT_ONCE` characters of
    it at once, the rest as it is asked for, so that a book costs no more memory than a page."""

    def __init__(
        self,
        request: SpeechRequest,
        model: SpeechModel,
        max_sequence: int,
        max_characters: int = MAX_CHARACTERS,
        first_clause: int | None = None,
    ) -> None:
        """Raises TextError, UnknownVoiceError or SettingError."""
        self._preparation = Preparation(request, model, max_sequence)
        check_text(request.text, max_characters)
        self._feed = text_feed(model, request, max_characters, first_clause)
        self._text = request.text
        self._read = 0  # characters
        self.segments = self.more()
        """The first ones. All, if the text is no longer than READ_AT_ONCE."""
        self._preparation.end()

    @property
    def warnings(self) -> list[str]:
        return self._preparation.warnings

    @property
    def is_read(self) -> bool:
        """Whether there is no more."""
        return self._read >= len(self._text)

    def more(self) -> list[PreparedSegment]:
        """The next segments; none at the end of the text. Raises TextError."""
        found: list[PreparedSegment] = []
        while not found and not self.is_read:
            text = self._text[self._read : self._read + READ_AT_ONCE]
            self._read += len(text)
            parts = self._feed.feed(text) + (self._feed.end() if self.is_read else [])
            found = self._preparation.prepare(parts)
        return found


def prepare_request(
    request: SpeechRequest,
    model: SpeechModel,
    max_sequence: int,
    max_characters: int = MAX_CHARACTERS,
    first_clause: int | None = None,
) -> list[PreparedSegment]:
    """All of a request whose text is whole. Raises TextError, UnknownVoiceError or SettingError."""
    text = WholeText(request, model, max_sequence, max_characters, first_clause)
    segments = text.segments
    while more := text.more():
        segments += more
    return segments


def text_feed(
    model: SpeechModel, request: SpeechRequest, max_characters: int, first_clause: int | None
) -> TextFeed:
    """By the rules of the model and the voice that is asked for."""
    spec, voice = model.spec, model.spec.voice(request.voice)
    reading, language = spec.reading(voice), voice.language
    spoken = None
    if request.normalize and language.partition("-")[0] in _SPOKEN_LANGUAGES:
        spoken = SpokenOptions(language, reading.numbers, spec.tags, reading.phonemes)
    longest = min(spec.segment_characters, reading.longest or spec.segment_characters)
    rules = ReadingRules(longest, spec.tags, language, spoken, joined=not request.chunking)
    return TextFeed(rules, max_characters, first_clause)


class FedText:
    """A text that is still coming, to prepared segments. Calls are taken in order."""

    def __init__(self, feed: TextFeed, preparation: Preparation, executor: Executor) -> None:
        """executor: reads the text, since the event loop is shared with other streams."""
        self._feed = feed
        self._preparation = preparation
        self._executor = executor
        self._turn = asyncio.Lock()
        self._ended = False

    @property
    def warnings(self) -> list[str]:
        return self._preparation.warnings

    async def feed(self, text: str, flush: bool = False) -> list[PreparedSegment]:
        """See `Speech.feed`."""
        return await self._run(lambda feed: feed.feed(text) + (feed.flush() if flush else []))

    async def end(self) -> list[PreparedSegment]:
        """See `Speech.end`."""
        found = await self._run(TextFeed.end, last=True)
        self._ended = True
        return found

    async def _run(
        self, read: Callable[[TextFeed], list[Segment]], last: bool = False
    ) -> list[PreparedSegment]:
        async with self._turn:
            if self._ended:
                raise InputError("this speech's text has ended; open another for more text")
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, self._prepared, read, last)

    def _prepared(
        self, read: Callable[[TextFeed], list[Segment]], last: bool
    ) -> list[PreparedSegment]:
        """A piece that is refused is not taken in, also where only its prompt shows it."""
        feed = deepcopy(self._feed)
        segments = self._preparation.prepare(read(feed))
        if last:
            self._preparation.end()
        self._feed = feed
        return segments
