"""Requests that come, are cancelled and are heard in any order, on every socket that has a word for
it: once a cancel is answered nothing of what it was about is heard, and the others are whole."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load.routes import CARTESIA, DEEPGRAM, MULTI, OWN, SocketRoute, audio_of, error_code
from tests.support.any_route import socket_url
from tests.support.backend_double import Behaviour
from tests.support.examples import examples
from tests.support.listener_ledger import ListenerLedger
from tests.support.server_thread import ServerThread, serving
from tests.support.step_codec import StepCodec

TEXTS = ("Hello.", "It rains.", "One two three. Four five six.", "Good evening, all of you.")
FRAMES = 6
MOST = 4
"""Requests of a client that are not answered."""
HANGS_S = 60
ROUTES = (OWN, CARTESIA, DEEPGRAM, MULTI)
"""`stream-input` has no word for it."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(codec=StepCodec(), slots=4, max_pending=6) as server:
        server.backend.behaviour = Behaviour(frames=FRAMES)
        yield server


def about(message: dict[str, Any], name: str) -> dict[str, Any]:
    """The same message about another context, where it is about one by name."""
    if message == {"cancel": True}:
        return {"cancel": name}
    if "context_id" in message:
        return {**message, "context_id": name}
    return message if "type" in message else {**message, "id": name}


def name_of(message: dict[str, Any]) -> str | None:
    return message.get("context_id", message.get("id"))


class Client:
    """One socket, and what is to be heard there. Every message is checked as it comes."""

    def __init__(self, peer: ClientConnection, route: SocketRoute, wholes: dict[str, bytes]):
        self.peer, self.route, self.wholes = peer, route, wholes
        self.ledger = ListenerLedger()
        self._clears: deque[list[str]] = deque()  # of each Clear, what it is about
        self._names = map(str, itertools.count())

    async def ask(self, text: str, name: str | None = None) -> str:
        name = name or next(self._names)
        self.ledger.asks(name, self.wholes[text])
        await self.say(*(about(message, name) for message in self.route.text(text)))
        return name

    async def cancel(self, name: str) -> None:
        names = [name]
        if self.route is DEEPGRAM:
            names = list(self.ledger.open)
            self._clears.append(names)
        for each in names:
            self.ledger.cancels(each)
        # ElevenLabs' first one is the end of the text, which was said with it.
        await self.say(about(self.route.stop[-1], name))

    async def say(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self.peer.send(json.dumps(message))

    async def hear(self) -> None:
        raw = await self.peer.recv()
        message = raw if isinstance(raw, bytes) else json.loads(raw)
        if isinstance(message, dict):
            assert error_code(message) is None, message
        if audio := audio_of(message):
            self.ledger.hears(audio, None if isinstance(message, bytes) else name_of(message))
        if isinstance(message, dict) and self.route.over(message):
            self._ended(message)

    def _ended(self, message: dict[str, Any]) -> None:
        if message.get("type") == "Cleared":
            for name in self._clears.popleft():
                if name in self.ledger.open:
                    self.ledger.ends(name)
        elif message.get("type") == "Flushed":
            self.ledger.ends(next(iter(self.ledger.open)), whole=True)
        else:
            self.ledger.ends(str(name_of(message)), whole=message.get("reason") == "completed")

    async def hear_for(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self.hear()

    async def hear_until(self, left: int) -> None:
        """No more than so many are not answered."""
        async with asyncio.timeout(HANGS_S):
            while len(self.ledger.open) > left:
                await self.hear()


async def opened(server: ServerThread, route: SocketRoute, wholes: dict[str, bytes]) -> Client:
    peer = await connect(socket_url(server, route), max_size=None, compression=None, proxy=None)
    return Client(peer, route, wholes)


async def uninterrupted(server: ServerThread, route: SocketRoute) -> dict[str, bytes]:
    """Of each text."""
    found = {}
    for text in TEXTS:
        client = await opened(server, route, {})
        await client.say(*(about(message, "0") for message in route.text(text)))
        audio, over = b"", False
        while not over:
            raw = await client.peer.recv()
            message = raw if isinstance(raw, bytes) else json.loads(raw)
            audio += audio_of(message)
            over = isinstance(message, dict) and route.over(message)
        await client.peer.close()
        found[text] = audio
    return found


class AnyCancel(RuleBasedStateMachine):
    server: ServerThread
    route: SocketRoute
    wholes: dict[str, bytes]

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._names: list[str] = []
        self.client: Client

    def run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    @initialize(rate=st.sampled_from([None, 500.0]))
    def opens(self, rate: float | None) -> None:
        self.server.backend.behaviour = Behaviour(frames=FRAMES, rate=rate)
        self.client = self.run(opened(self.server, self.route, self.wholes))

    @rule(text=st.sampled_from(TEXTS))
    def asks(self, text: str) -> None:
        self.run(self.client.hear_until(MOST - 1))
        self._names.append(self.run(self.client.ask(text)))

    @rule(back=st.integers(1, MOST))
    def cancels(self, back: int) -> None:
        """One of the last few; it may be too late for it."""
        for name in self._names[-back:][:1]:
            self.run(self.client.cancel(name))

    @rule(seconds=st.sampled_from([0.001, 0.01, 0.05]))
    def listens(self, seconds: float) -> None:
        self.run(self.client.hear_for(seconds))

    def teardown(self) -> None:
        try:
            self.run(self.client.hear_until(0))
            self.run(self.client.hear_for(0.02))
            self.run(self.client.peer.close())
        finally:
            self._loop.close()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_nothing_is_heard_after_a_cancel(server: ServerThread, route: SocketRoute) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES)
    wholes = asyncio.run(uninterrupted(server, route))
    assert len(set(wholes.values())) == len(TEXTS)
    named = {"server": server, "route": route, "wholes": wholes}
    run_state_machine_as_test(
        type("AnyCancel", (AnyCancel,), named),
        settings=settings(max_examples=examples(10), stateful_step_count=15),
    )
    server.assert_as_before()


async def test_a_name_that_is_used_again_at_once_is_the_new_ones(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=500.0)
    wholes = await uninterrupted(server, CARTESIA)
    first, second = (wholes[text] for text in TEXTS[:2])
    client = await opened(server, CARTESIA, wholes)
    await client.ask(TEXTS[0], "a")
    while not client.ledger.open["a"].heard:
        await client.hear()
    heard = client.ledger.open["a"].heard
    await client.cancel("a")
    await client.say(*(about(message, "a") for message in CARTESIA.text(TEXTS[1])))
    audio, over = b"", False
    while not over:
        message = json.loads(await client.peer.recv())
        audio += audio_of(message)
        over = CARTESIA.over(message) and audio.endswith(second)
    await client.peer.close()
    assert audio.endswith(second)
    assert first.startswith(heard + audio.removesuffix(second))


def told(*events: tuple[str, str, bytes]) -> None:
    """By a client that asked for a and b, and stopped a."""
    ledger = ListenerLedger()
    ledger.asks("a", b"aaaa")
    ledger.asks("b", b"bbbb")
    ledger.cancels("a")
    for kind, name, audio in events:
        if kind == "hears":
            ledger.hears(audio, name)
        else:
            ledger.ends(name)


A, B = ("hears", "a", b"aa"), ("hears", "b", b"bbbb")


def test_audio_on_its_way_when_it_is_stopped_is_its_own() -> None:
    told(A, B, ("ends", "a", b""), ("ends", "b", b""))


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ((A, ("ends", "a", b""), A), "has ended"),
        ((B, ("ends", "b", b""), ("ends", "a", b""), B), "has ended"),
        ((("hears", "b", b"aa"),), "not this context's"),
        ((A, ("hears", "a", b"aaa")), "not this context's"),
        ((("hears", "b", b"bb"), ("ends", "b", b"")), "lacks audio"),
    ],
)
def test_the_ledger_sees(events: tuple[tuple[str, str, bytes], ...], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        told(*events)
