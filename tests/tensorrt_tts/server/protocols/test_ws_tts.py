"""What a well-behaved client gets, on a real port."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tensorrt_tts.server.protocols.ws_tts import SpeechSocket
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.tts_client import ask, assert_same_audio, close_code, connected, receive

FRAME_BYTES = 2 * 2048


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(BackendDouble(behaviour=Behaviour(frames=6)), max_pending=3) as server:
        yield server


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
    assert_same_audio(answer.audio, expected.tobytes())


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


async def test_what_was_said_and_what_was_left_out(server: ServerThread) -> None:
    text = "₹500 मिले।\n\n😀\n\nThank you."
    async with connected(server.url) as peer:
        said = await ask(peer, text, return_normalized=True)
        as_written = await ask(peer, text, return_normalized=True, normalize=False)
        plain = await ask(peer, "Thank you.")
    assert said.final["normalized"] == "पाँच सौ रुपए मिले। Thank you."
    assert as_written.final["normalized"] == "₹500 मिले। Thank you."
    assert said.final["warnings"] == ["left out '😀', which has nothing to speak"]
    assert not {"normalized", "warnings"} & plain.final.keys()


async def test_words_are_told_while_they_are_spoken(server: ServerThread) -> None:
    text = "He paid  ₹500 in town. She had paid $20 there, too."
    async with connected(server.url) as peer:
        answer = await ask(peer, text, return_words=True, id="x")
        plain = await ask(peer, text)
    assert [word["text"] for word in answer.words] == text.split()
    assert all(text[word["begin"] : word["end"]] == word["text"] for word in answer.words)
    times = [time for word in answer.words for time in (word["start_s"], word["end_s"])]
    assert times == sorted(times)
    assert times[-1] <= answer.final["duration_s"] + 0.001
    assert text.startswith(answer.final["heard"].partition(" ")[0])
    assert plain.words == []
    assert "heard" not in plain.final


async def test_a_cancel_is_told_what_was_heard(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    text = "I am one of the many words that are in this sentence of mine."
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": text, "return_words": True, "max_tokens": 1400}))
        words: list[str] = []
        while len(words) < 3:
            message = await peer.recv()
            if isinstance(message, str):
                words += [word["text"] for word in json.loads(message)["words"]]
        await peer.send('{"cancel": true}')
        answer = await receive(peer)
    assert answer.final["reason"] == "cancelled"
    heard = answer.final["heard"].split()
    assert heard == text.split()[: len(heard)]


async def test_a_book_is_spoken_and_can_be_stopped() -> None:
    text = "अब बारिश रुक गई है और हम सब बाहर जा सकते हैं। " * 1000
    with serving(max_characters=50_000) as server:
        server.backend.behaviour = Behaviour(frames=1)
        async with connected(server.url) as peer:
            await peer.send(json.dumps({"text": text[:50_000], "id": "book"}))
            for _ in range(40):
                assert isinstance(await peer.recv(), bytes)
            await peer.send('{"cancel": "book"}')
            answer = await receive(peer)
            assert (answer.final["id"], answer.final["reason"]) == ("book", "cancelled")
            assert answer.final["chunks"] < 1000
            assert (await ask(peer)).final["reason"] == "completed"
            refused = await ask(peer, text[:40_000] + "\a")
        assert "U+0007 at position 40000" in refused.final["error"]["message"]
        server.assert_as_before()


async def test_requests_sent_ahead_are_answered_in_order(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        for name in "abc":
            await peer.send(json.dumps({"text": f"Say {name}.", "id": name, "seed": 1}))
        answers = [await receive(peer) for _ in "abc"]
        alone = await ask(peer, "Say b.", seed=1)
    assert [answer.final["id"] for answer in answers] == ["a", "b", "c"]
    assert_same_audio(answers[1].audio, alone.audio)
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
    assert_same_audio(answers[2].audio, alone.audio)


async def test_cancel_while_speaking_frees_the_slot(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello."}))
        assert isinstance(await peer.recv(), bytes)
        await peer.send('{"cancel": true}')
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        answer = await receive(peer)
        assert answer.final["reason"] == "cancelled"
        assert server.backend.stats().running == 0
        server.backend.behaviour = Behaviour(frames=6)
        again = await ask(peer)
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


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ('{"text": 5, "id": "x"}', "x"),
        ('{"text": "Hi.", "id": "y", "speed": 2}', "y"),
        ('{"cancel": 1, "id": "z"}', "z"),
        (json.dumps({"text": "Hi.", "id": "n" * 65}), "n" * 65),
        ('{"text": "Hi.", "id": 7}', None),
        ('{"text": "Hi.", "id": "x"', None),
        ('["id"]', None),
    ],
)
async def test_a_mistake_is_told_to_the_request_that_made_it(
    server: ServerThread, message: str, name: str | None
) -> None:
    async with connected(server.url) as peer:
        await peer.send(message)
        answer = await receive(peer)
    assert answer.code == "invalid_request"
    assert answer.final.get("id") == name


def outcomes(server: ServerThread, outcome: str) -> float:
    registry = server.service.metrics.registry
    return registry.get_sample_value("tts_requests_total", {"outcome": outcome}) or 0.0


async def test_a_flood_of_messages_closes_1008(server: ServerThread) -> None:
    """What it had asked for ends with it, and is counted."""
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    before, mistakes = outcomes(server, "too_many_messages"), outcomes(server, "invalid_request")
    began = asyncio.get_running_loop().time()
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello."}))
        with suppress(ConnectionClosed):
            for _ in range(20 * SpeechSocket.messages_at_once):
                await peer.send("{")
        assert await close_code(peer) == 1008
        assert peer.close_reason == "too_many_messages"
    await asyncio.to_thread(wait_until, lambda: not server.service.callers)
    assert outcomes(server, "too_many_messages") == before + 1
    took = asyncio.get_running_loop().time() - began
    most = (
        SpeechSocket.messages_at_once
        + server.settings.max_pending
        + SpeechSocket.messages_per_s * took
    )
    assert outcomes(server, "invalid_request") - mistakes <= most


class Chatterbox:
    """A socket that always has another message, and always takes an answer, without waiting."""

    def __init__(self) -> None:
        self.answers = 0
        self.code: int | None = None

    async def receive(self) -> dict[str, str]:
        return {"type": "websocket.receive", "text": "{"}

    async def send(self, message: dict[str, str]) -> None:
        self.answers += 1

    async def close(self, code: int, reason: str) -> None:
        self.code = code


async def test_others_have_a_turn_after_every_message() -> None:
    synthesizer = double_synthesizer(BackendDouble(), StreamOptions())
    service = Service(ServerSettings(_env_file=None), synthesizer)
    peer, turns = Chatterbox(), 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(neighbour())
    await SpeechSocket(peer, service).run()  # type: ignore[arg-type]
    task.cancel()
    await synthesizer.close()
    assert peer.code == 1008
    assert peer.answers >= SpeechSocket.messages_at_once
    assert turns >= peer.answers


async def test_each_request_of_a_client_that_left_is_counted_once(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    before = outcomes(server, "disconnected")
    async with connected(server.url) as peer:
        for name in "abcd":
            await peer.send(json.dumps({"text": "Hello.", "id": name}))
        assert (await receive(peer)).final["id"] == "d"  # refused: three are accepted
        peer.transport.abort()
    await asyncio.to_thread(wait_until, lambda: not server.service.callers)
    assert outcomes(server, "disconnected") == before + 3


@pytest.mark.parametrize("signals", [1, 2])
async def test_what_the_server_cuts_is_not_the_clients_leaving(signals: int) -> None:
    """By the deadline of the drain, or by the second signal."""
    with serving(slots=1, drain_timeout_s=60 if signals == 2 else 0.2) as server:
        server.backend.behaviour = Behaviour(endless=True, rate=300)
        async with connected(server.url) as peer, connected(server.url) as queued:
            await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
            await peer.send(json.dumps({"text": "Hello again."}))
            await queued.send(json.dumps({"text": "And me."}))
            await asyncio.to_thread(wait_until, lambda: server.service.slots.queued == 1)
            for _ in range(signals):
                server.signal()
            await asyncio.to_thread(wait_until, lambda: not server.running)
        assert outcomes(server, "cut") == 3
        assert outcomes(server, "disconnected") == 0
