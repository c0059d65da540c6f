"""The other protocols of the server, as a measuring client speaks them: 24 kHz, 16 bits, no more
words than it takes. Clients as people have them are in `make test-clients`."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from benchmarks.listener.exchange import Endpoint, Exchange, Message
from benchmarks.load.ws_endpoint import WebSocketConnection, WebSocketEndpoint
from benchmarks.prompts import Prompt
from tensorrt_tts.errors import BackendError, SettingError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SocketProtocol:
    """ask: the messages that ask for a text, under a name where the protocol has names. audio: what
    is in a JSON message, in base64; None for none. over: whether that is the last one."""

    path: str
    ask: Callable[[str, str], Sequence[Content]]
    audio: Callable[[Content], str | None]
    over: Callable[[Content], bool]


def _ask_cartesia(text: str, name: str) -> Sequence[Content]:
    form = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
    about = {"model_id": "", "context_id": name, "transcript": text}
    return [{**about, "voice": {"id": None}, "output_format": form}]


def _ask_elevenlabs(text: str, name: str) -> Sequence[Content]:
    return [{"text": text, "context_id": name}, {"context_id": name, "close_context": True}]


SOCKETS = {
    "ws_tts": SocketProtocol(
        "/ws/tts",
        lambda text, name: [{"text": text}],
        lambda content: None,
        lambda content: bool(content.get("done")),
    ),
    "cartesia": SocketProtocol(
        "/tts/websocket",
        _ask_cartesia,
        lambda content: content.get("data"),
        lambda content: bool(content.get("done")),
    ),
    "deepgram": SocketProtocol(
        "/v1/speak?encoding=linear16&sample_rate=24000",
        lambda text, name: [{"type": "Speak", "text": text}, {"type": "Flush"}],
        lambda content: None,
        lambda content: content.get("type") == "Flushed",
    ),
    "elevenlabs": SocketProtocol(
        "/v1/text-to-speech/tara/multi-stream-input?output_format=pcm_24000",
        _ask_elevenlabs,
        lambda content: content.get("audio"),
        lambda content: bool(content.get("isFinal")),
    ),
}

PROTOCOLS = ("ws_tts", "openai", "cartesia", "deepgram", "elevenlabs")


def endpoint_of(protocol: str, base: str, samples: int, timeout: float) -> Endpoint:
    """base: `http://host:port`. samples: of a whole answer; one of another length is at fault.
    timeout: seconds for one. Raises SettingError for an unknown protocol."""
    if protocol == "openai":
        return HttpEndpoint(base, samples, timeout)
    if protocol not in SOCKETS:
        raise SettingError(f"protocol {protocol!r}: use some of {','.join(PROTOCOLS)}")
    return SocketEndpoint(protocol, base, samples, timeout)


class SocketEndpoint(WebSocketEndpoint):
    def __init__(self, protocol: str, base: str, samples: int, timeout: float) -> None:
        self.protocol = SOCKETS[protocol]
        super().__init__(base.replace("http", "ws", 1) + self.protocol.path, timeout)
        self.name = protocol
        self.samples = samples
        self.names = map(str, itertools.count(1))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[WebSocketConnection]:
        connection = SocketConnection(self)
        try:
            yield connection
        finally:
            await connection.close()


class SocketConnection(WebSocketConnection):
    def __init__(self, endpoint: SocketEndpoint) -> None:
        super().__init__(endpoint)
        self._speaks = endpoint

    async def _exchange(self, socket: ClientConnection, exchange: Exchange) -> None:
        protocol = self._speaks.protocol
        for message in protocol.ask(exchange.prompt.text, next(self._speaks.names)):
            await socket.send(json.dumps(message))
        while True:
            received = await socket.recv()
            now = time.perf_counter()
            if isinstance(received, bytes):
                exchange.messages.append(Message(now, received))
                continue
            content = orjson.loads(received)
            if content.get("error") or str(content.get("type")).lower() == "error":
                exchange.error = received[:200]
                return
            if audio := protocol.audio(content):
                exchange.messages.append(Message(now, base64.b64decode(audio)))
            if protocol.over(content):
                exchange.final = {"bytes": 2 * self._speaks.samples}
                return


class HttpEndpoint:
    """`POST /v1/audio/speech`, one connection kept for all requests of a caller."""

    name = "openai"

    def __init__(self, base: str, samples: int, timeout: float) -> None:
        self.base = base
        self.samples = samples
        self.timeout = timeout

    @asynccontextmanager
    async def open(self) -> AsyncIterator[HttpConnection]:
        connection = HttpConnection(self)
        try:
            yield connection
        finally:
            await connection.close()


class HttpConnection:
    """HTTP/1.1 by hand: what a library does with a chunk would be measured too."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def connect(self) -> None:
        """Raises BackendError when nobody answers."""
        await self._connected()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            address = urlsplit(self._endpoint.base)
            try:
                self._streams = await asyncio.open_connection(address.hostname, address.port)
            except OSError as error:
                raise BackendError(f"no server answers at {self._endpoint.base}") from error
        return self._streams

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def speak(self, prompt: Prompt, voice: str | None, scheduled: float) -> Exchange:
        exchange = Exchange(prompt, voice, scheduled, time.perf_counter())
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                await self._exchange(exchange)
        except TimeoutError:
            exchange.error = f"no end of the answer within {self._endpoint.timeout:g} s"
        except (BackendError, OSError, EOFError, ValueError) as error:
            exchange.error = f"connection lost: {error}"
        exchange.closed = time.perf_counter()
        if exchange.error is not None:
            await self.close()
        return exchange

    async def _exchange(self, exchange: Exchange) -> None:
        reader, writer = await self._connected()
        asked = {"model": "tts-1", "input": exchange.prompt.text, "response_format": "pcm"}
        body = json.dumps({**asked, "voice": exchange.voice or "alloy"}).encode()
        writer.write(
            b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        status, *_ = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        if b" 200" not in status:
            exchange.error = status.decode()
            exchange.refused = b" 503" in status or b" 429" in status
            return
        while size := int(await reader.readline(), 16):
            payload = await reader.readexactly(size + 2)
            exchange.messages.append(Message(time.perf_counter(), payload[:-2]))
        await reader.readline()
        exchange.final = {"bytes": 2 * self._endpoint.samples}
