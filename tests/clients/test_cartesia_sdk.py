"""The real `cartesia` package against a real server. `make test-clients`; skipped without it."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import SENTENCE_SAMPLES, SHORT, SPEAKING
from tests.support.audio_files import decoded
from tests.support.backend_double import Behaviour
from tests.support.server_thread import ServerThread, wait_until

cartesia = pytest.importorskip("cartesia", reason="needs the cartesia package: make test-clients")

TARA = {"mode": "id", "id": "tara"}
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
HELLO: dict[str, Any] = {"model_id": "sonic-3", "voice": TARA, "transcript": "Hello."}
SENTENCES = ("Good morning, all of you. ", "The second sentence is here. ", "And the last one.")


@pytest.fixture(scope="module")
def slots() -> int:
    return 2


def options(server: ServerThread) -> dict[str, Any]:
    """A base URL alone would ask for TLS on WebSockets."""
    return {
        "api_key": "none",
        "base_url": f"http://127.0.0.1:{server.port}",
        "websocket_base_url": f"ws://127.0.0.1:{server.port}",
        "max_retries": 0,
    }


@pytest.fixture
def client(server: ServerThread) -> Iterator[Any]:
    with cartesia.Cartesia(**options(server)) as client:
        yield client


def test_a_context_in_sentences(client: Any) -> None:
    """With its words, exactly as they were sent."""
    with client.tts.websocket_connect() as connection:
        context = connection.context(
            model_id="sonic-3", voice=TARA, output_format=RAW, add_timestamps=True
        )
        for sentence in SENTENCES:
            context.push(sentence)
        context.no_more_inputs()
        events = list(context.receive())
    audio = b"".join(event.audio for event in events if event.type == "chunk")
    assert len(audio) >= 2 * 2 * SENTENCE_SAMPLES  # short ones are spoken together
    assert events[-1].type == "done"
    times = [event.word_timestamps for event in events if event.type == "timestamps"]
    words = [word for part in times for word in part.words]
    assert words == "".join(SENTENCES).split()
    starts = [start for part in times for start in part.start]
    ends = [end for part in times for end in part.end]
    assert starts == sorted(starts)
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert ends[-1] <= len(audio) / 48000 + 0.001


def test_without_any_word_on_the_format(client: Any) -> None:
    """The package asks for floats at 44.1 kHz then."""
    with client.tts.websocket_connect() as connection:
        context = connection.context(voice=TARA)
        context.push("Hello.")
        context.no_more_inputs()
        audio = b"".join(event.audio for event in context.receive() if event.type == "chunk")
    samples = np.frombuffer(audio, "<f4")
    assert len(samples) == pytest.approx(SENTENCE_SAMPLES * 44100 / 24000, abs=1)
    assert 0 < np.abs(samples).max() < 1


async def test_contexts_side_by_side(server: ServerThread) -> None:
    async with (
        cartesia.AsyncCartesia(**options(server)) as client,
        client.tts.websocket_connect() as connection,
    ):

        async def speak(text: str) -> int:
            context = connection.context(model_id="sonic-3", voice=TARA, output_format=RAW)
            await context.push(text)
            await context.no_more_inputs()
            events = [event async for event in context.receive()]
            assert events[-1].type == "done"
            return sum(len(event.audio) for event in events if event.type == "chunk")

        assert await asyncio.gather(speak("One."), speak("Two.")) == [2 * SENTENCE_SAMPLES] * 2


async def test_the_first_chunk_comes_before_the_last_text(server: ServerThread) -> None:
    async with (
        cartesia.AsyncCartesia(**options(server)) as client,
        client.tts.websocket_connect() as connection,
    ):
        context = connection.context(model_id="sonic-3", voice=TARA, output_format=RAW)
        await context.push("This sentence is long enough to stand alone here. And")
        events = context.receive()
        assert (await anext(events)).type == "chunk"
        await context.push(" now the rest of it.")
        await context.no_more_inputs()
        assert [event async for event in events][-1].type == "done"


async def test_cancel_frees_the_slot(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with (
        cartesia.AsyncCartesia(**options(server)) as client,
        client.tts.websocket_connect() as connection,
    ):
        context = connection.context(model_id="sonic-3", voice=TARA, output_format=RAW)
        await context.push("Hello there, all of you.", continue_=False)
        await anext(context.receive())
        assert server.service.slots.active == 1
        await context.cancel()
        took = await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        print(f"slot free {1000 * took:.0f} ms after the cancel")
        assert took < 10  # 250 ms is promised; what takes longer than this never was told


@pytest.mark.parametrize("flush_id", [1, 2])
def test_flush(client: Any, flush_id: int) -> None:
    with client.tts.websocket_connect() as connection:
        context = connection.context(model_id="sonic-3", voice=TARA, output_format=RAW)
        for _ in range(flush_id):
            context.push("Well then", flush=True)
        answers = context.receive()
        while (event := next(answers)).type != "flush_done" or event.flush_id != flush_id:
            pass
        context.no_more_inputs()
        assert list(answers)[-1].type == "done"


def test_a_mistake_is_its_error_event(client: Any) -> None:
    with client.tts.websocket_connect() as connection:
        context = connection.context(model_id="sonic-3", voice="bob", output_format=RAW)
        context.push("Hello.")
        (event,) = context.receive()
        assert (event.type, event.status_code, event.error_code) == ("error", 400, "unknown_voice")
        assert "'bob'" in event.error
        again = connection.context(model_id="sonic-3", voice=TARA, output_format=RAW)
        again.push("Hello.", continue_=False)
        assert list(again.receive())[-1].type == "done"


FORMATS = {
    "raw": RAW,
    "wav": {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 24000},
    "mp3": {"container": "mp3", "bit_rate": 128000, "sample_rate": 44100},
}


@pytest.mark.parametrize("name", FORMATS)
def test_bytes(client: Any, name: str) -> None:
    body = client.tts.generate(**HELLO, output_format=FORMATS[name]).read()
    if name == "raw":
        assert len(body) == 2 * SENTENCE_SAMPLES
        return
    _, _, rate, samples = decoded(body)
    assert len(samples) / rate == pytest.approx(SENTENCE_SAMPLES / 24000, abs=0.15)


def test_the_first_bytes_come_while_it_speaks(server: ServerThread, client: Any) -> None:
    server.backend.behaviour = SPEAKING
    with client.tts.with_streaming_response.generate(**HELLO, output_format=RAW) as response:
        parts = response.iter_bytes()
        assert len(next(parts)) > 0
        assert server.service.slots.active == 1
    wait_until(lambda: server.service.slots.active == 0)


def test_events(client: Any) -> None:
    events = list(client.tts.generate_sse(**HELLO, output_format=RAW, add_timestamps=True))
    audio = b"".join(base64.b64decode(event.data) for event in events if event.type == "chunk")
    assert len(audio) == 2 * SENTENCE_SAMPLES
    assert events[-1].type == "done"
    times = [event.word_timestamps for event in events if event.type == "timestamps"]
    assert [word for part in times for word in part.words] == ["Hello."]


def test_mistakes_are_the_client_s_own_exceptions(server: ServerThread, client: Any) -> None:
    with pytest.raises(cartesia.BadRequestError, match="'bob' is unknown") as raised:
        client.tts.generate(**{**HELLO, "voice": "bob"}, output_format=RAW)
    assert raised.value.body["error_code"] == "unknown_voice"
    with pytest.raises(cartesia.BadRequestError):
        client.tts.generate_sse(**{**HELLO, "transcript": ""}, output_format=RAW)
    server.backend.behaviour = Behaviour(frames=0)
    with pytest.raises(cartesia.InternalServerError, match="without any audio"):
        client.tts.generate(**HELLO, output_format=RAW)


def test_a_full_server_is_its_exception_and_is_asked_again(
    server: ServerThread, client: Any
) -> None:
    server.backend.behaviour = SPEAKING
    with client.tts.websocket_connect() as connection:
        for _ in range(2):
            context = connection.context(model_id="sonic-3", voice=TARA, output_format=RAW)
            context.push("Hello there, all of you.", continue_=False)
        wait_until(lambda: server.service.slots.active == 2)
        with pytest.raises(cartesia.InternalServerError) as raised:
            client.tts.generate(**HELLO, output_format=RAW)
        assert raised.value.status_code == 503
        assert int(raised.value.response.headers["retry-after"]) >= 1
    server.backend.behaviour = SHORT
    with cartesia.Cartesia(**{**options(server), "max_retries": 4}) as patient:
        assert len(patient.tts.generate(**HELLO, output_format=RAW).read()) == 2 * SENTENCE_SAMPLES
