"""A `/ws/tts` on a real socket that does what its script says, faults included.

It mirrors what real servers do that a benchmark must see through: container headers, empty
messages, notes before the audio, stalls, and audio that is lost or sent twice while the counts in
the last message stay those of the whole answer.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

FRAME = 2048
RATE = 24000


@dataclass(frozen=True)
class Script:
    """frames: chunks of one frame. pace: seconds per second of audio between chunks. think: seconds
    before the first. quiet: leading samples of silence. stall: (before chunk, seconds). drop,
    repeat: chunk numbers. header: a WAV header as soon as the request is read. empty: an empty
    message then. say: a text message before the audio. error, close: instead of finishing. refuse:
    the `error` of a request that is refused, before any audio. leave: the code of a close instead
    of finishing. final: whether the last message comes."""

    frames: int = 12
    pace: float = 0.5
    think: float = 0.0
    quiet: int = 0
    stall: tuple[int, float] | None = None
    drop: int | None = None
    repeat: int | None = None
    header: bool = False
    empty: bool = False
    say: str | None = None
    error: bool = False
    close: bool = False
    refuse: dict[str, object] | None = None
    leave: int | None = None
    final: bool = True


def speech(script: Script) -> np.ndarray:
    """int16 noise at speaking level, different in every chunk."""
    pcm = np.random.default_rng(0).integers(-8000, 8000, script.frames * FRAME, dtype=np.int16)
    pcm[: script.quiet] = 0
    return pcm


def wav_header() -> bytes:
    """Of a stream whose length is not known, with a chunk before the data as ffmpeg writes it."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    note = struct.pack("<4sI", b"LIST", 3) + b"abc\0"
    return (
        struct.pack("<4sI4s", b"RIFF", 0xFFFFFFFF, b"WAVE")
        + form
        + note
        + struct.pack("<4sI", b"data", 0xFFFFFFFF)
    )


class FakeServer:
    """Plays its scripts request by request, and the last one from then on. refusals: HTTP answers
    to the first handshakes."""

    def __init__(self, *scripts: Script, refusals: Sequence[Response] = ()) -> None:
        self.scripts = scripts
        self.refusals = list(refusals)
        self.refused = 0
        self.requests: list[dict[str, object]] = []
        self.sockets = 0
        self.open = 0
        self.most_open = 0

    def admit(self, socket: ServerConnection, request: Request) -> Response | None:
        if not self.refusals:
            return None
        self.refused += 1
        return self.refusals.pop(0)

    async def handle(self, socket: ServerConnection) -> None:
        self.sockets += 1
        async for message in socket:
            script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
            self.requests.append(json.loads(message))
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            try:
                if not await self.answer(socket, script):
                    return
            finally:
                self.open -= 1

    async def answer(self, socket: ServerConnection, script: Script) -> bool:
        sent_bytes = 0
        if script.refuse is not None:
            await socket.send(json.dumps({"error": script.refuse}))
            return True
        if script.say is not None:
            await socket.send(script.say)
        if script.header:
            sent_bytes += len(wav_header())
            await socket.send(wav_header())
        if script.empty:
            await socket.send(b"")
        await asyncio.sleep(script.think)
        pcm = speech(script)
        due = time.perf_counter()
        for number in range(script.frames):
            if script.stall and number == script.stall[0]:
                due += script.stall[1]
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            chunk = pcm[number * FRAME : (number + 1) * FRAME].tobytes()
            sent_bytes += len(chunk)
            for _ in range(0 if number == script.drop else 2 if number == script.repeat else 1):
                await socket.send(chunk)
            due += script.pace * FRAME / RATE
        if script.error:
            error = {"code": "backend_error", "message": "the model died"}
            await socket.send(json.dumps({"error": error}))
            return True
        if script.leave is not None:
            await socket.close(script.leave)
            return False
        if script.close:
            socket.transport.abort()
            return False
        if script.final:
            await socket.send(json.dumps(final(script, sent_bytes)))
        return True


def final(script: Script, sent_bytes: int) -> dict[str, object]:
    """The message that ends an answer."""
    frames = script.frames
    duration = frames * FRAME / RATE
    metrics = {
        "ttft_ms": 1.0,
        "ttfa_ms": 2.0,
        "tokens": 7 * frames,
        "frames": frames,
        "generation_time_s": duration / 2,
    }
    return {
        "done": True,
        "chunks": frames,
        "duration_s": duration,
        "bytes": sent_bytes,
        "metrics": metrics,
    }


def full(
    status: int = 503, header: str | None = "3", error: dict[str, object] | None = None
) -> Response:
    """An HTTP answer that refuses a handshake. error: what this toolkit's server says in it."""
    body = b"" if error is None else json.dumps({"error": error}).encode()
    headers = Headers({"Content-Length": str(len(body))})
    if header is not None:
        headers["Retry-After"] = header
    return Response(status, "refused", headers, body)


@asynccontextmanager
async def running(
    *scripts: Script, refusals: Sequence[Response] = ()
) -> AsyncIterator[tuple[str, FakeServer]]:
    """The server and its URL."""
    server = FakeServer(*scripts, refusals=refusals)
    async with serve(server.handle, "127.0.0.1", 0, process_request=server.admit) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws/tts", server
