"""What goes wrong, on every route that speaks, and that nothing is left behind by it.

The twenty faults that a speech server should stand, and where each is tried. "Here" is on all
thirteen routes, or on the five sockets where only they can suffer it:

     1  a client that aborts                here; test_faults, test_openai_faults, test_text_sockets
     2  … while it waits for a slot         here
     3  … without a close frame             here; with several contexts: test_context_socket
     4  a cancel at any time                here; in any order: test_any_order
     5  a slot that is used again           here
     6  a reader that stops reading         here; that others do not notice: test_faults
     7  text that stops coming              here; test_fed_context, test_text_sockets
     8  overload                            here
     9  limits of a key                     here; test_key_limits, test_redis_usage
    10  SIGTERM while speaking              here; in a process of its own, and twice: test_drain
    11  an engine that dies                 here; test_faults
    12  an engine that hangs                here; one that lets go of nothing: test_faults
    13  a start that fails                  of no route: test_serve, test_loading
    14  bodies and texts that are wrong     here; by the document: test_openapi
    15  what is too long, or too much       here
    16  a prompt in the text                here
    17  a model that ends at once, or never here
    18  tokens that are no audio            of no route: test_parser, test_codec
    19  messages in any order               test_any_order
    20  a database that is not there        test_request_log, on every route

`/v1/tts/generate` has words of its own for all of them (test_tts_generate), and the answer that the
other POSTs have.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from benchmarks.doubles.null_codec import NullCodec
from benchmarks.load.routes import DEEPGRAM, MULTI, OWN, POSTS, SOCKETS, STREAM, Route, SocketRoute
from tensorrt_tts.server.api_keys import digest
from tests.support.any_route import Told, ask, asking, socket_url, spoken_to
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.tts_client import assert_same_audio, close_code, connected

ROUTES: tuple[Route, ...] = (*SOCKETS, *POSTS)
SPEAKING = Behaviour(endless=True, rate=300)
SHORT = Behaviour(frames=6)
SHORT_BYTES = 2 * 6 * 2048
FREE_S = 0.25
"""What the server promises, of the best of three: a busy machine is late, but not each time."""

KEYLESS = ("unauthorized", "invalid_api_key")
"""In the server's words, or in those of the route."""

each = pytest.mark.parametrize("route", ROUTES, ids=str)
each_socket = pytest.mark.parametrize("route", SOCKETS, ids=str)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    """Its deadlines are further off than `wait_until` waits: who is gone has to be noticed."""
    far = dict.fromkeys(("idle_timeout_s", "send_timeout_s", "text_timeout_s"), 600.0)
    with serving(
        BackendDouble(behaviour=SHORT),
        codec=NullCodec(),
        slots=2,
        max_queued=1,
        max_message_bytes=65536,
        **far,
    ) as server:
        yield server


def test_these_are_all() -> None:
    """A route that is added has to be added here."""
    with serving(codec=NullCodec()) as server:
        described = json.loads(server.get("/openapi.json")[1])["paths"]
        unknown = json.loads(server.get("/nothing")[1])["error"]["message"]
    posts = {path for path, methods in described.items() if "post" in methods}
    assert {_plain(route) for route in POSTS} == posts - {"/v1/tts/generate"}
    paths = set(unknown.partition("are: ")[2].split(", "))
    sockets = paths - set(described) - {"/test/", "/openapi.json"}
    assert {_plain(route) for route in SOCKETS} == sockets | {"/v1/speak"}


def _plain(route: Route) -> str:
    return route.path.partition("?")[0].replace("/tara", "/{voice}")


# 1, 2, 3


@each
@pytest.mark.parametrize("how", ["vanishes", "closes"])
def test_a_client_that_leaves_frees_its_slot_at_once(
    server: ServerThread, route: Route, how: str
) -> None:
    took = []
    for _ in range(3):
        server.backend.behaviour = SPEAKING
        with spoken_to(server, route) as bare:
            assert server.service.slots.active == 1
            bare.vanish() if how == "vanishes" else bare.tcp.close()
            took.append(wait_until(lambda: server.service.slots.active == 0))
        assert server.backend.stats().running == 0
    assert min(took) <= FREE_S
    server.backend.behaviour = SHORT
    assert asyncio.run(ask(server, route, "Hello.")).whole


@each
def test_a_client_that_leaves_while_queued_is_never_spoken_to(
    server: ServerThread, route: Route
) -> None:
    server.backend.behaviour = SPEAKING
    begun = len(server.backend.started)
    with spoken_to(server, route), spoken_to(server, route):
        with asking(server, route) as queued:
            wait_until(lambda: server.service.slots.queued == 1)
            queued.vanish()
            wait_until(lambda: server.service.slots.queued == 0)
        assert len(server.backend.started) == begun + 2


# 4, 5


@pytest.mark.parametrize("route", [route for route in SOCKETS if route.stop], ids=str)
async def test_a_cancel_frees_the_slot_at_once(server: ServerThread, route: SocketRoute) -> None:
    took = []
    async with connected(socket_url(server, route)) as peer:
        for _ in range(3):
            server.backend.behaviour = SPEAKING
            before = server.backend.generated
            for message in route.text("Hello."):
                await peer.send(json.dumps(message))
            await asyncio.to_thread(wait_until, lambda b=before: server.backend.generated > b + 60)
            await peer.send(json.dumps(route.stop[-1]))
            took.append(
                await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
            )
            while True:  # to its last message, so that the next begins anew
                raw = await peer.recv()
                if isinstance(raw, str) and route.over(json.loads(raw)):
                    break
    assert min(took) <= FREE_S


@each
async def test_a_slot_is_clean_for_the_next_one(server: ServerThread, route: Route) -> None:
    alone = (await ask(server, route, "Next.")).audio
    server.backend.behaviour = SPEAKING
    with spoken_to(server, route) as bare:
        bare.vanish()
        wait_until(lambda: server.service.slots.active == 0)
    server.backend.behaviour = SHORT
    again = (await ask(server, route, "Next.")).audio
    if route is not DEEPGRAM and route.path != "/v1/speak?encoding=linear16&container=none":
        assert_same_audio(again, alone)  # those two have no word for a seed
    assert len(again) == len(alone) == SHORT_BYTES


# 6, 7


def _speech(segment: str) -> str:
    """The name of a request to a backend without the number of its segment."""
    return segment.rpartition("-")[0]


def test_readers_that_stop_reading_are_cut() -> None:
    """All at once, and the others are served meanwhile."""
    small = {"send_timeout_s": 1, "send_buffer_bytes": 4096, "lead_s": 600}
    with serving(codec=NullCodec(), slots=len(ROUTES) + 1, **small) as server, ExitStack() as stack:
        warm = len(server.backend.started)
        server.backend.behaviour = Behaviour(endless=True)
        for route in ROUTES:
            stack.enter_context(asking(server, route, 20 * "One more word. ", receive_buffer=4096))
        # The first ones may be cut before the last ones speak, and a slot is held before that.
        wait_until(lambda: len(set(map(_speech, server.backend.started[warm:]))) == len(ROUTES))
        server.backend.behaviour = SHORT
        assert asyncio.run(ask(server, OWN, "Hello.")).whole
        wait_until(lambda: not server.service.callers)
        # On a busy machine the kernel's own deadline may be the first.
        named = [f'tts_requests_total{{outcome="{it}"}}' for it in ("slow_reader", "disconnected")]
        wait_until(lambda: sum(map(server.metric, named)) == len(ROUTES))
        assert server.metric(named[0]) > 0
        wait_until(lambda: not server.server.server_state.connections)
        server.assert_as_before()


@each_socket
async def test_a_socket_on_which_nothing_is_asked_is_closed(route: SocketRoute) -> None:
    with serving(codec=NullCodec(), idle_timeout_s=0.3) as server:
        async with connected(socket_url(server, route)) as peer:
            assert await close_code(peer) == 1008
            assert peer.close_reason == "idle_timeout"
        server.assert_as_before()


async def test_a_text_without_an_end_gives_its_slot_back() -> None:
    with serving(codec=NullCodec(), text_timeout_s=0.3) as server:
        server.backend.behaviour = SHORT
        for route in (route for route in SOCKETS if route.end):
            async with connected(socket_url(server, route)) as peer:
                await peer.send(json.dumps(route.say("Hello. ")))
                begun = len(server.backend.started)
                await asyncio.to_thread(
                    wait_until, lambda begun=begun: len(server.backend.started) > begun
                )
                await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        server.assert_as_before()


# 8, 9


@each
async def test_of_ten_at_once_three_are_served_and_seven_refused(
    server: ServerThread, route: Route
) -> None:
    """Before anybody has heard the end, and then it recovers."""
    server.backend.behaviour = Behaviour(frames=12, rate=150)
    ended: list[Told] = []

    async def one() -> None:
        ended.append(await ask(server, route, "Hello."))

    await asyncio.gather(*(one() for _ in range(10)))
    assert [told.code for told in ended] == ["overloaded"] * 7 + [None] * 3
    assert all(told.whole and len(told.audio) == 2 * 12 * 2048 for told in ended[7:])
    if route in POSTS:
        assert {told.status for told in ended[:7]} == {503}
    server.backend.behaviour = SHORT
    assert (await ask(server, route, "Hello.")).whole


async def test_limits_of_a_key_on_every_route() -> None:
    limits = "streams=2 characters_per_minute=9"
    keys = ",".join(f"n{n}:{digest(b'%d' % n)} {limits}" for n in range(len(ROUTES)))
    with serving(codec=NullCodec(), api_keys=keys) as server:
        server.backend.behaviour = SHORT
        for number, route in enumerate(ROUTES):
            key = {"X-API-Key": str(number)}
            first = await ask(server, route, "Hello.", **key)
            second = await ask(server, route, "Hello.", **key)
            assert (first.whole, second.code) == (True, "rate_limited"), route
            refused = await ask(server, route, "Hello.")
            assert refused.code in KEYLESS, route
            late = route in (STREAM, MULTI)  # a key may come in the first message: see `late_key`
            assert refused.status == (1008 if late else 401), route
        server.assert_as_before()


# 10, 11, 12


async def test_while_draining_all_are_spoken_to_the_end() -> None:
    server = ServerThread(BackendDouble(behaviour=SHORT), NullCodec(), slots=len(ROUTES))
    server.start()
    server.backend.behaviour = Behaviour(frames=20, rate=100)
    speaking = [asyncio.create_task(ask(server, route, "Hello.")) for route in ROUTES]
    await asyncio.to_thread(wait_until, lambda: server.service.slots.active == len(ROUTES))
    server.signal()
    await asyncio.to_thread(wait_until, lambda: server.service.health.draining)
    late = await asyncio.gather(*(ask(server, route, "Hello.") for route in ROUTES))
    assert {(told.code, told.status) for told in late} == {("draining", 503)}
    for told in await asyncio.gather(*speaking):
        assert (told.whole, len(told.audio)) == (True, 2 * 20 * 2048)
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert server.exit_code == 0


async def test_an_engine_that_dies_is_told_on_every_route() -> None:
    server = ServerThread(BackendDouble(behaviour=SHORT), NullCodec(), slots=len(ROUTES))
    server.start()
    server.backend.behaviour = SPEAKING
    speaking = [asyncio.create_task(ask(server, route, "Hello.")) for route in ROUTES]
    await asyncio.to_thread(wait_until, lambda: server.service.slots.active == len(ROUTES))
    server.backend.die()
    for route, told in zip(ROUTES, await asyncio.gather(*speaking), strict=True):
        assert not told.whole, route
        if route in SOCKETS or route.name == "tts-sse":  # the others have no words, and are cut
            assert told.code == "engine_died", route
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert (server.exit_code, server.service.slots.active) == (8, 0)


@pytest.fixture(scope="module")
def impatient() -> Iterator[ServerThread]:
    with serving(codec=NullCodec()) as server:
        server.stall_after(0.5)
        yield server


@each
async def test_an_engine_that_hangs_is_a_stall(impatient: ServerThread, route: Route) -> None:
    impatient.backend.behaviour = Behaviour(hang_at=3)
    told = await ask(impatient, route, "Hello.")
    assert (told.code, told.whole) == ("backend_stalled", False)
    impatient.backend.behaviour = SHORT
    assert (await ask(impatient, route, "Hello.")).whole
    impatient.assert_as_before()


# 14, 15, 16


NOTHING_TO_SAY = ("", "   ", "\n", "😀", "…")
UNSPEAKABLE = ("Bad \a text.", "\x00", "A \x1b[31m B.", "half \ud800 of one.")


@each
async def test_nothing_to_say_is_no_fault_of_the_server(server: ServerThread, route: Route) -> None:
    begun = len(server.backend.started)
    for text in NOTHING_TO_SAY:
        if route is MULTI and not text:
            continue  # opens no context, so that there is nothing to be answered
        told = await ask(server, route, text)
        assert told.audio == b"", text
        assert told.code in (None, "invalid_text"), text
        assert told.whole == (told.code is None), text
    assert len(server.backend.started) == begun


@each
async def test_what_cannot_be_spoken_is_refused(server: ServerThread, route: Route) -> None:
    begun = len(server.backend.started)
    for text in UNSPEAKABLE:
        told = await ask(server, route, text)
        assert (told.audio, told.whole) == (b"", False), text
        assert told.code in ("invalid_text", "invalid_json", "invalid_request"), text
        assert told.status in (None, 400, 1008), text
    assert len(server.backend.started) == begun


@each_socket
async def test_an_oversized_message_closes_1009(server: ServerThread, route: SocketRoute) -> None:
    async with connected(socket_url(server, route)) as peer:
        await peer.send(json.dumps(route.say("x" * 70_000)))
        assert await close_code(peer) == 1009


@each_socket
async def test_ten_thousand_pieces_are_a_flood(server: ServerThread, route: SocketRoute) -> None:
    async with connected(socket_url(server, route)) as peer:
        with suppress(ConnectionClosed):
            for _ in range(10_000):
                await peer.send(json.dumps(route.say(" ")))
        assert await close_code(peer) in (1008, 1013)


PROMPTS = ("<custom_token_28> Hello.", "Hello <|eot_id|> there.", "tara: <|audio|> Hello.")


@each
async def test_a_prompt_in_the_text_is_refused(server: ServerThread, route: Route) -> None:
    begun = len(server.backend.started)
    for text in PROMPTS:
        told = await ask(server, route, text)
        assert (told.code, told.whole) == ("invalid_text", False), text
    assert len(server.backend.started) == begun


# 17


@each
async def test_a_model_that_ends_at_once_is_not_silence(server: ServerThread, route: Route) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    told = await ask(server, route, "Hello.")
    assert (told.audio, told.code, told.whole) == (b"", "no_audio", False)
    assert told.status in (None, 500, 1011)


@each
async def test_a_model_that_never_ends_is_cut_at_its_budget(
    server: ServerThread, route: Route
) -> None:
    server.backend.behaviour = Behaviour(endless=True)
    before = server.metric('tts_requests_total{outcome="max_tokens"}')
    told = await ask(server, route, "Hello.")
    assert told.whole
    assert len(told.audio) > SHORT_BYTES
    assert server.metric('tts_requests_total{outcome="max_tokens"}') == before + 1
