"""The blocking face: from any thread, several at once, and nothing left running."""

from __future__ import annotations

import io
import os
import signal
import threading
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from deploy.jobs.blocking import BlockingSpeaker
from deploy.jobs.speaker import Speaker
from tensorrt_tts.errors import BackendError, TextError
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer
from tests.support.server_thread import wait_until
from tests.support.tiny_orpheus import tiny_model_folders


@pytest.fixture
def speaker() -> Iterator[BlockingSpeaker]:
    folder, codec = tiny_model_folders()
    found = BlockingSpeaker(Speaker(open_synthesizer(str(folder), codec=str(codec))))
    yield found
    found.close()
    found.close()
    assert found._loop.closed


def test_streamed_is_spoken(speaker: BlockingSpeaker) -> None:
    with ThreadPoolExecutor(3) as pool:
        whole = pool.submit(speaker.speak, "Hi.", None, 5)
        streams = [pool.submit(lambda: list(speaker.stream("Hi.", seed=5))) for _ in range(2)]
    with wave.open(io.BytesIO(whole.result().wav)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    for stream in streams:
        assert len(stream.result()) > 1
        streamed = np.frombuffer(b"".join(stream.result()), np.int16)
        np.testing.assert_allclose(streamed, pcm, rtol=0, atol=1)  # decoded in batches


def test_closing_a_stream_frees_its_place(speaker: BlockingSpeaker) -> None:
    stream = speaker.stream("A text that would go on for a while.")
    assert next(stream)
    backend = speaker.speaker.synthesizer.backend
    assert backend.stats().running == 1
    stream.close()
    assert backend.stats().running == 0


def test_errors_come_through(speaker: BlockingSpeaker) -> None:
    with pytest.raises(TextError):
        speaker.speak("")
    with pytest.raises(TextError):
        next(speaker.stream(""))


class InterruptedCaller(BaseException):
    """As Ctrl-C and Modal's InputCancellation are."""


@contextmanager
def interrupted_when(condition: Callable[[], bool]) -> Iterator[None]:
    """The main thread, by a signal."""

    def interrupt(number: int, frame: object) -> None:
        raise InterruptedCaller

    def wait() -> None:
        wait_until(condition)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    waiter = threading.Thread(target=wait)
    waiter.start()
    try:
        yield
    finally:
        waiter.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("how", ["speak", "stream"])
def test_an_interrupted_caller_gets_the_interruption_and_leaves_nothing(how: str) -> None:
    """Of an engine that hangs, so that the caller is waiting whenever the signal comes."""
    backend = BackendDouble(behaviour=Behaviour(hang_at=1))
    speaker = BlockingSpeaker(Speaker(double_synthesizer(backend, StreamOptions(stall_s=60))))
    stream = speaker.stream("Hello.")
    try:
        with (
            pytest.raises(InterruptedCaller) as raised,
            interrupted_when(lambda: backend.generated == 1),
        ):
            _ = speaker.speak("Hello.") if how == "speak" else next(stream)
        assert raised.value.__context__ is None
        assert backend.stats().running == 0
    finally:
        stream.close()
        speaker.close()


def test_what_ends_a_stream_is_not_hidden() -> None:
    backend = BackendDouble(behaviour=Behaviour(frames=20, fail_at=70))
    speaker = BlockingSpeaker(Speaker(double_synthesizer(backend, StreamOptions())))
    with pytest.raises(BackendError):
        list(speaker.stream("Hello."))
    assert backend.stats().running == 0
    speaker.close()
