import asyncio
import itertools
import time

import pytest

from benchmarks.load.loops import closed_loop, in_turn, open_loop
from benchmarks.load.patience import PAUSE_S, REFUSALS
from benchmarks.load.suites import COLD_REQUESTS, closed, iterations, lengths, poisson, sweep
from benchmarks.load.ws_endpoint import WebSocketEndpoint
from benchmarks.prompts import load
from tensorrt_tts.errors import BackendError, CapacityError, SettingError
from tests.benchmarks.fake_server import Script, full, running

TEXTS = load("en")[:5]


class Clock:
    """Sleeps at once, and remembers how long it was to be."""

    def __init__(self):
        self.slept = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(0)


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
    # 4 but for the moments between answers, of which a busy machine makes long ones; callers who
    # stopped after their own two would be 1.5 on average.
    assert busy / (end - begin) > 2.5
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
        with pytest.raises(BackendError, match="cannot be reached"):
            await load_loop


async def test_a_server_that_goes_away_leaves_failed_requests():
    answered = asyncio.Event()
    async with running(Script(frames=1, think=0.02)) as (url, _):
        loop = closed_loop(
            WebSocketEndpoint(url),
            TEXTS,
            None,
            streams=2,
            each=20,
            stagger=0.0,
            seen=lambda exchange: answered.set(),
            sleep=Clock().sleep,
        )
        speaking = asyncio.create_task(loop)
        await answered.wait()
    done = await speaking
    assert done[0].error is None
    assert "cannot be reached" in done[-1].error
    refused = [exchange for exchange in done if exchange.refused]
    assert REFUSALS <= len(refused) <= 2 * REFUSALS  # then it is left alone


def refuse(retry_after=None, code="overloaded"):
    error = {"code": code, "message": "full"}
    return Script(refuse=error if retry_after is None else error | {"retry_after": retry_after})


WHOLE = Script(frames=1)


async def test_a_closed_loop_waits_out_what_it_is_told():
    clock = Clock()
    async with running(refuse(7), refuse(2.5, "rate_limited"), WHOLE) as (url, server):
        done = await closed_loop(
            WebSocketEndpoint(url), TEXTS, None, 1, 4, stagger=0.0, sleep=clock.sleep
        )
    assert [exchange.refused for exchange in done] == [True, True, False, False]
    assert [seconds for seconds in clock.slept if seconds] == [7.0, 2.5]
    assert len(server.requests) == 4


async def test_a_caller_who_waits_asks_nothing():
    """One of two is told to wait: until it may come back, the other one is alone."""
    release = asyncio.Event()

    async def sleep(seconds):
        if seconds:
            await release.wait()

    def seen(exchange):
        if len(server.requests) == 8:
            release.set()

    async with running(refuse(30), *[WHOLE] * 7, WHOLE) as (url, server):
        done = await closed_loop(
            WebSocketEndpoint(url), TEXTS, None, 2, 3, stagger=0.0, seen=seen, sleep=sleep
        )
    (refused,) = [exchange for exchange in done if exchange.refused]
    alone = [one for one in done if one.scheduled > refused.closed][:6]
    for one, following in itertools.pairwise(alone):
        assert one.closed <= following.scheduled


async def test_a_wait_that_nobody_needs_any_more_is_not_sat_out():
    """The last judged answer ends the run, not the two minutes that its caller was told."""

    async def sleep(seconds):
        await (asyncio.Event().wait() if seconds else asyncio.sleep(0))

    async with running(WHOLE, refuse(119)) as (url, _):
        done = await closed_loop(
            WebSocketEndpoint(url), TEXTS, None, 1, 2, stagger=0.0, sleep=sleep
        )
    assert [exchange.refused for exchange in done] == [False, True]


@pytest.mark.parametrize(
    "script", [refuse(), Script(frames=0, leave=1013), refuse(code="draining")]
)
async def test_without_a_time_the_waits_grow_and_the_caller_gives_up(script):
    clock = Clock()
    async with running(script) as (url, server):
        done = await closed_loop(
            WebSocketEndpoint(url), TEXTS, None, 1, 1000, stagger=0.0, sleep=clock.sleep
        )
    assert len(done) == len(server.requests) == REFUSALS
    waits = [seconds for seconds in clock.slept if seconds]
    assert len(waits) == REFUSALS - 1
    assert waits[0] <= 1.5 * PAUSE_S < waits[-1]


async def test_a_server_that_fails_at_once_is_not_asked_again_at_once():
    clock = Clock()
    script = Script(refuse={"code": "backend_error", "message": "no"})
    async with running(script) as (url, _):
        done = await closed_loop(
            WebSocketEndpoint(url), TEXTS, None, 1, 5, stagger=0.0, sleep=clock.sleep
        )
    assert len(done) == 5  # a failure is no refusal: every answer that was wanted is judged
    assert len([seconds for seconds in clock.slept if seconds]) >= 4


async def test_a_full_server_is_waited_for_before_the_run_begins():
    clock = Clock()
    refusals = [full(503, "4"), full(429, "2")]
    async with running(WHOLE, refusals=refusals) as (url, server):
        done = await in_turn(WebSocketEndpoint(url), TEXTS, None, sleep=clock.sleep)
        assert server.refused == 2
    assert clock.slept[:2] == [4.0, 2.0]
    assert [exchange.error for exchange in done] == [None] * len(TEXTS)


async def test_a_server_that_stays_full_is_said_in_its_own_words():
    clock = Clock()
    error = {"code": "overloaded", "message": "64 sockets are open", "retry_after": 1}
    for loop in (in_turn, closed_loop):
        more = () if loop is in_turn else (2, 2)
        async with running(refusals=[full(503, "1", error)] * 99) as (url, server):
            with pytest.raises(CapacityError, match="64 sockets are open"):
                await loop(WebSocketEndpoint(url), TEXTS, None, *more, sleep=clock.sleep)
            assert server.refused == REFUSALS
    assert set(clock.slept) == {1.0}


async def test_in_turn_waits_before_the_next_text_and_not_after_the_last():
    clock = Clock()
    async with running(WHOLE, refuse(6), WHOLE, WHOLE, refuse(9)) as (url, _):
        done = await in_turn(WebSocketEndpoint(url), TEXTS, None, sleep=clock.sleep)
    assert [exchange.refused for exchange in done] == [False, True, False, False, True]
    assert [seconds for seconds in clock.slept if seconds] == [6.0]


async def test_nobody_comes_back_in_an_open_loop():
    async with running(refuse(100)) as (url, server):
        done = await open_loop(WebSocketEndpoint(url), TEXTS, None, 50.0, 6, seed=0)
    assert [exchange.refused for exchange in done] == [True] * 6
    assert len(server.requests) == 6


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
