"""Both clients against a real server: whatever one does, the other does."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts import errors
from tensorrt_tts.client import AsyncClient, Client, Speech
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until

SHORT = Behaviour(frames=6)
SPEAKING = Behaviour(endless=True, rate=300)
BYTES = 2 * 6 * 2048


class AwaitedSpeech:
    """The other one's, as if it were awaited."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech

    def __getattr__(self, name: str) -> Any:
        return getattr(self.speech, name)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = iter(self.speech)
        try:
            for pcm in chunks:
                yield pcm
        finally:
            chunks.close()  # type: ignore[attr-defined]  # it is a generator

    async def cancel(self) -> None:
        self.speech.cancel()

    async def close(self) -> None:
        self.speech.close()

    async def __aenter__(self) -> AwaitedSpeech:
        self.speech.__enter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.speech.__exit__()


class AwaitedClient:
    def __init__(self, client: Client) -> None:
        self.client = client

    @classmethod
    async def connect(cls, *given: Any, **named: Any) -> AwaitedClient:
        return cls(Client.connect(*given, **named))

    async def speak(self, text: str, **fields: Any) -> AwaitedSpeech:
        return AwaitedSpeech(self.client.speak(text, **fields))

    async def close(self) -> None:
        self.client.close()

    async def __aenter__(self) -> AwaitedClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.__exit__()


@pytest.fixture(params=[AsyncClient, AwaitedClient])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=SHORT)
    with serving(backend, NullCodec(), slots=1, max_queued=0) as running:
        yield running


@asynccontextmanager
async def connected(kind: Any, server: ServerThread) -> AsyncIterator[Any]:
    async with await kind.connect(server.url) as client:
        yield client


async def heard(speech: Any) -> bytes:
    return b"".join([pcm async for pcm in speech])


async def test_audio_words_and_report(kind: Any, server: ServerThread) -> None:
    async with connected(kind, server) as client:
        speech = await client.speak(
            "Good morning!", voice="leo", seed=1, return_words=True, return_normalized=True
        )
        assert speech.report is None
        assert len(await heard(speech)) == BYTES
    assert speech.sample_rate == 24_000
    assert [word.text for word in speech.words] == ["Good", "morning!"]
    assert speech.words[-1].end_s <= BYTES / 48_000
    assert (speech.report.reason, speech.report.duration_s) == ("completed", BYTES / 48_000)
    assert speech.report.normalized == "Good morning!"
    assert speech.report.heard is not None


async def test_another_rate_beside_the_model_s(kind: Any, server: ServerThread) -> None:
    async with connected(kind, server) as client:
        low = await client.speak("Good morning!", sample_rate=8_000)
        own = await client.speak("Good morning!")
        assert (len(await heard(low)), len(await heard(own))) == (BYTES // 3, BYTES)
    assert (low.sample_rate, low.sr_applied) == (8_000, "soxr")
    assert (own.sample_rate, own.sr_applied) == (24_000, None)
    assert low.report.duration_s == own.report.duration_s


async def test_words_come_among_the_audio(kind: Any, server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(kind, server) as client:
        speech = await client.speak("One two three.", return_words=True)
        async with speech:
            async for _ in speech:
                if speech.words:
                    break
            assert speech.words[0].text == "One"
            assert speech.report is None


async def test_speeches_that_are_asked_for_ahead(kind: Any, server: ServerThread) -> None:
    """Whichever is read first."""
    async with connected(kind, server) as client:
        speeches = [await client.speak(text) for text in ("One.", "Two.", "Three.")]
        for speech in reversed(speeches):
            assert len(await heard(speech)) == BYTES
            assert speech.report.reason == "completed"


async def test_whoever_stops_listening_cancels(kind: Any, server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(kind, server) as client:
        async with await client.speak("This never ends.") as speech:
            async for _ in speech:
                break
        wait_until(lambda: server.service.slots.active == 0)
        server.backend.behaviour = SHORT
        assert len(await heard(await client.speak("Once more."))) == BYTES


def test_a_loop_that_is_left_cancels(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    with Client.connect(server.url) as client:
        for _ in client.speak("This never ends."):
            break
        wait_until(lambda: server.service.slots.active == 0)
        with pytest.raises(ZeroDivisionError):
            _play(client.speak("Nor this."))
        wait_until(lambda: server.service.slots.active == 0)
        server.backend.behaviour = SHORT
        assert sum(map(len, client.speak("Once more."))) == BYTES


def _play(speech: Speech) -> None:
    for _ in speech:
        raise ZeroDivisionError


async def test_a_cancel_says_what_was_heard(kind: Any, server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(kind, server) as client:
        speech = await client.speak("This never ends.", return_words=True)
        async for _ in speech:
            await speech.cancel()
        assert speech.report.reason == "cancelled"
        assert "This never ends.".startswith(speech.report.heard)
        await speech.cancel()  # too late
        await speech.close()


async def test_one_that_waits_is_cancelled_alone(kind: Any, server: ServerThread) -> None:
    async with connected(kind, server) as client:
        first, second = await client.speak("One."), await client.speak("Two.")
        await second.cancel()
        assert len(await heard(first)) == BYTES
        assert await heard(second) == b""
        assert second.report.reason == "cancelled"


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"voice": "bob"}, errors.UnknownVoiceError, "voice 'bob'"),
        ({"text": ""}, errors.TextError, "nothing to speak"),
        ({"temperature": 9.0}, errors.InputError, "temperature 9.0 is out of range"),
        ({"colour": "red"}, errors.InputError, "field 'colour' is unknown"),
    ],
)
async def test_a_mistake_is_the_error_it_is_in_process(
    kind: Any, server: ServerThread, fields: dict[str, Any], error: type[Exception], told: str
) -> None:
    """And the connection speaks on."""
    async with connected(kind, server) as client:
        speech = await client.speak(**{"text": "Hello.", **fields})
        with pytest.raises(error, match=told):
            await heard(speech)
        assert len(await heard(await client.speak("Hello."))) == BYTES


async def test_a_failure_of_the_model(kind: Any, server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    async with connected(kind, server) as client:
        with pytest.raises(errors.NoAudioError):
            await heard(await client.speak("Hello."))


async def test_a_full_server_says_when_to_come_back(kind: Any, server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(AsyncClient, server) as busy, connected(kind, server) as client:
        speaking = aiter(await busy.speak("This never ends."))
        await anext(speaking)
        with pytest.raises(errors.CapacityError) as raised:
            await heard(await client.speak("Hello."))
        assert raised.value.retry_after is not None
        assert raised.value.retry_after > 0


async def test_a_key(kind: Any) -> None:
    keys = f"alice:{digest(b'tts_A')}"
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), api_keys=keys) as server:
        for key in (None, "tts_B"):
            with pytest.raises(errors.ApiKeyError):
                await kind.connect(server.url, key)
        async with await kind.connect(server.url, "tts_A") as client:
            assert len(await heard(await client.speak("Hello."))) == BYTES


async def test_a_key_s_limit(kind: Any) -> None:
    keys = f"alice:{digest(b'tts_A')} characters_per_minute=10"
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), api_keys=keys) as server:
        async with await kind.connect(server.url, "tts_A") as client:
            assert len(await heard(await client.speak("Hello."))) == BYTES
            with pytest.raises(errors.RateLimitError) as raised:
                await heard(await client.speak("Hello."))
        assert raised.value.retry_after is not None


async def test_a_server_that_stops(kind: Any) -> None:
    backend = BackendDouble(behaviour=SHORT)
    with serving(backend, NullCodec(), slots=1, drain_timeout_s=0) as server:
        async with await kind.connect(server.url) as client:
            backend.behaviour = SPEAKING
            first, second = await client.speak("This never ends."), await client.speak("Nor this.")
            await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 1)
            server.signal()
            with pytest.raises(errors.DrainingError, match="in mid-speech"):
                await heard(first)
            for ask in (lambda: heard(second), lambda: client.speak("Hello.")):
                with pytest.raises(errors.DrainingError):
                    await ask()


async def test_a_connection_that_was_closed(kind: Any, server: ServerThread) -> None:
    client = await kind.connect(server.url)
    speech = await client.speak("Hello.")
    await client.close()
    with pytest.raises(errors.BackendError, match=r"closed the socket|broke"):
        await client.speak("Hello.")
    await speech.close()


async def test_a_task_for_each(server: ServerThread) -> None:
    async with connected(AsyncClient, server) as client:
        speeches = [await client.speak(text) for text in ("One.", "Two.", "Three.")]
        told = await asyncio.gather(*(heard(speech) for speech in reversed(speeches)))
        assert [len(pcm) for pcm in told] == [BYTES] * 3


async def test_a_task_that_is_cancelled_stops_its_speech(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    async with connected(AsyncClient, server) as client:
        speech = await client.speak("This never ends.")
        task = asyncio.create_task(heard(speech))
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)


def test_nothing_heavy_is_imported() -> None:
    script = (
        "import sys, tensorrt_tts.client;"
        "heavy = {'torch', 'transformers', 'numpy', 'pydantic', 'websockets', 'fastapi'};"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
