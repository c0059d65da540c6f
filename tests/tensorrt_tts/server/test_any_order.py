"""Messages in any order, well-formed or not, on every socket: nothing hangs and nothing is left.
One machine, driven by the table of sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.doubles.null_codec import NullCodec
from benchmarks.load.routes import SOCKETS, SocketRoute, error_code
from tests.support.backend_double import Behaviour
from tests.support.examples import examples
from tests.support.server_thread import ServerThread, serving, wait_until

TEXTS = st.sampled_from(["", " ", "Hello. ", "One two", "!", "Bad \a.", "It rains. It snows. "])
WRONG = st.sampled_from(["{", "[]", "7", "{}", '{"type": 7, "text": 7}', '{"cancel": 7}', b"\x00"])
MORE = {
    "tts-websocket": {"flush": True},
    "multi-stream-input": {"flush": True},
    "stream-input": {"flush": True},
}
"""What may come with a text."""

HANGS_S = 60

ENDS = (1000, 1006, 1008, 1013)
"""By the client, by its vanishing, for a mistake that loses text, for want of a place."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    far = dict.fromkeys(("idle_timeout_s", "text_timeout_s", "send_timeout_s"), 600.0)
    with serving(codec=NullCodec(), slots=2, max_queued=1, max_pending=3, **far) as server:
        yield server


class AnyOrder(RuleBasedStateMachine):
    """One client, that comes back when its socket was closed. It reads only where a rule says so,
    as a busy one does."""

    server: ServerThread
    route: SocketRoute

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._peer: ClientConnection | None = None
        self._leaving = False

    def run(self, work: Any) -> Any:
        async def limited() -> Any:
            async with asyncio.timeout(HANGS_S):
                return await work

        return self._loop.run_until_complete(limited())

    @initialize(rate=st.sampled_from([None, 1000.0]))
    def opens(self, rate: float | None) -> None:
        self.server.backend.behaviour = Behaviour(frames=2, rate=rate)
        self.run(self._open())

    async def _open(self) -> None:
        address = f"ws://127.0.0.1:{self.server.port}{self.route.path}"
        self._peer = await connect(address, max_size=None, compression=None, proxy=None)
        self._leaving = False

    async def _come_back(self) -> None:
        """Whether it was closed is a matter of time, which no rule may depend on."""
        if self.closed:
            assert self._peer is not None
            assert self._peer.close_code in ENDS
            await self._open()

    async def _send(self, *messages: Any) -> None:
        await self._come_back()
        assert self._peer is not None
        with suppress(ConnectionClosed):
            for message in messages:
                plain = isinstance(message, str | bytes)
                await self._peer.send(message if plain else json.dumps(message))

    async def _hear(self, seconds: float) -> None:
        assert self._peer is not None
        with suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(seconds):
                while True:
                    self._heard(await self._peer.recv())

    def _heard(self, raw: str | bytes) -> bool:
        """Whether it was the last message of a text."""
        if isinstance(raw, bytes):
            return False
        message = json.loads(raw)
        assert error_code(message) not in ("internal_error", "backend_error"), message
        return self.route.over(message)

    @property
    def closed(self) -> bool:
        return self._peer is None or self._peer.close_code is not None

    @rule(text=TEXTS, more=st.booleans())
    def says(self, text: str, more: bool) -> None:
        extra = MORE.get(self.route.name, {}) if more else {}
        self.run(self._send({**self.route.say(text), **extra}))

    @precondition(lambda self: self.route.end is not None)
    @rule()
    def ends_its_text(self) -> None:
        self.run(self._send(self.route.end))

    @precondition(lambda self: bool(self.route.stop))
    @rule()
    def cancels(self) -> None:
        self.run(self._send(self.route.stop[-1]))

    @rule(message=WRONG)
    def errs(self, message: str | bytes) -> None:
        self.run(self._send(message))

    @rule(seconds=st.sampled_from([0.001, 0.02]))
    def listens(self, seconds: float) -> None:
        self.run(self._hear(seconds))

    @precondition(lambda self: bool(self.route.leave))
    @rule()
    def has_no_more_to_ask(self) -> None:
        self.run(self._send(*self.route.leave))
        self._leaving = True

    @rule()
    def vanishes(self) -> None:
        self.run(self._come_back())
        assert self._peer is not None
        self._peer.transport.abort()
        self.run(self._peer.wait_closed())

    def teardown(self) -> None:
        """What was asked for and not stopped has an outcome: nothing else takes a context from its
        caller."""
        try:
            if not self.closed:
                self.run(self._finish())
            if self._peer is not None:
                self.run(self._peer.close())
                assert self._peer.close_code in ENDS
            server = self.server
            wait_until(lambda: not server.service.callers)
            assert server.service.slots.active == server.service.slots.queued == 0
            assert server.backend.stats().running == 0
            assert len(server.backend.started) == len(server.backend.ended)
            wait_until(lambda: server.tasks() <= server.idle_tasks)
            assert server.service.health.ready
        finally:
            self._loop.close()

    async def _finish(self) -> None:
        """Everything is stopped, or has ended: then the server closes by itself."""
        if self._leaving or not self.route.several:
            await self._send(*self.route.leave)
            while not self.closed:
                await self._hear(1.0)
            return
        await self._send(*self.route.stop)
        await self._hear(0.05)


@pytest.mark.parametrize("route", SOCKETS, ids=str)
def test_any_order_of_messages(server: ServerThread, route: SocketRoute) -> None:
    machine = type("AnyOrder", (AnyOrder,), {"server": server, "route": route})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples(15), stateful_step_count=15)
    )
    server.assert_as_before()
