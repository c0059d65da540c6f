"""Each protocol's measuring client against the real server, and against uvicorn alone."""

import asyncio
import itertools

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from benchmarks.doubles.stamps import latencies
from benchmarks.host.bare_server import FRAME, FRAME_S
from benchmarks.listener.integrity import Fault, faults
from benchmarks.listener.measures import timeline
from benchmarks.load.protocol_endpoints import PROTOCOLS, endpoint_of
from benchmarks.load.server_process import serving as served
from benchmarks.prompts import load
from tensorrt_tts.errors import BackendError, SettingError
from tests.support.backend_double import Behaviour
from tests.support.server_thread import serving, wait_until

FRAMES = 6
PROMPT = load("en")[0]


@pytest.fixture(scope="module")
def server():
    with serving(codec=NullCodec()) as running:
        yield running


async def asked(server, protocol, count=1, samples=FRAMES * FRAME):
    endpoint = endpoint_of(protocol, f"http://127.0.0.1:{server.port}", samples, 30.0)
    assert endpoint.name == protocol
    async with endpoint.open() as connection:
        return [await connection.speak(PROMPT, None, 0.0) for _ in range(count)]


def wrong(exchange):
    return faults(exchange, timeline(exchange))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_two_whole_answers_on_one_connection(server, protocol):
    server.backend.behaviour = Behaviour(frames=FRAMES)
    exchanges = await asked(server, protocol, 2)
    assert [exchange.error for exchange in exchanges] == [None, None]
    assert [wrong(exchange) for exchange in exchanges] == [(), ()]
    for exchange in exchanges:
        times = [exchange.sent, *(message.at for message in exchange.messages), exchange.closed]
        assert times == sorted(times)
    one, other = (timeline(exchange).pcm for exchange in exchanges)
    assert len(one) == len(other) == FRAMES * FRAME


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_answer_of_another_length_is_at_fault(server, protocol):
    server.backend.behaviour = Behaviour(frames=FRAMES - 1)
    (exchange,) = await asked(server, protocol)
    assert exchange.error is None
    assert Fault.MISSING in wrong(exchange)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_failure_is_told_and_the_next_answer_is_whole(server, protocol):
    endpoint = endpoint_of(protocol, f"http://127.0.0.1:{server.port}", FRAMES * FRAME, 30.0)
    async with endpoint.open() as connection:
        server.backend.behaviour = Behaviour(fail_at=1)
        failed = await connection.speak(PROMPT, None, 0.0)
        server.backend.behaviour = Behaviour(frames=FRAMES)
        sound = await connection.speak(PROMPT, None, 0.0)
    assert failed.error
    assert wrong(failed) == (Fault.FAILED,)
    assert wrong(sound) == ()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_answer_that_breaks_off_is_an_error(server, protocol):
    server.backend.behaviour = Behaviour(frames=40, fail_at=7 * 20, rate=500)
    (exchange,) = await asked(server, protocol)
    assert exchange.error
    assert exchange.messages


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_nobody_there(protocol):
    endpoint = endpoint_of(protocol, "http://127.0.0.1:1", FRAME, 5.0)
    async with endpoint.open() as connection:
        assert (await connection.speak(PROMPT, None, 0.0)).error
        with pytest.raises(BackendError, match=r"127\.0\.0\.1:1"):
            await connection.connect()


async def test_a_full_server_refuses_over_http(server):
    with serving(slots=1, max_queued=0, codec=NullCodec()) as full:
        full.backend.behaviour = Behaviour(endless=True, rate=82.0)
        endpoint = endpoint_of("openai", f"http://127.0.0.1:{full.port}", FRAME, 0.5)
        async with endpoint.open() as first, endpoint.open() as second:
            await first.connect()
            speaking = asyncio.create_task(first.speak(PROMPT, None, 0.0))
            await asyncio.to_thread(wait_until, lambda: full.service.slots.active == 1)
            refused = await second.speak(PROMPT, None, 0.0)
            assert (refused.refused, "503" in refused.error) == (True, True)
            assert "within 0.5 s" in (await speaking).error


def test_an_unknown_protocol_is_named():
    with pytest.raises(SettingError, match=r"'polly': use some of ws_tts,openai"):
        endpoint_of("polly", "http://127.0.0.1:1", FRAME, 1.0)


async def test_uvicorn_alone_sends_frames_at_the_pace_of_speech(tmp_path):
    with served(
        ["--seconds", "1"], tmp_path / "log", module="benchmarks.host.bare_server"
    ) as process:
        frames = round(1 / FRAME_S)
        for protocol in ("ws_tts", "openai"):
            endpoint = endpoint_of(protocol, process.base, frames * FRAME, 30.0)
            async with endpoint.open() as connection:
                for _ in range(2):
                    exchange = await connection.speak(PROMPT, None, 0.0)
                    assert wrong(exchange) == ()
                    late = latencies(exchange.messages)
                    assert len(late) == len(exchange.messages) == frames
                    made = np.array([message.at for message in exchange.messages]) - late
                    steps = [after - before for before, after in itertools.pairwise(made)]
                    assert np.median(steps) == pytest.approx(FRAME_S, rel=0.2)
