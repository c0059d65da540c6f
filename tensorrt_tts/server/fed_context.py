"""A request whose text is still coming, as voice agents send it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tensorrt_tts.errors import InputError, NothingToSpeakError, TextError, TTSError
from tensorrt_tts.server.context import Context

if TYPE_CHECKING:
    from tensorrt_tts.server.context import Caller, Host
    from tensorrt_tts.speech import AudioChunk, SpeechRequest
    from tensorrt_tts.speech_task import Speech


class FedContext(Context):
    """See `Context`; text goes in by `feed` and `end` from its making on, also while it waits.

    It asks for a slot when there is something to say, and holds it until it has ended. When no text
    came for `text_timeout_s`, or the shorter time that its client said, it ends as if `end` had
    been called. No segment is begun while its listener has `lead_s` of audio to play, so that one
    who silently stops listening costs no more.

    A piece that cannot be spoken ends the context with its TextError. Where nothing ever came that
    could be (white space, "…", an emoji, as language models answer too), it ends `completed`,
    without audio: nothing is lost by that, and an error would cost a voice agent its connection.
    """

    def __init__(
        self,
        service: Host,
        request: SpeechRequest,
        caller: Caller,
        text_timeout_s: float | None = None,
    ) -> None:
        """The request's own text is not looked at."""
        super().__init__(service, replace(request, text=""), caller)
        self.ended = False
        """No more text is taken."""
        self._characters = 0
        self._texts: list[str] = []
        self._flushed: list[int] = []  # how many segments had come by each flush
        self._pieces: asyncio.Queue[tuple[str, bool] | None] = asyncio.Queue()
        self._failure: TTSError | None = None
        longest = service.settings.text_timeout_s
        self._idle_s = longest if text_timeout_s is None else min(text_timeout_s, longest)

    def feed(self, text: str, flush: bool = False) -> None:
        """More of the text, in pieces of any size. flush: what has come is spoken now, also where a
        sentence might go on.

        Raises InputError after `end`, TextError for more than `max_characters` in all.
        """
        if self.ended:
            raise InputError("this context's text has ended; open another for more text")
        limit = self._service.settings.max_characters
        if self._characters + len(text) > limit:
            raise TextError(
                f"text has {self._characters + len(text)} characters, and one context takes "
                f"{limit}; open another for the rest"
            )
        self._characters += len(text)
        self._texts.append(text)
        self._pieces.put_nowait((text, flush))

    def end(self) -> None:
        """The text is whole. May be called again."""
        if not self.ended:
            self.ended = True
            self._pieces.put_nowait(None)

    def flushed_at(self, flush: int) -> int | None:
        """Samples up to the end of what had come by a flush, counted from 0; None while it is not
        all made. For whoever tells its client when that has been sent."""
        if flush >= len(self._flushed):
            return None
        count, segments = self._flushed[flush], self.report.segments if self.report else []
        if not count:
            return 0
        return segments[count - 1].ends_at if count <= len(segments) else None

    @property
    def text(self) -> str:
        return "".join(self._texts)

    @property
    def characters(self) -> int:
        return self._characters

    async def __anext__(self) -> AudioChunk:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self._failure is not None:
                raise self._failure from None
            raise

    async def _begin(self) -> None:
        beginning = await self._first()
        if beginning is None:
            self._heard_out = True
            return
        await self._count_for_key(len(beginning[0]))
        await self._take_slot()
        settings, synthesizer = self._service.settings, self._service.synthesizer
        speech = await synthesizer.open_fed(self.request, lead_s=settings.lead_s)
        await self._listen_to(speech)
        self._exits.callback(self._note_saved, speech)
        feeder = asyncio.create_task(self._feed(speech, beginning), name="feed")
        self._exits.callback(feeder.cancel)

    def _note_saved(self, speech: Speech) -> None:
        self._service.metrics.saved_s.inc(speech.unspoken_s)

    async def _first(self) -> tuple[str, bool] | None:
        """Text up to its first character that is not white space; None where none came."""
        gathered, flush = "", False
        while not gathered.strip():
            piece = await self._next_piece()
            if piece is None:
                return None
            gathered, flush = gathered + piece[0], piece[1]
            if flush and not gathered.strip():
                self._flushed.append(0)
        return gathered, flush

    async def _next_piece(self) -> tuple[str, bool] | None:
        try:
            async with asyncio.timeout(self._idle_s):
                return await self._pieces.get()
        except TimeoutError:
            self.ended = True
            return None

    async def _feed(self, speech: Speech, piece: tuple[str, bool] | None) -> None:
        try:
            while piece is not None:
                await speech.feed(*piece)
                if piece[1]:
                    self._flushed.append(speech.segments)
                piece = await self._next_piece()
                if piece is not None:
                    await self._service.key_usage.charge(self.identity, len(piece[0]))
                    await self._service.credits.reserve(
                        self.reservation, self.identity, len(piece[0])
                    )
            await speech.end()
        except NothingToSpeakError:
            await speech.aclose()
        except TTSError as error:
            self._failure = error
            await speech.aclose()
