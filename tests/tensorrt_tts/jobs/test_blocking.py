"""The blocking face: from any thread, several at once, and nothing left running."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tensorrt_tts.errors import TextError
from tensorrt_tts.jobs.blocking import BlockingSpeaker
from tensorrt_tts.jobs.speaker import Speaker
from tensorrt_tts.loading import open_synthesizer
from tests.support.tiny_orpheus import tiny_model_folders


@pytest.fixture
def speaker() -> Iterator[BlockingSpeaker]:
    folder, codec = tiny_model_folders()
    found = BlockingSpeaker(Speaker(open_synthesizer(str(folder), codec=str(codec))))
    yield found
    found.close()
    found.close()
    assert not found._thread.is_alive()


def test_streamed_is_spoken(speaker: BlockingSpeaker) -> None:
    with ThreadPoolExecutor(3) as pool:
        whole = pool.submit(speaker.speak, "Hi.", None, 5)
        streams = [pool.submit(lambda: list(speaker.stream("Hi.", seed=5))) for _ in range(2)]
    with wave.open(io.BytesIO(whole.result().wav)) as file:
        pcm = file.readframes(file.getnframes())
    for stream in streams:
        assert len(stream.result()) > 1
        assert b"".join(stream.result()) == pcm


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
