"""One request spoken as the body of an HTTP answer, until it is whole, or its client has left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from tensorrt_tts.errors import SlowReaderError, TTSError
from tensorrt_tts.server.context import Caller, ClientGoneError, Context

if TYPE_CHECKING:
    from tensorrt_tts.audio.audio_output import AudioOutput
    from tensorrt_tts.server.protocols.http_exchange import HttpExchange
    from tensorrt_tts.server.service import Service

DISCONNECTED = "disconnected"
CUT = "cut"


class Framing(Protocol):
    """What an answer is made of besides audio; `audio` is not asked for none."""

    def headers(self, context: Context) -> Mapping[str, str]:
        """Known when the first audio is."""
        ...

    def audio(self, content: bytes) -> bytes: ...

    def end(self, context: Context) -> bytes: ...

    def failure(self, error: TTSError) -> bytes:
        """Last words before the body is cut."""
        ...


MAX_SAID_BYTES = 6_000
"""Of a header; clients and proxies take 8 KiB of all of them at least."""


class RawFraming:
    """The audio and nothing else."""

    def __init__(self, return_normalized: bool = False) -> None:
        self._return_normalized = return_normalized

    def headers(self, context: Context) -> Mapping[str, str]:
        said = quote(context.said) if self._return_normalized else ""
        return {"X-Normalized-Text": said} if 0 < len(said) <= MAX_SAID_BYTES else {}

    def audio(self, content: bytes) -> bytes:
        return content

    def end(self, context: Context) -> bytes:
        return b""

    def failure(self, error: TTSError) -> bytes:
        return b""


class WholeFraming(RawFraming):
    """Nothing is sent before all of it is there: `headers` is asked then, and so know the end."""

    def body(self, audio: bytes) -> bytes:
        return audio


class HttpSpeech:
    """The answer to one request: status and headers go out with its first audio, so that whatever
    fails before has a status of its own."""

    def __init__(self, service: Service, exchange: HttpExchange, name: str) -> None:
        """name: of the request, for the log."""
        self.caller = Caller(self._on_drain, name)
        self._service = service
        self._exchange = exchange
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[str] = self._loop.create_future()
        self._deadline: asyncio.TimerHandle | None = None

    async def speak(
        self, context: Context, output: AudioOutput, framing: Framing, headers: Mapping[str, str]
    ) -> None:
        """context: of this caller's, not entered yet. Returns when all has been sent, or when what
        has been sent is to be cut. Raises TTSError for what refused or broke the request before
        that, and ClientGoneError where nobody is left to be told, or no time to tell."""
        listen = asyncio.create_task(self._listen(), name="listen")
        speak = asyncio.create_task(self._speak(context, output, framing, headers), name="speak")
        outcome = CUT  # what ends this task from outside is the server, at its end
        try:
            ends: tuple[asyncio.Future[Any], ...] = (self._over, speak)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not speak.done():
                outcome = self._over.result()
                await self._service.cancel(speak)
                raise ClientGoneError
            outcome = DISCONNECTED
            await self._told(speak, framing)
        finally:
            listen.cancel()
            speak.cancel()
            if self._deadline is not None:
                self._deadline.cancel()
            context.settle(outcome)

    async def _told(self, speak: asyncio.Task[None], framing: Framing) -> None:
        try:
            await speak
        except SlowReaderError:
            if not self._exchange.started:
                raise
        except TTSError as error:
            if not self._exchange.started:
                raise
            await self._exchange.send(framing.failure(error))

    async def _listen(self) -> None:
        await self._exchange.gone()
        self._end(DISCONNECTED)

    def _on_drain(self) -> None:
        """Speak on, but no longer than the process is to live."""
        limit = self._service.settings.drain_timeout_s
        self._deadline = self._loop.call_later(limit, self._end, CUT)

    def _end(self, outcome: str) -> None:
        if not self._over.done():
            self._over.set_result(outcome)

    async def _speak(
        self, context: Context, output: AudioOutput, framing: Framing, headers: Mapping[str, str]
    ) -> None:
        exchange = self._exchange
        if isinstance(framing, WholeFraming):
            await self._speak_whole(context, output, framing, headers)
            return
        async with context:
            async for chunk in context:
                audio = await output.encode(chunk.pcm)
                if not exchange.started:
                    await exchange.start(200, {**headers, **framing.headers(context)})
                if audio:
                    await exchange.send(framing.audio(audio))
        rest = await output.encode_rest()
        await exchange.finish((framing.audio(rest) if rest else b"") + framing.end(context))

    async def _speak_whole(
        self,
        context: Context,
        output: AudioOutput,
        framing: WholeFraming,
        headers: Mapping[str, str],
    ) -> None:
        async with context:
            parts = [await output.encode(chunk.pcm) async for chunk in context]
        body = framing.body(b"".join([*parts, await output.encode_rest()]))
        length = {"Content-Length": str(len(body))}
        await self._exchange.start(200, {**headers, **framing.headers(context), **length})
        await self._exchange.finish(body)
