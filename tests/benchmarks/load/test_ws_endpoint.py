import time

import pytest

from benchmarks.load.ws_endpoint import WebSocketEndpoint
from benchmarks.prompts import Prompt
from tensorrt_tts.errors import BackendError, CapacityError, SettingError
from tests.benchmarks.exchanges import PROMPT
from tests.benchmarks.fake_server import Script, full, running

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


async def test_a_server_that_is_not_there_refuses():
    async with WebSocketEndpoint(NOBODY).open() as connection:
        done = await speak(connection)
    assert "cannot be reached" in done.error
    assert (done.refused, done.retry_after) == (True, None)


OVERLOADED = {"code": "overloaded", "message": "all 2 slots are speaking", "retry_after": 7}


@pytest.mark.parametrize(
    ("answer", "kind", "retry_after"),
    [
        (full(503, "3"), CapacityError, 3.0),
        (full(429, "11"), CapacityError, 11.0),
        (full(503, "3", OVERLOADED), CapacityError, 7.0),  # finer than whole seconds
        (full(503, None, OVERLOADED), CapacityError, 7.0),
        (full(503, None), CapacityError, None),
        (full(503, "Wed, 21 Oct 2026 07:28:00 GMT"), CapacityError, None),
        (full(404, None), SettingError, None),
        (full(403, "3"), SettingError, None),
    ],
)
async def test_a_handshake_that_is_refused_says_how_long_to_wait(answer, kind, retry_after):
    async with (
        running(Script(frames=1), refusals=[answer, answer]) as (url, server),
        WebSocketEndpoint(url).open() as connection,
    ):
        with pytest.raises(kind) as refused:
            await connection.connect()
        done = await speak(connection)
    assert refused.value.retry_after == retry_after
    assert (done.refused, done.retry_after) == (True, retry_after)
    assert "\n" not in done.error
    assert server.refused == 2


@pytest.mark.parametrize(
    ("script", "refused", "retry_after"),
    [
        (Script(refuse=OVERLOADED), True, 7.0),
        (Script(refuse={"code": "rate_limited", "message": "", "retry_after": 0.5}), True, 0.5),
        (Script(refuse={"code": "draining", "message": ""}), True, None),
        (Script(refuse={"code": "overloaded", "retry_after": "never"}), True, None),
        (Script(refuse={"code": "invalid_text", "message": "empty"}), False, None),
        (Script(frames=1, error=True), False, None),
        (Script(frames=0, leave=1013), True, None),
        (Script(frames=1, leave=1012), True, None),
        (Script(frames=1, leave=1011), False, None),
        (Script(frames=1, close=True), False, None),
    ],
)
async def test_a_request_that_is_turned_away_says_how_long_to_wait(script, refused, retry_after):
    async with (
        running(script) as (url, _),
        WebSocketEndpoint(url).open() as connection,
    ):
        done = await speak(connection)
    assert done.error is not None
    assert (done.refused, done.retry_after) == (refused, retry_after)


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
    late = Script(frames=9, pace=0.0, think=1.5)
    async with running(late, Script(frames=2, pace=0.0, think=1.5)) as (url, _):
        endpoint = WebSocketEndpoint(url, timeout=0.4)
        async with endpoint.open() as connection:
            first = await speak(connection)
            endpoint.timeout = 60  # the second is under way when the late audio comes
            second = await speak(connection)
    assert first.error == "no end of the answer within 0.4 s"
    assert len(second.messages) == 2
    assert second.final["chunks"] == 2
