"""Messages in any order, well-formed or not: nothing hangs, nothing is left, and what is said of a
context is in order."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from benchmarks.doubles.null_codec import NullCodec
from tests.support.backend_double import Behaviour
from tests.support.cartesia_client import ASKED
from tests.support.examples import examples
from tests.support.server_thread import ServerThread, serving
from tests.support.tts_client import connected

NAMES = ("a", "b", "c", "d")
TEXTS = ("", " ", "Hello", "Hello there. ", "One. Two is as long as it has to be. ", "a\x07", "😀")
BROKEN: tuple[Any, ...] = ("{", "[]", "{}", b"\x00", '{"context_id": "a"}', '{"cancel": true}')


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(codec=NullCodec(), slots=2, max_queued=1, max_pending=3, lead_s=0.1) as server:
        yield server


class Driver:
    """Says whatever may be said, and checks what it is told of each context."""

    def __init__(self, peer: ClientConnection, seed: int) -> None:
        self._peer = peer
        self._draw = random.Random(seed)
        self._said: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._last: dict[str, dict[str, Any]] = {}
        self._flush: dict[str, int] = {}

    async def act(self) -> None:
        draw, name = self._draw, self._draw.choice(NAMES)
        kinds = ("speak", "end", "cancel", "broken", "wrong", "rest")
        match draw.choices(kinds, (8, 3, 3, 1, 1, 3))[0]:
            case "speak":
                await self.say(
                    name,
                    draw.choice(TEXTS),
                    flush=draw.random() < 0.3,
                    max_buffer_delay_ms=draw.choice([0, 1, 3000]),
                    **{"continue": draw.random() < 0.8},
                )
            case "end":
                await self.say(name, "")
            case "cancel":
                await self.cancel(name)
            case "broken":
                await self._peer.send(draw.choice(BROKEN))
            case "wrong":
                await self.say(name, "Hi.", voice="nobody")
            case "rest":
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(draw.choice([0.001, 0.01])):
                        while True:
                            await self.hear()

    async def say(self, name: str, text: str, **fields: Any) -> None:
        self._said[name] += 1
        message = {**ASKED, "context_id": name, "transcript": text, **fields}
        await self._peer.send(json.dumps(message))

    async def cancel(self, name: str) -> None:
        self._flush.pop(name, None)  # the name may be another's from now on
        await self._peer.send(json.dumps({"context_id": name, "cancel": True}))

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self._peer.recv())
        name, kind = message["context_id"], message["type"]
        assert message["done"] == (kind == "done")
        if name is None:
            assert kind == "error"
            return message
        self._last[name] = message
        if kind == "done":
            self._ended[name] += 1
            self._flush.pop(name, None)
            assert self._ended[name] <= self._said[name], message
        elif kind == "flush_done":
            assert message["flush_id"] > self._flush.get(name, 0), message
        return message

    async def finish(self, server: ServerThread) -> None:
        """Everything is stopped; what is said then is spoken, and every context has been told its
        end."""
        for name in NAMES:
            await self.cancel(name)
        await self.say("a", "The last words.")
        (caller,) = server.service.callers
        while caller.contexts:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await self.hear()
        await self.say("end", "")  # behind all that was to be sent
        heard: dict[str, Any] = {}
        while (heard.get("context_id"), heard.get("type")) != ("end", "done"):
            heard = await self.hear()  # on a busy machine it may be refused before
        assert [last for last in self._last.values() if last["type"] != "done"] == []
        assert set(self._last) >= {name for name in NAMES if self._said[name]}


@pytest.mark.parametrize("seed", range(examples(8)))
async def test_any_order_of_messages(server: ServerThread, seed: int) -> None:
    address = f"ws://127.0.0.1:{server.port}/tts/websocket"
    server.backend.behaviour = Behaviour(frames=4, rate=random.Random(seed).choice([None, 1000]))
    async with asyncio.timeout(60), connected(address) as peer:
        driver = Driver(peer, seed)
        for _ in range(80):
            await driver.act()
        await driver.finish(server)
    server.assert_as_before()
