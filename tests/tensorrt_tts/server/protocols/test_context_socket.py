"""Several contexts on one socket, through a protocol that stands in no table but the test's."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server import app
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.toy_protocol import PATH, ToySocket, toy_routes
from tests.support.tts_client import BareSocket, ask, close_code, connected

SHORT = Behaviour(frames=6)
SPEAKING = Behaviour(endless=True, rate=300)
SAMPLES = 6 * 2048


@pytest.fixture(scope="module", autouse=True)
def toy() -> Iterator[None]:
    """A further protocol is its file and a line of the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.create_app, "__defaults__", ((*app.PROTOCOLS, toy_routes),))
        yield


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(
        BackendDouble(behaviour=SHORT),
        codec=NullCodec(),
        slots=2,
        max_queued=2,
        max_pending=4,
        **far,
    ) as server:
        yield server


def url(server: ServerThread, query: str = "") -> str:
    return f"ws://127.0.0.1:{server.port}{PATH}{query}"


async def say(peer: ClientConnection, name: str, text: str = "Hello.", **more: Any) -> None:
    await peer.send(json.dumps({"name": name, "say": text, **more}))


async def heard(peer: ClientConnection, *names: str) -> dict[str, list[dict[str, Any]]]:
    """Until each of these has had its last message."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    open_names = set(names)
    while open_names:
        message = json.loads(await peer.recv())
        name = message.pop("name")
        found[name].append(message)
        if not message.get("samples"):
            open_names.remove(name)
    return found


async def test_several_speak_at_once_each_its_own(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=6, rate=400)
    async with connected(url(server)) as peer:
        for name in "abc":
            await say(peer, name)
        found = await heard(peer, *"abc")
    for said in found.values():
        assert sum(message.get("samples", 0) for message in said) == SAMPLES
        assert said[-1] == {"done": "completed"}


async def test_they_overlap(server: ServerThread) -> None:
    """What takes as long as the test allows is no reason for the next to wait."""
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer:
        await say(peer, "long")
        await peer.recv()
        server.backend.behaviour = SHORT
        await say(peer, "short")
        assert (await heard(peer, "short"))["short"][-1] == {"done": "completed"}
        await peer.send(json.dumps({"name": "long", "stop": True}))
        assert (await heard(peer, "long"))["long"][-1] == {"done": "cancelled"}


async def test_a_text_in_pieces_keeps_its_context(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        for text in ("One. ", "Two. "):
            await say(peer, "a", text, more=True)
        await say(peer, "a", "Three.")
        (said,) = (await heard(peer, "a")).values()
    assert sum(message.get("samples", 0) for message in said) >= 3 * SAMPLES


async def test_no_more_contexts_than_may_be_and_the_others_live(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer:
        for name in "abcde":
            await say(peer, name)
        while "error" not in (message := json.loads(await peer.recv())):
            pass
        assert message == {"error": "rate_limited"}
        assert server.service.slots.active == 2


@pytest.mark.parametrize("how", ["close", "vanish"])
async def test_who_leaves_frees_all_its_slots_and_its_place_in_the_queue(
    server: ServerThread, how: str
) -> None:
    server.backend.behaviour = SPEAKING
    before = server.metric('tts_requests_total{outcome="disconnected"}')
    peer = BareSocket(url(server))
    for name in "abc":
        peer.send(name=name, say="Hello.")
    wait_until(lambda: (server.service.slots.active, server.service.slots.queued) == (2, 1))
    peer.vanish() if how == "vanish" else peer.tcp.close()
    wait_until(lambda: (server.service.slots.active, server.service.slots.queued) == (0, 0))
    wait_until(lambda: not server.service.callers)
    assert server.metric('tts_requests_total{outcome="disconnected"}') == before + 3


def test_a_reader_that_stops_is_cut_with_all_its_contexts() -> None:
    small = {"send_timeout_s": 1, "send_buffer_bytes": 4096, "lead_s": 1000}
    with serving(codec=NullCodec(), slots=2, max_characters=50_000, **small) as server:
        server.backend.behaviour = Behaviour(frames=20)
        text = "Something is said here. " * 1000
        with BareSocket(url(server), receive_buffer=4096) as peer:
            peer.send(name="a", say=text)
            peer.send(name="b", say=text)
            wait_until(lambda: server.service.slots.active == 2)
            wait_until(lambda: not server.service.callers)
            assert server.metric('tts_requests_total{outcome="slow_reader"}') == 2
        server.assert_as_before()


async def test_a_drain_lets_all_contexts_end_and_then_closes() -> None:
    with serving(codec=NullCodec(), slots=1) as server:
        server.backend.behaviour = Behaviour(frames=12, rate=100)
        async with connected(url(server)) as peer, connected(url(server)) as idle:
            for name in "ab":
                await say(peer, name)
            await peer.recv()
            server.signal()
            assert await close_code(idle) == 1012
            await say(peer, "late")
            refused, found = [], defaultdict(list)
            with suppress(ConnectionClosed):
                while True:
                    message = json.loads(await peer.recv())
                    (refused if "error" in message else found[message["name"]]).append(message)
            assert peer.close_code == 1012
            assert refused == [{"error": "draining"}]
            assert {said[-1]["done"] for said in found.values()} == {"completed"}
        await asyncio.to_thread(wait_until, lambda: not server.running)
        assert server.exit_code == 0


async def test_an_engine_that_dies_is_told_to_every_context() -> None:
    """Also to those that wait for a slot."""
    server = ServerThread(BackendDouble(behaviour=SHORT), NullCodec(), slots=2)
    server.start()
    server.backend.behaviour = Behaviour(endless=True, rate=100)
    async with connected(url(server)) as peer:
        for name in "abc":
            await say(peer, name)
        await peer.recv()
        await asyncio.to_thread(wait_until, lambda: server.service.slots.queued == 1)
        server.backend.die()
        found = await heard(peer, *"abc")
        assert [said[-1] for said in found.values()] == [{"error": "engine_died"}] * 3
        assert await close_code(peer) == 1011
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert server.exit_code == 8


async def test_an_engine_that_does_not_let_go_is_given_up() -> None:
    server = ServerThread(
        BackendDouble(behaviour=SHORT), NullCodec(), abort_timeout_s=0.2, drain_timeout_s=0
    )
    server.start()
    server.backend.behaviour = Behaviour(hang_at=3, deaf=True)
    before = server.backend.generated
    peer = BareSocket(url(server))
    peer.send(name="a", say="Hello.")
    wait_until(lambda: server.backend.generated == before + 3)
    peer.vanish()
    await asyncio.to_thread(wait_until, lambda: not server.service.health.live)
    assert await asyncio.to_thread(server.stop) == 8


async def test_an_idle_socket_is_closed_and_a_busy_one_is_not() -> None:
    with serving(codec=NullCodec(), idle_timeout_s=0.4) as server:
        server.backend.behaviour = Behaviour(frames=12, rate=60)  # 1.4 s
        async with connected(url(server)) as peer:
            await say(peer, "a")
            assert (await heard(peer, "a"))["a"][-1] == {"done": "completed"}
            assert await close_code(peer) == 1008
            assert peer.close_reason == "idle_timeout"
        server.assert_as_before()


async def test_a_flood_closes_1008(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        with suppress(ConnectionClosed):
            for _ in range(20 * ToySocket.messages_at_once):
                await peer.send("0")
        assert await close_code(peer) == 1008
        assert peer.close_reason == "too_many_messages"


async def test_a_protocol_may_refuse_the_handshake(server: ServerThread) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(url(server, "?wrong=1")):
            pass
    assert refused.value.response.status_code == 400
    assert b"'wrong' is wrong" in (refused.value.response.body or b"")


async def test_the_table_is_all_that_knows_it(server: ServerThread) -> None:
    """Other paths name it, plain HTTP is told to upgrade, and what was there before still is."""
    assert "/toy, " in server.get("/nothing")[1]
    assert server.get(PATH)[0] == 426
    async with connected(server.url) as peer:
        assert (await ask(peer)).final["reason"] == "completed"
    with pytest.raises(InvalidStatus) as refused:
        async with connected(f"ws://127.0.0.1:{server.port}/nothing"):
            pass
    assert b"/toy, " in (refused.value.response.body or b"")
