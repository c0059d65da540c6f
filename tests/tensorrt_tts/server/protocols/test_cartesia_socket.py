"""`/tts/websocket` on a real port: every field, contexts, cancel, flush, mistakes."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.protocols import cartesia_socket
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.cartesia_client import ASKED, RAW, ask, hear, say
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import ask as ask_openai
from tests.support.tts_client import assert_same_audio, connected

FRAMES = 6
SAMPLES = FRAMES * 2048
SHORT = Behaviour(frames=FRAMES)
SPEAKING = Behaviour(endless=True, rate=300)
KATIE = "f786b574-daa5-4673-aa0c-cbe3e8534c02"
WORDS = "It costs ₹500, on 5 May — or so. Isn't that much?"
CANCEL_A = json.dumps({"context_id": "a", "cancel": True})
TWO = "The first sentence is quite long enough to stand here alone. The second one is as long."


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(
        BackendDouble(behaviour=SHORT),
        slots=2,
        max_queued=2,
        max_pending=4,
        voice_names={"Katie": "leo"},
        **far,
    ) as server:
        yield server


def url(server: ServerThread) -> str:
    return f"ws://127.0.0.1:{server.port}/tts/websocket?cartesia_version=2025-04-16"


def spoken(server: ServerThread) -> bytes:
    return ask_openai(server.port, response_format="pcm", voice="tara", seed=1).body


async def test_chunks_then_done(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        heard = await ask(peer)
    assert_same_audio(heard.audio, spoken(server))
    *chunks, done = heard.messages
    assert done == {"type": "done", "context_id": "only", "done": True, "status_code": 200}
    for chunk in chunks:
        assert base64.b64decode(chunk.pop("data"))
        assert chunk.pop("step_time") > 0
        assert chunk == {
            "type": "chunk",
            "context_id": "only",
            "done": False,
            "status_code": 206,
        }


WIDTHS = {"pcm_s16le": 2, "pcm_f32le": 4, "pcm_mulaw": 1, "pcm_alaw": 1}


@pytest.mark.parametrize("encoding", WIDTHS)
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
async def test_every_output_format(server: ServerThread, encoding: str, rate: int) -> None:
    async with connected(url(server)) as peer:
        heard = await ask(
            peer, output_format={"container": "raw", "encoding": encoding, "sample_rate": rate}
        )
    assert heard.kinds == ["chunk", "done"]
    samples = len(heard.audio) / WIDTHS[encoding]
    assert samples == pytest.approx(SAMPLES * rate / 24000, abs=1)


async def test_floats_are_the_same_samples(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        heard = await ask(peer, output_format={**RAW, "encoding": "pcm_f32le"})
    samples = np.round(np.frombuffer(heard.audio, "<f4") * 32768).astype("<i2")
    assert_same_audio(samples.tobytes(), spoken(server))


@pytest.mark.parametrize("speed", [0.5, 1, 1.3, 2.0])
async def test_speed(server: ServerThread, speed: float) -> None:
    async with connected(url(server)) as peer:
        heard = await ask(peer, generation_config={"speed": speed, "emotion": "sad", "volume": 2})
    assert len(heard.audio) == 2 * round(SAMPLES / speed)


@pytest.mark.parametrize(
    ("voice", "own"),
    [
        ({"mode": "id", "id": "leo"}, "leo"),
        ({"id": "LEO"}, "leo"),
        ("leo", "leo"),
        ("katie", "leo"),
        ({"mode": "id", "id": None}, "tara"),
    ],
)
async def test_voices(server: ServerThread, voice: Any, own: str) -> None:
    async with connected(url(server)) as peer:
        heard, expected = await ask(peer, voice=voice), await ask(peer, voice=own)
        other = await ask(peer, voice="zoe")
    assert_same_audio(heard.audio, expected.audio)
    assert heard.audio != other.audio


async def test_a_voice_of_cartesia_s_is_heard_and_always_as_the_same(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        first, second = await ask(peer, voice=KATIE), await ask(peer, voice={"id": KATIE})
    assert_same_audio(first.audio, second.audio)
    assert len(first.audio) == 2 * SAMPLES


async def test_contexts_speak_at_once_and_each_is_what_it_is_alone(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=400)
    async with connected(url(server)) as peer:
        alone = {name: (await ask(peer, f"Say {name}.")).audio for name in "abc"}
        for name in "abc":
            await say(peer, name, f"Say {name}.")
        found = await hear(peer, *"abc")
    for name, audio in alone.items():
        assert_same_audio(found[name].audio, audio)


@pytest.mark.parametrize("end", [{"text": ""}, {"text": " "}, {"text": "", "voice": KATIE}])
async def test_a_text_in_sentences_as_pipecat_and_livekit_send_it(
    server: ServerThread, end: dict[str, Any]
) -> None:
    """Without a space between them; and the package's last message may name another voice."""
    sentences = ("One is here.", "Two is here.", "Three.")
    async with connected(url(server)) as peer:
        for text in sentences:
            await say(peer, "a", text, max_buffer_delay_ms=0, **{"continue": True})
        await say(peer, "a", max_buffer_delay_ms=0, **{"continue": False}, **end)
        heard = (await hear(peer, "a"))["a"]
    assert heard.kinds == ["chunk", "done"]
    assert len(heard.audio) >= 3 * 2 * SAMPLES


async def test_words_as_they_are_written_are_one_text(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        whole = await ask(peer, TWO)
        for word in TWO.split(" "):
            await say(peer, "a", f"{word} ", **{"continue": True})
        await say(peer, "a", "", **{"continue": False})
        pieces = (await hear(peer, "a"))["a"]
    assert_same_audio(pieces.audio, whole.audio)


async def test_half_a_sentence_is_spoken_when_no_more_comes(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        await say(peer, "a", "Well then", max_buffer_delay_ms=20, **{"continue": True})
        message = json.loads(await peer.recv())
        assert message["type"] == "chunk"
        await say(peer, "a", "we go.", max_buffer_delay_ms=20)
        assert (await hear(peer, "a"))["a"].last["type"] == "done"


async def test_flushes_are_answered_in_order_behind_their_audio(server: ServerThread) -> None:
    more = {"continue": True}
    async with connected(url(server)) as peer:
        await say(peer, "a", "", flush=True, **more)
        await say(peer, "a", "Well then", flush=True, **more)
        found = []
        while not (found and found[-1]["type"] == "flush_done" and found[-1]["flush_id"] == 2):
            found.append(json.loads(await peer.recv()))
        await say(peer, "a", "we go", flush=True, **more)
        await say(peer, "a", " and sing.")
        found += (await hear(peer, "a"))["a"].messages
    flushes = [message for message in found if message["type"] == "flush_done"]
    assert [message["flush_id"] for message in flushes] == [1, 2, 3]
    assert flushes[0] == {
        "type": "flush_done",
        "context_id": "a",
        "done": False,
        "flush_done": True,
        "flush_id": 1,
        "status_code": 206,
    }
    before = found[: found.index(flushes[1])]
    heard = sum(len(base64.b64decode(m["data"])) for m in before if m["type"] == "chunk")
    assert heard == 2 * SAMPLES
    assert found[-1]["type"] == "done"


async def test_cancel_frees_the_slot_and_nothing_follows_its_done(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer:
        for name in "ab":
            await say(peer, name)
        while server.service.slots.active < 2 or json.loads(await peer.recv())["context_id"] != "a":
            pass
        await peer.send(CANCEL_A)
        took = await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 1)
        assert took < 10  # 250 ms is promised; what takes longer than this never was told
        assert (await hear(peer, "a"))["a"].last["type"] == "done"
        for _ in range(20):
            assert json.loads(await peer.recv())["context_id"] == "b"
        await peer.send(json.dumps({"context_id": "b", "cancel": True}))
        assert (await hear(peer, "b"))["b"].last["type"] == "done"
        server.backend.behaviour = SHORT
        assert len((await ask(peer)).audio) == 2 * SAMPLES


async def test_a_name_may_be_taken_again_at_once(server: ServerThread) -> None:
    """The first one's end is not said from then on: it would be taken for the second's."""
    async with connected(url(server)) as peer:
        expected = (await ask(peer, "Second.")).audio
        for _ in range(5):
            server.backend.behaviour = SPEAKING
            await say(peer, "a", "First.")
            await peer.recv()
            server.backend.behaviour = SHORT
            second = {**ASKED, "context_id": "a", "transcript": "Second."}
            for message in (CANCEL_A, json.dumps(second)):  # in one packet, so at once
                peer.protocol.send_text(message.encode())
            peer.transport.write(b"".join(peer.protocol.data_to_send()))
            heard = (await hear(peer, "a"))["a"]
            assert heard.last["type"] == "done"
            assert_same_audio(heard.audio[-len(expected) :], expected)
            await peer.send(CANCEL_A)  # too late


@pytest.mark.parametrize("name", ["nobody", "only"])
async def test_cancel_of_what_is_not_there_is_harmless(server: ServerThread, name: str) -> None:
    async with connected(url(server)) as peer:
        await ask(peer)
        for _ in range(2):
            await peer.send(json.dumps({"context_id": name, "cancel": True}))
        assert len((await ask(peer)).audio) == 2 * SAMPLES


@pytest.mark.parametrize("text", ["", " ", "\n", "…", "👍", "?!", "— "])
async def test_nothing_to_say_is_done(server: ServerThread, text: str) -> None:
    async with connected(url(server)) as peer:
        assert (await ask(peer, text)).kinds == ["done"]


WRONG: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "no voice": ({"voice": {}}, 400, "invalid_value", "voice"),
    "a voice of numbers": ({"voice": {"mode": "embedding", "embedding": [0.1]}}, 400, "", "voice"),
    "nobody": ({"voice": "bob"}, 400, "unknown_voice", "'bob'"),
    "transcript": ({"transcript": 5}, 400, "invalid_type", "transcript"),
    "container": ({"output_format": {**RAW, "container": "wav"}}, 400, "", "raw"),
    "encoding": ({"output_format": {**RAW, "encoding": "mp3"}}, 400, "", "encoding"),
    "rate": ({"output_format": {**RAW, "sample_rate": 5}}, 400, "", "sample_rate"),
    "format": ({"output_format": None}, 400, "", "output_format"),
    "speed": ({"generation_config": {"speed": 9}}, 400, "", "generation_config.speed"),
    "continue": ({"continue": "yes"}, 400, "", "continue"),
    "delay": ({"max_buffer_delay_ms": -1}, 400, "", "max_buffer_delay_ms"),
    "a character that cannot be spoken": ({"transcript": "a\x07"}, 400, "invalid_text", "U+0007"),
    "too much text": ({"transcript": "a" * 5001}, 400, "invalid_text", "5000"),
    "cancel": ({"cancel": False}, 400, "", "cancel"),
}


@pytest.mark.parametrize(("fields", "status", "code", "names"), WRONG.values(), ids=WRONG)
async def test_a_mistake_is_told_to_its_context_and_the_socket_stays(
    server: ServerThread, fields: dict[str, Any], status: int, code: str, names: str
) -> None:
    async with connected(url(server)) as peer:
        heard = await ask(peer, **fields)
        assert heard.kinds == ["error", "done"]
        error = heard.error
        assert (error["context_id"], error["done"]) == ("only", False)
        assert error["status_code"] == status
        assert code in error["error_code"]
        assert names in error["message"]
        assert "\n" not in error["message"]
        assert set(error) == {
            *("type", "context_id", "done", "status_code", "error_code", "title", "message"),
            "request_id",
        }
        assert len((await ask(peer)).audio) == 2 * SAMPLES


@pytest.mark.parametrize("message", ["{", "[1]", "5", '{"cancel": true}', "{}", b"\x00"])
async def test_what_names_no_context_is_told_so(server: ServerThread, message: str | bytes) -> None:
    async with connected(url(server)) as peer:
        await peer.send(message)
        error = json.loads(await peer.recv())
        assert (error["type"], error["context_id"]) == ("error", None)
        assert len((await ask(peer)).audio) == 2 * SAMPLES


async def test_a_mistake_in_the_middle_ends_the_context_and_no_other(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer:
        for name in "ab":
            await say(peer, name, **{"continue": True}, flush=True)
        await peer.recv()
        await say(peer, "a", "x" * 5000)
        heard = (await hear(peer, "a"))["a"]
        assert heard.error["error_code"] == "invalid_text"
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 1)
        for _ in range(10):
            assert json.loads(await peer.recv())["context_id"] == "b"


async def test_more_contexts_than_may_be(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer:
        for name in "abcde":
            await say(peer, name)
        error = (await hear(peer, "e"))["e"].error
        assert (error["status_code"], error["error_code"]) == (429, "rate_limited")


async def test_a_full_queue_is_told_at_once(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer, connected(url(server)) as other:
        for name in "abcd":
            await say(peer, name)
        await asyncio.to_thread(wait_until, lambda: server.service.slots.queued == 2)
        error = (await ask(other)).error
        assert (error["status_code"], error["error_code"]) == (503, "overloaded")


async def test_who_waits_hears_that_it_is_still_there(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the queue, and while its text does not come."""
    monkeypatch.setattr(cartesia_socket, "TICK_S", 0.01)
    monkeypatch.setattr(cartesia_socket, "KEEP_ALIVE_S", 0.05)
    server.backend.behaviour = SPEAKING
    async with connected(url(server)) as peer:
        for name in "ab":
            await say(peer, name)
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 2)
        await say(peer, "queued")
        await say(peer, "silent", "", **{"continue": True})
        kept = {"queued": 0, "silent": 0}
        while min(kept.values()) < 3:
            message = json.loads(await peer.recv())
            if message["context_id"] in kept:
                assert (message["type"], message["flush_id"]) == ("flush_done", 0)
                kept[message["context_id"]] += 1


@pytest.mark.parametrize(
    ("behaviour", "code", "status"),
    [
        (Behaviour(frames=0), "no_audio", 500),
        (Behaviour(fail_at=3), "backend_error", 500),
        (Behaviour(fail_at=30), "backend_error", 500),
    ],
)
async def test_what_fails_is_told_with_its_status(
    server: ServerThread, behaviour: Behaviour, code: str, status: int
) -> None:
    async with connected(url(server)) as peer:
        server.backend.behaviour = behaviour
        error = (await ask(peer)).error
        assert error["error_code"] == code
        assert (error["status_code"], error["context_id"]) == (status, "only")
        server.backend.behaviour = SHORT
        assert len((await ask(peer)).audio) == 2 * SAMPLES


async def test_an_engine_that_dies_is_told_to_every_context() -> None:
    server = ServerThread(BackendDouble(behaviour=SHORT), NullCodec(), slots=2)
    server.start()
    server.backend.behaviour = Behaviour(endless=True, rate=100)
    async with connected(url(server)) as peer:
        for name in "abc":
            await say(peer, name)
        await peer.recv()
        await asyncio.to_thread(wait_until, lambda: server.service.slots.queued == 1)
        server.backend.die()
        found = await hear(peer, *"abc")
    assert [heard.error["error_code"] for heard in found.values()] == ["engine_died"] * 3
    await asyncio.to_thread(wait_until, lambda: not server.running)
    assert server.exit_code == 8


@pytest.mark.parametrize("speed", [1.0, 2.0])
async def test_words_are_pieces_of_the_text_at_their_times(
    server: ServerThread, speed: float
) -> None:
    """Also in what the text was sent in pieces of, and where it is read otherwise."""
    server.backend.behaviour = Behaviour(frames=30)
    fields = {"add_timestamps": True, "generation_config": {"speed": speed}}
    async with connected(url(server)) as peer:
        for start in range(0, len(WORDS), 7):
            await say(peer, "a", WORDS[start : start + 7], **{"continue": True}, **fields)
        await say(peer, "a", "")
        heard = (await hear(peer, "a"))["a"]
    parts = [m["word_timestamps"] for m in heard.messages if m["type"] == "timestamps"]
    words, starts, ends = (
        [x for part in parts for x in part[k]] for k in ("words", "start", "end")
    )
    at = 0
    for word in words:
        found = WORDS.find(word, at)
        assert word
        assert found >= at
        at = found + len(word)
    assert "₹500," in words
    assert starts == sorted(starts)
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert starts[0] >= 0
    assert ends[-1] <= len(heard.audio) / 48000 + 0.01
    assert ends[-1] > 0.5 * len(heard.audio) / 48000


async def test_no_times_unless_asked_for(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        for fields in ({}, {"add_timestamps": False}, {"add_timestamps": None}):
            assert (await ask(peer, TWO, **fields)).kinds == ["chunk", "done"]
