import time

import pytest

from benchmarks.load import closed_loop, in_turn, open_loop
from benchmarks.prompts import load
from benchmarks.suites import COLD_REQUESTS, closed, iterations, lengths, poisson, sweep
from benchmarks.ws_endpoint import WebSocketEndpoint
from tensorrt_tts.errors import SettingError
from tests.benchmarks.fake_server import Script, running

TEXTS = load("en")[:5]


async def test_in_turn_asks_for_each_text_once_and_never_two_at_a_time():
    async with running(Script(frames=2)) as (url, server):
        done = await in_turn(WebSocketEndpoint(url), TEXTS, None)
    assert [exchange.prompt for exchange in done] == list(TEXTS)
    assert [request["text"] for request in server.requests] == [text.text for text in TEXTS]
    assert server.most_open == 1


async def test_closed_loop_keeps_its_streams_busy_and_sends_what_was_asked_for():
    async with running(Script(frames=6, pace=0.5)) as (url, server):
        done = await closed_loop(WebSocketEndpoint(url), TEXTS, None, 3, 9, stagger=0.05)
    assert len(done) == len(server.requests) == 9
    assert server.most_open == 3
    sent = [request["text"] for request in server.requests]
    assert {sent.count(text.text) for text in TEXTS} == {1, 2}  # 9 over 5 texts, in turn


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


@pytest.mark.parametrize(("streams", "requests"), [(0, 5), (6, 5)])
def test_streams_without_requests_are_refused(streams, requests):
    with pytest.raises(SettingError, match=f"streams {streams}"):
        closed("en", None, streams, requests)
