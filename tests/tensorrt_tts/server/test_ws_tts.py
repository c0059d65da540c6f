"""What a well-behaved client gets, on a real port."""

import asyncio
import json
from collections.abc import Iterator

import numpy as np
import pytest

from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.tts_client import ask, connected, receive

FRAME_BYTES = 2 * 2048


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(max_pending=3) as server:
        yield server


@pytest.fixture
def server(shared: ServerThread) -> Iterator[ServerThread]:
    shared.backend.behaviour = Behaviour(frames=6)
    yield shared
    shared.assert_as_before()


async def test_audio_then_done(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        answer = await ask(peer)
    assert len(answer.audio) == 6 * FRAME_BYTES
    assert answer.final == {
        "done": True,
        "reason": "completed",
        "chunks": answer.chunks,
        "duration_s": 6 * 2048 / 24000,
        "bytes": 6 * FRAME_BYTES,
        "sample_rate": 24000,
    }


async def test_wire_audio_is_what_the_synthesizer_makes(server: ServerThread) -> None:
    direct = double_synthesizer(BackendDouble(behaviour=Behaviour(frames=6)), StreamOptions())
    expected, _ = await direct.synthesize(SpeechRequest("Hello.", seed=7))
    await direct.close()
    async with connected(server.url) as peer:
        answer = await ask(peer, seed=7)
    np.testing.assert_array_equal(np.frombuffer(answer.audio, "<i2"), expected)


async def test_benchmark_metrics(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        answer = await ask(peer, benchmark=True)
    metrics = answer.final["metrics"]
    assert metrics["tokens"] == 42
    assert metrics["frames"] == 6
    assert 0 < metrics["ttft_ms"] <= metrics["ttfa_ms"]
    assert metrics["ttfa_ms"] <= metrics["queue_ms"] + 1000 * metrics["generation_time_s"] + 1
    assert metrics["tokens_per_sec"] == pytest.approx(42 / metrics["generation_time_s"], rel=1e-3)
    assert len(metrics["decode_times_ms"]) == answer.chunks
    assert all(time > 0 for time in metrics["decode_times_ms"])


async def test_requests_sent_ahead_are_answered_in_order(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        for name in "abc":
            await peer.send(json.dumps({"text": f"Say {name}.", "id": name, "seed": 1}))
        answers = [await receive(peer) for _ in "abc"]
        alone = await ask(peer, "Say b.", seed=1)
    assert [answer.final["id"] for answer in answers] == ["a", "b", "c"]
    assert answers[1].audio == alone.audio
    assert answers[0].audio != alone.audio


async def test_too_many_sent_ahead(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(server.url) as peer:
        for name in "abcd":
            await peer.send(json.dumps({"text": "Hi.", "id": name}))
        answer = await receive(peer)
        assert answer.code == "rate_limited"
        assert answer.final["id"] == "d"
        await peer.send('{"cancel": true}')
        ends = [(await receive(peer)).final for _ in "abc"]
    assert [(end["id"], end["reason"]) for end in ends] == [(n, "cancelled") for n in "abc"]


async def test_cancel_one_by_id_leaves_the_others_untouched(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=6, rate=400)
    async with connected(server.url) as peer:
        alone = await ask(peer, "Say c.", seed=1)
        for name in "abc":
            await peer.send(json.dumps({"text": f"Say {name}.", "id": name, "seed": 1}))
        await peer.send('{"cancel": "b"}')
        answers = [await receive(peer) for _ in "abc"]
    assert [a.final["reason"] for a in answers] == ["completed", "cancelled", "completed"]
    assert answers[1].audio == b""
    assert answers[2].audio == alone.audio


async def test_cancel_while_speaking_frees_the_slot(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello."}))
        assert isinstance(await peer.recv(), bytes)
        await peer.send('{"cancel": true}')
        took = await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        answer = await receive(peer)
        assert answer.final["reason"] == "cancelled"
        assert server.backend.stats().running == 0
        server.backend.behaviour = Behaviour(frames=6)
        again = await ask(peer)
    assert took < 0.25
    assert again.final["reason"] == "completed"


async def test_cancel_with_nothing_to_cancel_is_harmless(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        await peer.send('{"cancel": true}')
        await peer.send('{"cancel": "unknown"}')
        answer = await ask(peer)
    assert answer.final["reason"] == "completed"


async def test_a_model_that_never_ends_is_cut_and_says_so(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True)
    async with connected(server.url) as peer:
        answer = await ask(peer, max_tokens=70)
    assert answer.final["reason"] == "max_tokens"
    assert len(answer.audio) == 10 * FRAME_BYTES


@pytest.mark.parametrize(
    ("message", "code", "names"),
    [
        ("{not json", "invalid_request", "JSON"),
        ("[1]", "invalid_request", "object"),
        ("{}", "invalid_request", "text"),
        ('{"text": 5}', "invalid_request", "text"),
        ('{"text": "Hi.", "speed": 2}', "invalid_request", "speed"),
        ('{"text": "Hi.", "temperature": NaN}', "invalid_request", "JSON"),
        ('{"text": "\\ud800"}', "invalid_request", "JSON"),
        ('{"text": "Hi.", "temperature": 9}', "invalid_setting", "temperature"),
        ('{"text": "Hi.", "voice": "nobody"}', "unknown_voice", "tara"),
        ('{"text": ""}', "invalid_text", "nothing to speak"),
        ('{"text": "<custom_token_28>"}', "invalid_text", "custom_token_28"),
        ('{"cancel": false}', "invalid_request", "cancel"),
        (b"\x00\x01", "invalid_request", "binary"),
    ],
)
async def test_mistakes_are_named_and_the_socket_stays(
    server: ServerThread, message: str | bytes, code: str, names: str
) -> None:
    begun = len(server.backend.started)
    async with connected(server.url) as peer:
        await peer.send(message)
        answer = await receive(peer)
        assert answer.code == code
        assert names in answer.final["error"]["message"]
        assert "\n" not in answer.final["error"]["message"]
        assert len(server.backend.started) == begun
        assert (await ask(peer)).final["reason"] == "completed"


async def test_text_longer_than_the_limit(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        answer = await ask(peer, "a" * 5001)
    assert answer.code == "invalid_text"
    assert "5000" in answer.final["error"]["message"]


async def test_counts_and_times_are_on_the_metrics_page(server: ServerThread) -> None:
    completed = 'tts_requests_total{outcome="completed"}'
    before, audio = server.metric(completed), server.metric("tts_audio_seconds_total")
    async with connected(server.url) as peer:
        await ask(peer)
    assert server.metric(completed) == before + 1
    heard = server.metric("tts_audio_seconds_total") - audio
    assert heard == pytest.approx(6 * 2048 / 24000)
    assert server.metric("tts_slots") == server.settings.slots
    assert server.metric("tts_ttfa_seconds_count") >= before + 1
