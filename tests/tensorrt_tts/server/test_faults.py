"""Everything that goes wrong on real sockets, and that nothing is left behind by it."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.codecs.base import Job
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.tts_client import (
    Answer,
    BareSocket,
    ask,
    assert_same_audio,
    close_code,
    connected,
    receive,
)

SPEAKING = Behaviour(endless=True, rate=300)
SHORT = Behaviour(frames=6)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(
        BackendDouble(behaviour=SHORT),
        slots=2,
        max_queued=1,
        stall_timeout_s=3.0,
        idle_timeout_s=60,
        ping_interval_s=1.0,
        ping_timeout_s=1.0,
        max_message_bytes=4096,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def shared_patient() -> Iterator[ServerThread]:
    """Its own deadlines are further off than `wait_until` waits: who is gone has to be noticed."""
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(slots=2, max_queued=1, ping_interval_s=600, ping_timeout_s=600, **far) as server:
        yield server


@pytest.fixture
def patient(shared_patient: ServerThread) -> Iterator[ServerThread]:
    yield shared_patient
    shared_patient.assert_as_before()


async def still_serves(server: ServerThread) -> None:
    server.backend.behaviour = SHORT
    async with connected(server.url) as peer:
        assert (await ask(peer)).final["reason"] == "completed"


def test_client_vanishes_while_it_is_spoken_to(patient: ServerThread) -> None:
    patient.backend.behaviour = SPEAKING
    peer = BareSocket(patient.url)
    peer.send(text="Hello.")
    assert len(peer.tcp.recv(1000)) > 0
    peer.vanish()
    wait_until(lambda: patient.service.slots.active == 0)
    assert patient.backend.stats().running == 0


def test_client_vanishes_while_queued(patient: ServerThread) -> None:
    patient.backend.behaviour = SPEAKING
    begun = len(patient.backend.started)
    with BareSocket(patient.url) as first, BareSocket(patient.url) as second:
        first.send(text="One.")
        second.send(text="Two.")
        wait_until(lambda: patient.service.slots.active == 2)
        third = BareSocket(patient.url)
        third.send(text="Three.")
        wait_until(lambda: patient.service.slots.queued == 1)
        third.vanish()
        wait_until(lambda: patient.service.slots.queued == 0)
    assert len(patient.backend.started) == begun + 2


async def test_client_closes_while_it_is_spoken_to(patient: ServerThread) -> None:
    patient.backend.behaviour = SPEAKING
    async with connected(patient.url) as peer:
        await peer.send(json.dumps({"text": "Hello."}))
        await peer.recv()
    await asyncio.to_thread(wait_until, lambda: patient.service.slots.active == 0)


def test_half_open_peer(server: ServerThread) -> None:
    """It reads what it is sent (or its kernel does) but never answers a ping."""
    server.backend.behaviour = SPEAKING
    with BareSocket(server.url) as peer:
        peer.send(text="Hello.")
        wait_until(lambda: server.service.slots.active == 1)
        while peer.tcp.recv(65536):
            pass  # until the server gives up on it
        wait_until(lambda: not server.service.callers)


def test_half_open_peer_with_nothing_to_do(server: ServerThread) -> None:
    with BareSocket(server.url) as peer:
        wait_until(lambda: len(server.service.callers) == 1)
        while peer.tcp.recv(65536):
            pass
        wait_until(lambda: not server.service.callers)


def test_reader_that_stops_reading() -> None:
    """Cut at the deadline, its slot freed; another stream does not notice."""
    # Audio must come faster than buffers empty, or the kernel's own deadline is the first.
    quick = NullCodec()
    with serving(codec=quick, slots=2, send_timeout_s=1, send_buffer_bytes=4096) as server:
        server.backend.behaviour = Behaviour(endless=True)
        with BareSocket(server.url, receive_buffer=4096) as peer:
            peer.send(text="Hello.", max_tokens=4000)
            wait_until(lambda: server.service.slots.active == 1)
            asyncio.run(still_serves(server))
            wait_until(lambda: server.service.slots.active == 0)
            # On a busy machine the kernel's own deadline may still be the first.
            ends = ("slow_reader", "disconnected")
            named = [f'tts_requests_total{{outcome="{end}"}}' for end in ends]
            assert sum(map(server.metric, named)) == 1
            # The client still holds its end open and full, yet nothing lingers on ours.
            wait_until(lambda: not server.server.server_state.connections)
        server.assert_as_before()


async def test_oversized_message_closes_1009(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello."}))
        await peer.recv()
        await peer.send("x" * 4097)
        assert await close_code(peer) == 1009


async def test_invalid_json_twice_and_binary_do_not_disturb_speech(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=12, rate=300)
    async with connected(server.url) as peer:
        alone = await ask(peer, seed=3)
        await peer.send(json.dumps({"text": "Hello.", "seed": 3}))
        for message in ("{", "{", b"\x00"):
            await peer.send(message)
        parts = [await receive(peer) for _ in range(4)]
    assert [part.code for part in parts] == ["invalid_request"] * 3 + [None]
    assert_same_audio(b"".join(part.audio for part in parts), alone.audio)


async def test_overload_serves_three_of_ten_and_refuses_seven_fast(server: ServerThread) -> None:
    """All seven know before the first of the three has been spoken to."""
    server.backend.behaviour = Behaviour(frames=12, rate=150)
    ended: list[str | None] = []

    async def one() -> Answer:
        async with connected(server.url) as peer:
            await ready.wait()
            answer = await ask(peer)
            ended.append(answer.code)
            return answer

    ready = asyncio.Event()
    clients = [asyncio.create_task(one()) for _ in range(10)]
    await asyncio.to_thread(wait_until, lambda: len(server.service.callers) == 10)
    ready.set()
    answers = await asyncio.gather(*clients)
    served = [answer for answer in answers if answer.final.get("done")]
    refused = [answer for answer in answers if answer.code == "overloaded"]
    assert (len(served), len(refused)) == (3, 7)
    assert ended[:7] == ["overloaded"] * 7
    assert all(answer.final["error"]["retry_after"] >= 1 for answer in refused)
    assert all(len(answer.audio) == 12 * 4096 for answer in served)
    again = await asyncio.gather(*(one() for _ in range(3)))
    assert all(answer.final["reason"] == "completed" for answer in again)


async def test_one_request_fails_and_the_socket_goes_on(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(fail_at=30)
    async with connected(server.url) as peer:
        answer = await ask(peer)
        assert answer.code == "backend_error"
        server.backend.behaviour = SHORT
        assert (await ask(peer)).final["reason"] == "completed"


async def test_backend_hangs(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(hang_at=30)
    async with connected(server.url) as peer:
        answer = await ask(peer)
        assert answer.code == "backend_stalled"
        assert len(answer.audio) > 0
        server.backend.behaviour = SHORT
        assert (await ask(peer)).final["reason"] == "completed"


async def test_model_ends_at_once(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    async with connected(server.url) as peer:
        assert (await ask(peer)).code == "no_audio"


async def test_model_never_ends(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True)
    async with connected(server.url) as peer:
        assert (await ask(peer, max_tokens=140)).final["reason"] == "max_tokens"


async def test_a_slot_is_clean_for_the_next_one(server: ServerThread) -> None:
    """Audio in a slot that was just cancelled equals audio in a fresh one."""
    server.backend.behaviour = SHORT
    async with connected(server.url) as peer:
        alone = await ask(peer, "Next.", seed=5)
        for _ in range(4):
            server.backend.behaviour = SPEAKING
            await peer.send(json.dumps({"text": "Cancelled."}))
            await peer.recv()
            server.backend.behaviour = SHORT
            await peer.send('{"cancel": true}')
            await receive(peer)
            assert_same_audio((await ask(peer, "Next.", seed=5)).audio, alone.audio)


async def test_backend_dies_at_step_ten() -> None:
    """All streams get the typed error, health fails, and the process ends to be replaced."""
    server = ServerThread(BackendDouble(behaviour=SHORT))
    server.start()
    server.backend.behaviour = Behaviour(endless=True, rate=100)
    async with connected(server.url) as bystander, connected(server.url) as victim:
        await bystander.send(json.dumps({"text": "Long."}))
        await bystander.recv()
        server.backend.behaviour = Behaviour(die_at=10)
        answers = [await ask(victim), await receive(bystander)]
        assert [await close_code(peer) for peer in (victim, bystander)] == [1011, 1011]
    assert [answer.code for answer in answers] == ["engine_died"] * 2
    assert not server.service.health.live
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert server.exit_code == 8
    assert server.service.slots.active == 0
    assert server.backend.stats().running == 0
    assert server.backend.closed


async def test_engine_that_does_not_let_go_is_given_up() -> None:
    server = ServerThread(BackendDouble(behaviour=SHORT), abort_timeout_s=0.2, drain_timeout_s=0)
    server.start()
    server.backend.behaviour = Behaviour(hang_at=3, deaf=True)
    before = server.backend.generated
    peer = BareSocket(server.url)
    peer.send(text="Hello.")
    wait_until(lambda: server.backend.generated == before + 3)
    peer.vanish()
    await asyncio.to_thread(wait_until, lambda: not server.service.health.live)
    assert await asyncio.to_thread(server.stop) == 8


@pytest.mark.parametrize("client", ["waits", "cancels"])
async def test_engine_that_does_not_let_go_is_noticed_while_the_client_stays(client: str) -> None:
    server = ServerThread(
        BackendDouble(behaviour=SHORT),
        stall_timeout_s=3 if client == "waits" else 60,
        abort_timeout_s=0.2,
        drain_timeout_s=0,
    )
    server.start()
    server.backend.behaviour = Behaviour(hang_at=30, deaf=True)
    hung_at = server.backend.generated + 30
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello."}))
        await asyncio.to_thread(wait_until, lambda: server.backend.generated == hung_at)
        if client == "cancels":
            await peer.send('{"cancel": true}')
        await asyncio.to_thread(wait_until, lambda: not server.service.health.live)
        assert (await receive(peer)).code == "engine_died"
    assert await asyncio.to_thread(server.stop) == 8


async def test_a_codec_that_hangs_is_a_stall() -> None:
    """Three in a row, and the process is to be replaced: the codec's one thread is lost."""
    release = threading.Event()

    class Stuck(NullCodec):
        stuck = False

        def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
            if self.stuck:
                release.wait(60)
            return super().run(jobs)

    codec = Stuck()
    server = ServerThread(BackendDouble(behaviour=SHORT), codec)
    server.start()
    server.stall_after(0.5)
    codec.stuck = True
    async with connected(server.url) as peer:
        assert [(await ask(peer)).code for _ in range(3)] == ["backend_stalled"] * 3
    assert not server.service.health.live
    release.set()
    assert await asyncio.to_thread(server.stop) == 8


async def test_engine_that_dies_while_nobody_speaks() -> None:
    server = ServerThread(BackendDouble(behaviour=SHORT))
    server.start()
    server.backend.die()
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert server.exit_code == 8


async def test_what_is_refused_takes_no_slot(server: ServerThread) -> None:
    """An unknown voice is told at once, though all slots are taken and the queue is not."""
    server.backend.behaviour = SPEAKING
    async with AsyncExitStack() as stack:
        speaking = [await stack.enter_async_context(connected(server.url)) for _ in range(2)]
        for peer in speaking:
            await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
        wrong = await stack.enter_async_context(connected(server.url))
        assert (await ask(wrong, voice="nobody")).code == "unknown_voice"
        assert server.service.slots.active == 2


async def test_times_count_from_the_arrival(server: ServerThread) -> None:
    """Also of a request that waits for another on its own socket."""
    server.backend.behaviour = Behaviour(frames=6, rate=60)  # 0.7 s
    async with connected(server.url) as peer:
        for name in ("1", "2"):
            await peer.send(json.dumps({"text": "Hello.", "id": name, "benchmark": True}))
        first, second = (await receive(peer)).final, (await receive(peer)).final
    assert second["metrics"]["queue_ms"] > 0.8 * 1000 * first["metrics"]["generation_time_s"]
    assert second["metrics"]["ttfa_ms"] > second["metrics"]["queue_ms"]


async def test_stalls_in_a_row_mean_a_dead_engine() -> None:
    server = ServerThread(BackendDouble(behaviour=SHORT))
    server.start()
    server.stall_after(0.5)
    server.backend.behaviour = Behaviour(hang_at=1)
    async with connected(server.url) as peer:
        codes = [(await ask(peer)).code for _ in range(3)]
    assert codes == ["backend_stalled"] * 3
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert server.exit_code == 8


async def test_idle_socket_is_closed_and_a_busy_one_is_not() -> None:
    with serving(idle_timeout_s=0.4) as server:
        server.backend.behaviour = Behaviour(frames=12, rate=60)  # 1.4 s
        async with connected(server.url) as peer:
            assert (await ask(peer)).final["reason"] == "completed"
            with pytest.raises(ConnectionClosed) as closed:
                await peer.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "idle_timeout")
        server.assert_as_before()


async def test_more_sockets_than_allowed_are_refused_at_the_handshake() -> None:
    with serving(max_sockets=1) as server:
        async with connected(server.url) as peer:
            assert (await ask(peer)).final["reason"] == "completed"
            with pytest.raises(InvalidStatus) as refused:
                async with connected(server.url):
                    pass
        response = refused.value.response
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
        assert json.loads(response.body or b"")["error"]["code"] == "overloaded"
        assert server.metric('tts_refused_sockets_total{code="overloaded"}') == 1
        server.assert_as_before()
