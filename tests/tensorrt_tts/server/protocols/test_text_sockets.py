"""What Deepgram's and ElevenLabs' WebSockets have to keep alike, with real sockets: order, limits,
interruption, and that nothing is left behind by anybody."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import send
from tests.support.text_sockets import (
    ALL,
    DEEPGRAM,
    MULTI,
    STREAM,
    Heard,
    Words,
    first_audio,
    hear,
    tell,
)
from tests.support.tts_client import BareSocket, connected

SPEAKING = Behaviour(endless=True, rate=300)
SHORT = Behaviour(frames=6)
TEXT = "The first sentence is quite long enough to stand here alone. The second one is as long. "

each = pytest.mark.parametrize("words", ALL, ids=str)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    """Its deadlines are further off than `wait_until` waits: who is gone has to be noticed."""
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(
        BackendDouble(behaviour=SHORT),
        codec=NullCodec(),
        slots=2,
        max_queued=1,
        max_pending=3,
        text_timeout_s=600,
        **far,
    ) as server:
        yield server


def url(server: ServerThread, words: Words) -> str:
    return f"ws://127.0.0.1:{server.port}{words.path}"


async def spoken(server: ServerThread, words: Words, *pieces: str) -> Heard:
    async with connected(url(server, words)) as peer:
        await tell(peer, *map(words.say, pieces), words.end)
        return await hear(peer, words.over)


def assert_spoken(server: ServerThread, words: Words, text: str, audio: bytes) -> None:
    """It is what the text is over HTTP. Deepgram has no word for a seed, so there only how long,
    about: how quiet a sentence ends decides how long the pause behind it is."""
    path = "/v1/text-to-speech/tara?output_format=pcm_24000"
    whole = send(server.port, json.dumps({"text": text, "seed": 1}).encode(), path=path).body
    if words is DEEPGRAM:
        assert len(audio) == pytest.approx(len(whole), abs=200)
    else:
        assert audio == whole


async def still_speaks(server: ServerThread, words: Words) -> None:
    server.backend.behaviour = SHORT
    assert len((await spoken(server, words, "Hello.")).audio) == 2 * 6 * 2048


@each
@pytest.mark.parametrize("size", [1, 9, 1000])
async def test_pieces_are_spoken_as_the_whole(
    server: ServerThread, words: Words, size: int
) -> None:
    pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]
    heard = await spoken(server, words, *pieces)
    assert_spoken(server, words, TEXT, heard.audio)


@each
async def test_it_speaks_before_the_text_has_ended(server: ServerThread, words: Words) -> None:
    async with connected(url(server, words)) as peer:
        await tell(peer, words.say(TEXT))
        assert await first_audio(peer)
        await tell(peer, words.say("And the end."), words.end)
        assert (await hear(peer, words.over)).audio


@each
@pytest.mark.parametrize("text", ["", " ", "\n ", "…", "👍", "?!", "— "])
async def test_nothing_to_say_is_answered(server: ServerThread, words: Words, text: str) -> None:
    async with connected(url(server, words)) as peer:
        await tell(peer, words.say(" "), *([words.say(text)] if text else []), words.end)
        heard = await hear(peer, words.over)
        assert (heard.audio, words.over(heard.said[-1])) == (b"", True)
        assert not [said for said in heard.said if "error" in said or said.get("type") == "Error"]
        if words.several:
            await tell(peer, words.say("Hello."), words.end)
            assert (await hear(peer, words.over)).audio


@each
async def test_an_interruption_frees_the_slot_and_nothing_follows(
    server: ServerThread, words: Words
) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(url(server, words)) as peer:
        await tell(peer, words.say(TEXT), words.end)
        await first_audio(peer)
        assert server.service.slots.active == 1
        if not words.stop:
            await peer.close()
        await tell(peer, *words.stop[-1:] if words is MULTI else words.stop)
        took = await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        assert took < 10  # 250 ms is promised; what takes longer than this never was told
        if not words.several:
            return
        await hear(peer, words.over)
        server.backend.behaviour = SHORT
        await tell(peer, words.say("Hello."), words.end)
        heard = await hear(peer, words.over)
        assert_spoken(server, words, "Hello.", heard.audio)


@each
@pytest.mark.parametrize("how", ["vanish", "close"])
def test_a_client_that_leaves_frees_its_slot(server: ServerThread, words: Words, how: str) -> None:
    server.backend.behaviour = SPEAKING
    peer = BareSocket(url(server, words))
    peer.send(**words.say(TEXT))
    wait_until(lambda: server.service.slots.active == 1)
    peer.vanish() if how == "vanish" else peer.tcp.close()
    wait_until(lambda: server.service.slots.active == 0)
    assert server.backend.stats().running == 0


@each
def test_a_client_that_leaves_while_queued_is_never_spoken_to(
    server: ServerThread, words: Words
) -> None:
    server.backend.behaviour = SPEAKING
    begun = len(server.backend.started)
    with BareSocket(url(server, words)) as first, BareSocket(url(server, words)) as second:
        first.send(**words.say(TEXT))
        second.send(**words.say(TEXT))
        wait_until(lambda: server.service.slots.active == 2)
        third = BareSocket(url(server, words))
        third.send(**words.say(TEXT))
        wait_until(lambda: server.service.slots.queued == 1)
        third.vanish()
        wait_until(lambda: server.service.slots.queued == 0)
    assert len(server.backend.started) == begun + 2


@each
async def test_too_many_are_told_and_closed_1013(server: ServerThread, words: Words) -> None:
    server.backend.behaviour = SPEAKING
    busy = [BareSocket(url(server, words)) for _ in range(3)]
    for number, peer in enumerate(busy, 1):
        peer.send(**words.say(TEXT))
        await asyncio.to_thread(
            wait_until,
            lambda number=number: (
                server.service.slots.active + server.service.slots.queued == number
            ),
        )
    heard = await spoken(server, words, "Hello.")
    if words.several and heard.code is None:  # the close comes behind the last message
        async with connected(url(server, words)) as peer:
            await tell(peer, words.say("Hello."), words.end)
            heard = await hear(peer)
    codes = [message.get("err_code") or message.get("error") for message in heard.said]
    assert "overloaded" in [str(code).lower() for code in codes]
    for peer in busy:
        peer.vanish()


@each
async def test_a_failure_is_told_and_the_socket_closed(server: ServerThread, words: Words) -> None:
    for behaviour, code in (
        (Behaviour(fail_at=3), "backend_error"),
        (Behaviour(frames=0), "no_audio"),
    ):
        server.backend.behaviour = behaviour
        async with connected(url(server, words)) as peer:
            await tell(peer, words.say("Hello."), words.end)
            heard = await hear(peer)
        said = [message.get("err_code") or message.get("error") for message in heard.said]
        assert code in [str(word).lower() for word in said]
        assert (heard.code, heard.reason) == (1011, code)
    await still_speaks(server, words)


@each
async def test_text_that_cannot_be_spoken_is_told(server: ServerThread, words: Words) -> None:
    async with connected(url(server, words)) as peer:
        await tell(peer, words.say("Bad \a text. "), words.end)
        heard = await hear(peer)
    assert heard.code == 1008
    assert heard.reason == "invalid_text"
    assert any("U+0007" in json.dumps(message) for message in heard.said)


@each
async def test_one_piece_may_be_too_long(server: ServerThread, words: Words) -> None:
    async with connected(url(server, words)) as peer:
        await tell(peer, words.say("a " * 2501))
        heard = await hear(peer, lambda message: "5000" in json.dumps(message))
    assert heard.said


MISTAKES: dict[str, str | bytes] = {
    "no JSON": "{",
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "a binary message": b"\x00\x01",
    "a wrong kind": '{"type": 7, "text": 7}',
    "text is a list": '{"type": "Speak", "text": ["a"], "context_id": "b"}',
    "an unknown word": '{"type": "Sing", "context_id": 7}',
}


@each
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
async def test_a_mistake_is_told_and_disturbs_no_speech(
    server: ServerThread, words: Words, mistake: str | bytes
) -> None:
    server.backend.behaviour = Behaviour(frames=6, rate=100)
    async with connected(url(server, words)) as peer:
        await tell(peer, words.say("Hello. "))
        await peer.send(mistake)
        await tell(peer, words.end)
        heard = await hear(peer, words.over)
    assert len(heard.audio) == 2 * 6 * 2048
    told = [
        message for message in heard.said if "Warning" in message.values() or "error" in message
    ]
    assert len(told) == 1


@each
def test_a_reader_that_stops_reading_is_cut(words: Words) -> None:
    with serving(
        codec=NullCodec(), slots=2, send_timeout_s=1, send_buffer_bytes=4096, lead_s=600
    ) as server:
        server.backend.behaviour = Behaviour(endless=True)
        with BareSocket(url(server, words), receive_buffer=4096) as peer:
            peer.send(**words.say(20 * TEXT))
            peer.send(**words.end)
            wait_until(lambda: server.service.slots.active == 1)
            asyncio.run(still_speaks(server, DEEPGRAM))
            wait_until(lambda: server.service.slots.active == 0)
            wait_until(lambda: server.metric('tts_requests_total{outcome="slow_reader"}') == 1)
            wait_until(lambda: not server.server.server_state.connections)
        server.assert_as_before()


@each
async def test_a_flood_closes_1008(server: ServerThread, words: Words) -> None:
    async with connected(url(server, words)) as peer:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(5000):
                await tell(peer, {"text": " ", "type": "Clear"})
        assert (await hear(peer)).code == 1008


@each
async def test_an_idle_socket_is_closed(words: Words) -> None:
    with serving(codec=NullCodec(), idle_timeout_s=0.3) as server:
        async with connected(url(server, words)) as peer:
            heard = await hear(peer)
        assert (heard.code, heard.reason) == (1008, "idle_timeout")
        server.assert_as_before()


@each
async def test_a_text_without_an_end_ends_by_itself(words: Words) -> None:
    with serving(codec=NullCodec(), slots=1, text_timeout_s=0.3) as server:
        server.backend.behaviour = SHORT
        async with connected(url(server, words)) as peer:
            await tell(peer, words.say("Hello. "))
            await first_audio(peer)
            await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
            if words.several:
                await tell(peer, words.say("Again."), words.end)
                assert (await hear(peer, words.over)).said
        server.assert_as_before()


@each
async def test_a_drain_speaks_to_the_end_and_takes_no_more(words: Words) -> None:
    with serving(codec=NullCodec(), slots=2) as server:
        server.backend.behaviour = Behaviour(frames=20, rate=200)
        async with connected(url(server, words)) as peer, connected(url(server, words)) as idle:
            await tell(peer, words.say("Hello. "), words.end)
            audio = await first_audio(peer)
            server.signal()
            assert (await hear(idle)).code == 1012
            audio += (await hear(peer, words.over)).audio
            assert len(audio) == 2 * 20 * 2048
            ended = await hear(peer)
            assert ended.code == (1012 if words.several else 1000)


@each
async def test_a_draining_server_refuses_the_handshake(words: Words) -> None:
    with serving(codec=NullCodec(), slots=2) as server:
        server.backend.behaviour = SPEAKING
        async with connected(url(server, DEEPGRAM)) as peer:
            await tell(peer, DEEPGRAM.say("Hello."), DEEPGRAM.end)
            await first_audio(peer)
            server.signal()
            await asyncio.to_thread(wait_until, lambda: server.service.health.draining)
            with pytest.raises(InvalidStatus) as refused:
                async with connected(url(server, words)):
                    pass
            answer = refused.value.response
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            said = json.loads(answer.body)
            assert (said.get("err_code") or said["detail"]["status"]).lower() == "draining"


@each
async def test_a_full_server_refuses_the_handshake(words: Words) -> None:
    with serving(codec=NullCodec(), max_sockets=1) as server:
        async with connected(url(server, words)):
            with pytest.raises(InvalidStatus) as refused:
                async with connected(url(server, words)):
                    pass
        assert refused.value.response.status_code == 503
        server.assert_as_before()


@each
async def test_the_engine_dies(words: Words) -> None:
    with serving(BackendDouble(behaviour=SHORT), NullCodec()) as server:
        server.backend.behaviour = Behaviour(die_at=10)
        async with connected(url(server, words)) as peer:
            await tell(peer, words.say("Hello."), words.end)
            heard = await hear(peer)
        said = [message.get("err_code") or message.get("error") for message in heard.said]
        assert "engine_died" in [str(word).lower() for word in said]
        assert heard.code == 1011
        wait_until(lambda: not server.running)


TEXTS = st.sampled_from(["", " ", "Hello. ", "One two", "!", "Bad \a."])
NAMES = st.sampled_from(["a", "b", None])
ANYTHING = {
    "deepgram": st.one_of(
        st.fixed_dictionaries({"type": st.just("Speak"), "text": TEXTS}),
        st.fixed_dictionaries({"type": st.sampled_from(["Flush", "Clear", "Flush", "Speak"])}),
        st.just({"type": "Close"}),
    ),
    "multi-stream-input": st.fixed_dictionaries(
        {"context_id": NAMES},
        optional={
            "text": TEXTS,
            "flush": st.booleans(),
            "close_context": st.booleans(),
            "close_socket": st.sampled_from([False, False, False, True]),
        },
    ),
    "stream-input": st.fixed_dictionaries({}, optional={"text": TEXTS, "flush": st.booleans()}),
}


@each
@given(data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_of_messages(shared: ServerThread, words: Words, data: st.DataObject) -> None:
    """No hang, no leak, and no audio of nobody."""
    shared.backend.behaviour = Behaviour(frames=2)
    messages: list[dict[str, Any]] = data.draw(st.lists(ANYTHING[words.name], max_size=12))

    async def talk() -> Heard:
        async with asyncio.timeout(60), connected(url(shared, words)) as peer:
            try:
                await tell(peer, *messages)
                await tell(peer, *LEAVE[words.name])
            except ConnectionClosed:
                pass
            return await hear(peer)

    heard = asyncio.run(talk())
    assert heard.code in (1000, 1008, 1013)
    wait_until(lambda: not shared.service.callers)
    assert shared.service.slots.active == 0
    assert shared.backend.stats().running == 0


LEAVE: dict[str, list[dict[str, Any]]] = {
    "deepgram": [{"type": "Close"}],
    "multi-stream-input": [{"close_socket": True}],
    "stream-input": [{"text": ""}],
}


def test_the_three_are_all(server: ServerThread) -> None:
    assert {words.name for words in ALL} == set(ANYTHING) == set(LEAVE)
    assert STREAM.several is False
