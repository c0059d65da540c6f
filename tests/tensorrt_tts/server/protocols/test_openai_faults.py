"""What goes wrong while speech is spoken over HTTP, and that nothing is left behind by it."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tests.support.altered_codecs import FailingCodec
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import PATH, BareRequest, Reply, ask
from tests.support.tts_client import ask as ask_socket
from tests.support.tts_client import connected, receive

SPEAKING = Behaviour(endless=True, rate=300)
SHORT = Behaviour(frames=6)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    """Its deadlines are further off than `wait_until` waits: who is gone has to be noticed."""
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(
        BackendDouble(behaviour=SHORT), codec=NullCodec(), slots=2, max_queued=1, **far
    ) as server:
        yield server


def outcome(server: ServerThread, name: str) -> float:
    return server.metric(f'tts_requests_total{{outcome="{name}"}}')


def begun(server: ServerThread, **fields: object) -> BareRequest:
    """A request that has had some of its audio."""
    request = BareRequest(server.port, **{"response_format": "pcm", **fields})
    while not request.has_body():
        request.read_some()
    return request


@pytest.mark.parametrize("response_format", ["pcm", "mp3", "mulaw"])
@pytest.mark.parametrize("stream_format", ["audio", "sse"])
@pytest.mark.parametrize("how", ["vanish", "close"])
def test_a_client_that_leaves_frees_its_slot(
    server: ServerThread, response_format: str, stream_format: str, how: str
) -> None:
    server.backend.behaviour = SPEAKING
    before = outcome(server, "disconnected")
    request = begun(server, response_format=response_format, stream_format=stream_format)
    assert server.service.slots.active == 1
    request.vanish() if how == "vanish" else request.tcp.close()
    took = wait_until(lambda: server.service.slots.active == 0)
    assert took < 10  # 250 ms is promised; what takes longer than this never was told
    assert server.backend.stats().running == 0
    assert outcome(server, "disconnected") == before + 1


def test_a_client_that_leaves_while_queued_is_never_spoken_to(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    started = len(server.backend.started)
    with begun(server), begun(server):
        queued = BareRequest(server.port)
        wait_until(lambda: server.service.slots.queued == 1)
        queued.vanish()
        wait_until(lambda: server.service.slots.queued == 0)
    assert len(server.backend.started) == started + 2


def test_a_client_that_leaves_before_its_body_has_come(server: ServerThread) -> None:
    for content in (b"", b'{"model"'):
        with socket.create_connection(("127.0.0.1", server.port)) as tcp:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            tcp.sendall(f"{head}Content-Length: 99\r\n\r\n".encode() + content)
            wait_until(lambda: len(server.service.callers) == 1)
        wait_until(lambda: not server.service.callers)


def test_a_body_that_does_not_come() -> None:
    with (
        serving(codec=NullCodec(), send_timeout_s=0.3) as server,
        socket.create_connection(("127.0.0.1", server.port)) as tcp,
    ):
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        tcp.sendall(f"{head}Content-Length: 99\r\n\r\n{{".encode())
        reply = b""
        while not reply.endswith(b"}}"):
            reply += tcp.recv(4096)
        assert b" 408 " in reply.splitlines()[0]
        assert json.loads(reply.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_request"
        server.assert_as_before()


def test_a_reader_that_stops_reading_is_cut_and_another_does_not_notice() -> None:
    with serving(codec=NullCodec(), slots=2, send_timeout_s=1, send_buffer_bytes=4096) as server:
        server.backend.behaviour = Behaviour(endless=True)
        with BareRequest(
            server.port, receive_buffer=4096, response_format="pcm", max_tokens=4000
        ) as request:
            wait_until(lambda: server.service.slots.active == 1)
            server.backend.behaviour = SHORT
            assert ask(server.port).whole
            wait_until(lambda: server.service.slots.active == 0)
            assert outcome(server, "slow_reader") == 1
            wait_until(lambda: not server.server.server_state.connections)
            assert not request.received.endswith(b"\r\n0\r\n\r\n")
        server.assert_as_before()


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (Behaviour(frames=0), 500, "no_audio"),
        (Behaviour(fail_at=3), 500, "backend_error"),
    ],
)
@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_what_fails_before_any_audio_has_a_status(
    server: ServerThread, behaviour: Behaviour, status: int, code: str, stream_format: str
) -> None:
    server.backend.behaviour = behaviour
    reply = ask(server.port, stream_format=stream_format)
    assert (reply.status, reply.whole) == (status, True)
    error = reply.error
    assert (error["type"], error["param"], error["code"]) == ("server_error", None, code)
    assert reply.headers["x-request-id"].startswith("req_")
    server.backend.behaviour = SHORT
    assert ask(server.port).whole


@pytest.mark.parametrize("response_format", ["pcm", "wav", "mp3", "opus"])
def test_what_breaks_off_is_told_from_what_is_whole(response_format: str) -> None:
    """Audio by HTTP's last chunk, which is missing; events say why besides."""
    codec = FailingCodec()
    with serving(codec=codec) as server:
        for stream_format in ("audio", "sse"):
            codec.left = 3
            reply = ask(server.port, response_format=response_format, stream_format=stream_format)
            assert (reply.status, reply.whole) == (200, False)
            assert len(reply.body) > 0
        *deltas, last = reply.events
        assert len(deltas) in (2, 3)  # MP3's first frame comes with the second chunk
        assert {event["type"] for event in deltas} == {"speech.audio.delta"}
        assert last["type"] == "error"
        assert last["error"] == {
            "message": "the codec failed",
            "type": "server_error",
            "param": None,
            "code": "backend_error",
        }
        assert outcome(server, "backend_error") == 2
        server.assert_as_before()


def test_a_stall_is_504_before_and_a_cut_after_the_first_audio() -> None:
    with serving(codec=NullCodec()) as server:
        server.stall_after(0.3)
        server.backend.behaviour = Behaviour(hang_at=3)
        before = ask(server.port)
        assert (before.status, before.error["code"]) == (504, "backend_stalled")
        server.backend.behaviour = Behaviour(hang_at=70)
        after = ask(server.port)  # its audio is decoded while the engine hangs
        assert (after.status, after.whole) == (200, False)
        server.assert_as_before()


def test_overload_is_503_at_once_and_then_it_recovers(server: ServerThread) -> None:
    """Two speak, one waits, seven are told so before anybody has been spoken to whole."""
    server.backend.behaviour = Behaviour(frames=12, rate=150)
    ended: list[int] = []

    def one(_: int) -> Reply:
        barrier.wait()
        reply = ask(server.port)
        ended.append(reply.status)
        return reply

    barrier = threading.Barrier(10)
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(one, range(10)))
    assert ended == [503] * 7 + [200] * 3
    for reply in replies:
        if reply.status == 503:
            assert int(reply.headers["retry-after"]) >= 1
            assert (reply.error["type"], reply.error["code"]) == ("server_error", "overloaded")
    server.backend.behaviour = SHORT
    assert all(ask(server.port).whole for _ in range(3))


async def test_sockets_and_requests_share_slots_and_queue(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(server.url) as peer, connected(server.url) as waiting:
        await peer.send(json.dumps({"text": "Hello."}))
        await peer.recv()
        request = await asyncio.to_thread(begun, server)
        await waiting.send(json.dumps({"text": "Hello.", "max_tokens": 70}))
        await asyncio.to_thread(wait_until, lambda: server.service.slots.queued == 1)
        assert (await asyncio.to_thread(ask, server.port)).status == 503
        request.vanish()
        assert (await receive(waiting)).final["reason"] == "max_tokens"
    await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
    server.backend.behaviour = SHORT
    async with connected(server.url) as peer:
        assert (await ask_socket(peer)).final["reason"] == "completed"


def test_as_many_callers_as_may_be() -> None:
    with serving(codec=NullCodec(), max_sockets=1) as server:
        server.backend.behaviour = SPEAKING
        with begun(server):
            reply = ask(server.port)
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            assert reply.error["code"] == "overloaded"
        server.assert_as_before()


def test_a_slot_is_clean_for_the_next_one(server: ServerThread) -> None:
    alone = ask(server.port, input="Next.", seed=5)
    for _ in range(3):
        server.backend.behaviour = SPEAKING
        begun(server).vanish()
        wait_until(lambda: server.service.slots.active == 0)
        server.backend.behaviour = SHORT
        assert ask(server.port, input="Next.", seed=5).body == alone.body


def test_an_engine_that_dies() -> None:
    """Before audio 503, after it a cut; then the process ends, to be replaced."""
    server = ServerThread(BackendDouble(behaviour=SHORT), NullCodec(), drain_timeout_s=600)
    server.start()
    server.backend.behaviour = Behaviour(endless=True, rate=100)
    with begun(server, stream_format="sse") as bystander:
        server.backend.behaviour = Behaviour(die_at=3)
        victim = ask(server.port)
        assert (victim.status, victim.headers["retry-after"]) == (503, "30")
        assert (victim.error["type"], victim.error["code"]) == ("server_error", "engine_died")
        wait_until(lambda: _ended(bystander))
        assert b'"code":"engine_died"' in bystander.received
        assert not bystander.received.endswith(b"\r\n0\r\n\r\n")
    wait_until(lambda: not server.running)
    assert server.exit_code == 8
    assert server.service.slots.active == 0


def _ended(request: BareRequest) -> bool:
    before = len(request.received)
    request.read_some()
    return len(request.received) == before


def test_while_draining_what_was_accepted_is_spoken_and_nothing_else() -> None:
    with serving(codec=NullCodec(), slots=1) as server:
        server.backend.behaviour = Behaviour(frames=12, rate=100)
        expected = ask(server.port, response_format="pcm", seed=1)
        with ThreadPoolExecutor(2) as pool:
            speaking = pool.submit(ask, server.port, response_format="pcm", seed=1)
            wait_until(lambda: server.service.slots.active == 1)
            queued = pool.submit(ask, server.port, response_format="pcm", seed=1)
            wait_until(lambda: server.service.slots.queued == 1)
            server.signal()
            wait_until(lambda: server.service.health.draining)
            late = ask(server.port)
            assert (late.status, late.headers["retry-after"]) == (503, "5")
            assert (late.error["type"], late.error["code"]) == ("server_error", "draining")
            for future in (speaking, queued):
                reply = future.result()
                assert (reply.whole, reply.body) == (True, expected.body)
        wait_until(lambda: not server.running)
        assert server.exit_code == 0


def test_a_drain_that_is_over_cuts_what_still_speaks(caplog: pytest.LogCaptureFixture) -> None:
    with serving(codec=NullCodec(), drain_timeout_s=0.3) as server:
        server.backend.behaviour = SPEAKING
        with begun(server) as request:
            server.signal()
            wait_until(lambda: _ended(request))
            assert not request.received.endswith(b"\r\n0\r\n\r\n")
        wait_until(lambda: not server.running)
        assert server.exit_code == 0
        sample = server.service.metrics.registry.get_sample_value
        assert sample("tts_requests_total", {"outcome": "cut"}) == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_engine_that_does_not_let_go_is_given_up() -> None:
    server = ServerThread(
        BackendDouble(behaviour=SHORT), NullCodec(), abort_timeout_s=0.2, drain_timeout_s=0
    )
    server.start()
    server.backend.behaviour = Behaviour(hang_at=3, deaf=True)
    before = server.backend.generated
    request = BareRequest(server.port)
    wait_until(lambda: server.backend.generated == before + 3)
    request.vanish()
    wait_until(lambda: not server.service.health.live)
    assert server.stop() == 8


def test_a_connection_serves_one_request_after_another(server: ServerThread) -> None:
    """Kept alive after a whole body and after a refusal, of a body that is too long too: nothing
    of it is left unread, and the answer cannot be lost."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    first = connection.sock
    for model, text, status in (
        ("tts-1", "Hello.", 200),
        ("nobody", "Hello.", 404),
        ("tts-1", "x" * 2_000_000, 413),
        ("tts-1", "Hello.", 200),
    ):
        content = json.dumps({"model": model, "voice": "alloy", "input": text})
        connection.request("POST", PATH, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == status
        assert response.read()
    assert connection.sock is first
    connection.close()
