import asyncio
import time

import pytest

from benchmarks.load import closed_loop, in_turn, open_loop
from benchmarks.prompts import load
from benchmarks.suites import COLD_REQUESTS, closed, iterations, lengths, poisson, sweep
from benchmarks.ws_endpoint import WebSocketEndpoint
from tensorrt_tts.errors import BackendError, SettingError
from tests.benchmarks.fake_server import Script, running

TEXTS = load("en")[:5]


async def test_in_turn_asks_for_each_text_once_and_never_two_at_a_time():
    async with running(Script(frames=2)) as (url, server):
        done = await in_turn(WebSocketEndpoint(url), TEXTS, None)
    assert [exchange.prompt for exchange in done] == list(TEXTS)
    assert [request["text"] for request in server.requests] == [text.text for text in TEXTS]
    assert server.most_open == 1


async def test_closed_loop_has_all_its_streams_under_way_while_any_is_judged():
    # Answers take 60 ms and starts are spread over 200: the first callers are long done with their
    # own when the last begins, and go on all the same.
    async with running(Script(frames=3, pace=0.35)) as (url, server):
        done = await closed_loop(WebSocketEndpoint(url), TEXTS, None, 4, 2, stagger=0.2)
    judged = [exchange for exchange in done if not exchange.edge]
    assert len(judged) == 4 * 2
    assert len(done) == len(server.requests) > 8
    assert server.most_open == 4
    assert [e.scheduled for e in done] == sorted(e.scheduled for e in done)
    begin, end = min(e.sent for e in judged), max(e.closed for e in judged)
    busy = sum(max(0.0, min(e.closed, end) - max(e.sent, begin)) for e in done)
    assert busy / (end - begin) > 3.5  # 4 but for the moments between answers
    assert {request["text"] for request in server.requests} == {text.text for text in TEXTS}


async def test_a_caller_whose_socket_dies_goes_on_with_a_new_one():
    async with running(Script(frames=1, close=True), Script(frames=1)) as (url, server):
        done = await closed_loop(WebSocketEndpoint(url), TEXTS, None, 2, 4, stagger=0.0)
    assert sum(exchange.error is not None for exchange in done) == 1
    assert sum(not exchange.edge for exchange in done) >= 8
    assert server.sockets == 1 + 2 + 1  # is anybody there; the callers; the new one


async def test_a_server_that_is_not_there_is_said_before_anyone_is_measured():
    endpoint = WebSocketEndpoint("ws://127.0.0.1:9/ws/tts")
    for load_loop in (in_turn(endpoint, TEXTS, None), closed_loop(endpoint, TEXTS, None, 3, 2)):
        with pytest.raises(BackendError, match="no server"):
            await load_loop


async def test_a_server_that_goes_away_leaves_failed_requests():
    answered = asyncio.Event()
    async with running(Script(frames=1, think=0.02)) as (url, _):
        loop = closed_loop(
            WebSocketEndpoint(url, pause=0.01),
            TEXTS,
            None,
            streams=2,
            each=20,
            stagger=0.0,
            seen=lambda exchange: answered.set(),
        )
        speaking = asyncio.create_task(loop)
        await answered.wait()
    done = await speaking
    assert done[0].error is None
    assert "no server" in done[-1].error
    assert sum(not exchange.edge for exchange in done) >= 40


async def test_open_loop_does_not_wait_for_a_slow_server():
    # Each answer takes 0.5 s; ten callers a second must therefore overlap.
    async with running(Script(frames=2, think=0.5)) as (url, server):
        done = await open_loop(WebSocketEndpoint(url), TEXTS, None, 10.0, 8, seed=3)
    assert len(done) == 8
    assert server.most_open > 1
    scheduled = [exchange.scheduled for exchange in done]
    assert scheduled == sorted(scheduled)
    assert all(exchange.sent >= exchange.scheduled for exchange in done)


async def test_open_loop_is_the_same_again_with_the_same_seed():
    async with running(Script(frames=1)) as (url, _):
        runs = [
            await open_loop(WebSocketEndpoint(url), TEXTS, None, 20.0, 5, seed=seed)
            for seed in (1, 1)
        ]
    a, b = ([e.scheduled - run[0].scheduled for e in run] for run in runs)
    assert a == pytest.approx(b)


async def test_open_loop_counts_latency_from_when_the_caller_came():
    async with running(Script(frames=1, think=0.2)) as (url, _):
        began = time.perf_counter()
        (done,) = await open_loop(WebSocketEndpoint(url), TEXTS[:1], None, 1.0, 1, seed=0)
    assert done.scheduled > began
    assert done.messages[0].at - done.scheduled >= 0.2


async def test_a_refused_caller_is_a_failed_request():
    endpoint = WebSocketEndpoint("ws://127.0.0.1:9/ws/tts")
    done = await open_loop(endpoint, TEXTS, None, 50.0, 3, seed=0)
    assert [exchange.error is not None for exchange in done] == [True] * 3


def test_suites_say_how_much_they_send():
    assert sweep("en", None).total == 22 + COLD_REQUESTS
    assert sweep("hi", None).workload["characters"] == [6, 460]
    assert lengths("en", None).total == 4
    assert iterations("en", None, 7).total == 7
    assert poisson("en", None, 2.0, 9, 0).workload["rate"] == 2.0


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: closed("en", None, 0, 5), "streams 0"),
        (lambda: closed("en", None, 6, 0), "each 0"),
        (lambda: iterations("en", None, 0), "count 0"),
        (lambda: poisson("en", None, 1.0, 0, 0), "requests 0"),
    ],
)
def test_a_suite_that_would_send_nothing_is_refused(make, names):
    with pytest.raises(SettingError, match=names):
        make()
