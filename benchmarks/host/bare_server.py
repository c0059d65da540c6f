"""What uvicorn alone costs: frames of audio at the pace of speech over a WebSocket or chunked HTTP,
and nothing else.

    python -m benchmarks.host.bare_server [--port 8000] [--seconds 10]

`/ws/tts` answers each message with so many seconds, `/v1/audio/speech` each request. Frames become
due in the steps of the engine double, so that as many are due at once as from the toolkit's server.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.doubles.engine_double import REAL_TIME
from benchmarks.doubles.stamps import SAMPLES, stamp
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.families.orpheus.tokens import SLOTS

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

FRAME = SNAC_24KHZ.context().samples_per_frame
FRAME_S = FRAME / SNAC_24KHZ.context().sample_rate


class BareServer:
    """An ASGI application. seconds: of audio in an answer."""

    def __init__(self, seconds: float) -> None:
        self._frames = max(1, round(seconds / FRAME_S))
        self._sound = np.random.default_rng(0).integers(-3000, 3000, FRAME * self._frames, np.int16)
        self._queues: dict[asyncio.Queue[bytes], int] = {}  # and the tokens each has had
        self._steps: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(receive, send)
        elif scope["type"] == "http":
            start = {"type": "http.response.start", "status": 200, "headers": []}
            await send(start)
            if scope["path"] == "/v1/audio/speech":
                async for frame in self._answer():
                    body = {"type": "http.response.body", "body": frame, "more_body": True}
                    await send(body)
            await send({"type": "http.response.body"})

    async def _socket(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            async for frame in self._answer():
                await send({"type": "websocket.send", "bytes": frame})
            await send({"type": "websocket.send", "text": '{"done":true}'})

    async def _answer(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queues[queue] = 0
        if self._steps is None or self._steps.done():
            self._steps = asyncio.create_task(self._step())
        try:
            for _ in range(self._frames):
                yield await queue.get()
        finally:
            del self._queues[queue]

    async def _step(self) -> None:
        started = time.perf_counter()
        for step in itertools.count(1):
            if not self._queues:
                return
            for queue, tokens in self._queues.items():
                self._queues[queue] = tokens + 1
                frame, rest = divmod(tokens + 1, SLOTS)
                if not rest and frame <= self._frames:
                    sound = self._sound[FRAME * (frame - 1) : FRAME * frame - SAMPLES]
                    queue.put_nowait(sound.tobytes() + stamp(time.perf_counter()).tobytes())
            await asyncio.sleep(max(0.0, started + step / REAL_TIME - time.perf_counter()))


def main(arguments: Sequence[str] | None = None) -> int:
    import uvicorn

    parser = argparse.ArgumentParser(prog="python -m benchmarks.host.bare_server")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parsed = parser.parse_args(arguments)
    uvicorn.run(
        BareServer(parsed.seconds),
        port=parsed.port,
        lifespan="off",
        ws="websockets-sansio",  # what the toolkit's server derives from
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
