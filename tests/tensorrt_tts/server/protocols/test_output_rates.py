"""Audio at the rate that was asked for, on every route, from a model of 16 kHz."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.audio.audio_source import AudioSource
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import ask as speak
from tests.support.speech_client import send
from tests.support.text_sockets import DEEPGRAM, hear, tell
from tests.support.tiny_extension import tiny_extension
from tests.support.tts_client import Answer, ask, connected, receive

FRAMES = 6
SECONDS = FRAMES * 2048 / 16000
RATES = (8_000, 16_000, 24_000, 48_000)


class TelephoneCodec(NullCodec):
    def __init__(self) -> None:
        super().__init__()
        self.context = replace(self.context, sample_rate=16_000)


@pytest.fixture(scope="module", params=[False, True], ids=["soxr", "ap-bwe"])
def shared(request: pytest.FixtureRequest) -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=FRAMES))
    with serving(backend, TelephoneCodec()) as server:
        extension = tiny_extension() if request.param else None
        server.service.synthesizer.audio = AudioSource(16_000, extension)
        yield server


def way(server: ServerThread, rate: int) -> str:
    extended = rate == 48_000 and server.service.synthesizer.audio.extension is not None
    return "ap-bwe" if extended else "none" if rate == 16_000 else "soxr"


def offline(server: ServerThread, audio: bytes, rate: int) -> np.ndarray:
    """What the model's own samples come to, all at once."""
    output = server.service.synthesizer.audio.at(rate)
    pcm = np.frombuffer(audio, "<i2").astype(np.int16)
    return np.concatenate([output.push(pcm), output.finish()])


async def messages(server: ServerThread, **fields: Any) -> list[bytes | dict[str, Any]]:
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello.", "seed": 1, **fields}))
        found: list[bytes | dict[str, Any]] = []
        async for message in peer:
            found.append(message if isinstance(message, bytes) else json.loads(message))
            if isinstance(message, str) and "done" in json.loads(message):
                return found
    raise AssertionError("no end came")


@pytest.mark.parametrize("rate", RATES)
async def test_the_rate_is_told_before_the_first_audio(server: ServerThread, rate: int) -> None:
    first, *others, done = await messages(server, sample_rate=rate, id="x")
    told = {"sample_rate": rate, "sr_applied": way(server, rate)}
    assert first == {"audio": told, "id": "x"}
    audio = [message for message in others if isinstance(message, bytes)]
    assert len(audio) == len(others)
    assert isinstance(done, dict)
    assert done["sample_rate"] == rate
    assert done["bytes"] == sum(map(len, audio)) == round(2 * rate * SECONDS)
    assert done["chunks"] == len(audio)
    assert done["duration_s"] == pytest.approx(SECONDS, abs=1e-6)


@pytest.mark.parametrize("rate", RATES)
async def test_streamed_is_what_the_whole_gives(server: ServerThread, rate: int) -> None:
    found = await messages(server, sample_rate=rate)
    plain = b"".join(m for m in await messages(server) if isinstance(m, bytes))
    ours = np.frombuffer(b"".join(m for m in found if isinstance(m, bytes)), "<i2").astype(int)
    expected = offline(server, plain, rate)
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() <= 1


async def test_who_does_not_ask_hears_of_nothing(server: ServerThread) -> None:
    *audio, done = await messages(server)
    assert all(isinstance(message, bytes) for message in audio)
    assert done == {
        "done": True,
        "reason": "completed",
        "chunks": len(audio),
        "duration_s": SECONDS,
        "bytes": FRAMES * 2 * 2048,
        "sample_rate": 16_000,
    }


@pytest.mark.parametrize("rate", [None, 24_000, 48_000])
async def test_words_are_where_they_were(server: ServerThread, rate: int | None) -> None:
    fields: dict[str, Any] = {} if rate is None else {"sample_rate": rate}
    text = "He paid ten in town."
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": text, "return_words": True, "seed": 1, **fields}))
        words: list[dict[str, Any]] = []
        while "done" not in (message := await _object(peer)):
            words += message.get("words", [])
    assert [word["text"] for word in words] == text.split()
    assert words[-1]["end_s"] <= message["duration_s"] + 0.001
    assert text.startswith(message["heard"])


async def _object(peer: Any) -> dict[str, Any]:
    while isinstance(message := await peer.recv(), bytes):
        pass
    found: dict[str, Any] = json.loads(message)
    return found


@pytest.mark.parametrize("rate", [24_000, 48_000])
async def test_a_cancel_ends_it_at_once(server: ServerThread, rate: int) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(server.url) as peer:
        await peer.send(json.dumps({"text": "Hello.", "sample_rate": rate}))
        assert isinstance(await peer.recv(), str)
        assert isinstance(await peer.recv(), bytes)
        await peer.send('{"cancel": true}')
        answer = await receive(peer)
        assert answer.final["reason"] == "cancelled"
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        server.backend.behaviour = Behaviour(frames=FRAMES)
        assert (await ask(peer)).final["bytes"] == FRAMES * 2 * 2048


async def test_a_wrong_rate_is_an_error_and_the_socket_stays(server: ServerThread) -> None:
    async with connected(server.url) as peer:
        wrong: Answer = await ask(peer, sample_rate=96_000, id="x")
        assert wrong.final["error"]["message"].startswith("field sample_rate is 96000")
        assert wrong.final["id"] == "x"
        assert (await ask(peer)).final["reason"] == "completed"


@pytest.mark.parametrize("rate", RATES)
def test_openai(server: ServerThread, rate: int) -> None:
    reply = speak(server.port, response_format="pcm", sample_rate=rate)
    assert reply.headers["x-audio-sample-rate"] == str(rate)
    assert reply.headers["x-sr-applied"] == way(server, rate)
    assert len(reply.body) == round(2 * rate * SECONDS)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_the_other_services(server: ServerThread, rate: int) -> None:
    voice = server.service.synthesizer.voices[0].name
    cartesia = {
        "model_id": "sonic",
        "transcript": "Hello.",
        "voice": {"mode": "id", "id": voice},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": rate},
    }
    deepgram = f"/v1/speak?encoding=linear16&container=none&sample_rate={rate}"
    elevenlabs = f"/v1/text-to-speech/{voice}/stream?output_format=pcm_{rate}"
    for path, content in (
        ("/tts/bytes", cartesia),
        (deepgram, {"text": "Hello."}),
        (elevenlabs, {"text": "Hello."}),
    ):
        reply = send(server.port, json.dumps(content).encode(), path=path)
        assert reply.status == 200, reply.body
        assert reply.headers["x-sr-applied"] == way(server, rate)
        assert len(reply.body) == round(2 * rate * SECONDS)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("stream", [False, True])
def test_generate(server: ServerThread, rate: int, stream: bool) -> None:
    voice = server.service.synthesizer.voices[0].name
    asked = {"text": "Hello.", "speaker": voice, "output": f"{rate // 1000}khz", "stream": stream}
    reply = send(server.port, json.dumps(asked).encode(), path="/v1/tts/generate")
    assert reply.headers["x-sample-rate"] == str(rate)
    assert reply.headers["x-sr-applied"] == way(server, rate)
    assert len(reply.body) == 44 + round(2 * rate * SECONDS)


async def test_a_socket_of_another_service(server: ServerThread) -> None:
    url = f"ws://127.0.0.1:{server.port}/v1/speak?sample_rate=48000"
    async with connected(url) as peer:
        await tell(peer, DEEPGRAM.say("Hello."), {"type": "Flush"})
        heard = await hear(peer, DEEPGRAM.over)
    assert len(heard.audio) == round(2 * 48_000 * SECONDS)
