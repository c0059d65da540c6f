import time

import pytest

from benchmarks.prompts import Prompt
from benchmarks.ws_endpoint import WebSocketEndpoint
from tensorrt_tts.errors import BackendError
from tests.benchmarks.exchanges import PROMPT
from tests.benchmarks.fake_server import Script, running

NOBODY = "ws://127.0.0.1:9/ws/tts"


async def speak(connection, prompt=PROMPT, voice=None):
    return await connection.speak(prompt, voice, time.perf_counter())


async def test_every_request_says_what_it_sends():
    async with (
        running(Script(frames=2)) as (url, server),
        WebSocketEndpoint(url).open() as connection,
    ):
        await speak(connection, Prompt("x", "नमस्ते", "hi"), "heart")
    assert server.requests == [{"text": "नमस्ते", "voice": "heart", "benchmark": True}]


async def test_requests_follow_each_other_on_one_socket():
    async with (
        running(Script(frames=2)) as (url, server),
        WebSocketEndpoint(url).open() as connection,
    ):
        await connection.connect()
        done = [await speak(connection) for _ in range(3)]
    assert [exchange.error for exchange in done] == [None] * 3
    assert server.sockets == 1


async def test_no_server_is_one_line_with_the_remedy():
    async with WebSocketEndpoint(NOBODY).open() as connection:
        with pytest.raises(BackendError, match="make serve"):
            await connection.connect()


async def test_a_refused_connection_is_a_failed_request_and_is_not_hammered():
    async with WebSocketEndpoint(NOBODY, pause=0.05).open() as connection:
        began = time.perf_counter()
        done = [await speak(connection) for _ in range(2)]
        assert time.perf_counter() - began >= 0.1
    assert all("no server" in exchange.error for exchange in done)
    # The pause is between requests: it is in neither's time.
    assert done[0].closed <= done[1].scheduled - 0.05


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(frames=2, close=True), "connection lost"),
        (Script(frames=2, error=True), "backend_error: the model died"),
        (Script(say="<html>"), "no JSON object: '<html>'"),
        (Script(say="[]"), "no JSON object"),
    ],
)
async def test_the_request_after_a_failed_one_has_a_new_socket(script, reason):
    async with (
        running(script, Script(frames=3, pace=0.1)) as (url, server),
        WebSocketEndpoint(url).open() as connection,
    ):
        broken, whole = [await speak(connection) for _ in range(2)]
    assert reason in broken.error
    assert whole.error is None
    assert len(whole.messages) == 3
    assert server.sockets == 2


async def test_audio_that_comes_after_the_timeout_is_not_the_next_answer_s():
    late = Script(frames=9, pace=0.0, think=0.5)
    async with (
        running(late, Script(frames=2, pace=0.0, think=0.2)) as (url, _),
        WebSocketEndpoint(url, timeout=0.4).open() as connection,
    ):
        first, second = [await speak(connection) for _ in range(2)]
    assert first.error == "no end of the answer within 0.4 s"
    assert len(second.messages) == 2
    assert second.final["chunks"] == 2
