"""Models in turn: the same audio as both at once, and never both in memory."""

from __future__ import annotations

import numpy as np
import pytest

from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.errors import SettingError
from tensorrt_tts.jobs import turns
from tensorrt_tts.jobs.service import Service
from tensorrt_tts.jobs.turns import RESERVE, needs_turns, speak_in_turn, speak_once
from tensorrt_tts.loading import load_model
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.tiny_orpheus import tiny_model_folders

TEXT = "Hello there. " + "This is a second part that follows the first one. " * 8


async def test_audio_is_that_of_both_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "HOP_FRAMES", 5)  # several windows a segment
    folder, codec_folder = tiny_model_folders()
    model = load_model(str(folder), codec=str(codec_folder))
    request = SpeechRequest(TEXT, seed=4, max_tokens=150)
    held: list[str] = []

    def open_backend() -> ReferenceBackend:
        backend = ReferenceBackend.from_folder(folder)
        close = backend.close

        async def closing() -> None:
            held.remove("language model")
            await close()

        monkeypatch.setattr(backend, "close", closing)
        held.append("language model")
        return backend

    def open_codec() -> SnacCodec:
        assert held == []
        return SnacCodec.from_folder(codec_folder)

    done = await speak_in_turn(model, request, open_backend, open_codec)
    both = Synthesizer(
        model, ReferenceBackend.from_folder(folder), SnacCodec.from_folder(codec_folder)
    )
    expected, report = await both.synthesize(request)
    await both.close()
    assert len(report.segments) > 1
    assert done.tokens == report.tokens
    assert done.pcm.shape == expected.shape
    assert np.abs(done.pcm.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("free", "expected"), [(RESERVE + 30, False), (RESERVE + 29, True)])
def test_needs_turns(free: int, expected: bool) -> None:
    assert needs_turns(free, 20, 10) is expected


@pytest.mark.parametrize(("free", "phases"), [(1 << 40, 0), (1 << 20, 5)])
async def test_turns_are_taken_where_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, free: int, phases: int
) -> None:
    monkeypatch.setattr(turns, "free_bytes", lambda device: free)
    folder, codec = tiny_model_folders()
    spoken = await speak_once(Service(str(folder), "reference", "cpu", str(codec)), "Hi.")
    assert len(spoken.phases) == phases
    assert spoken.timing.tokens > 0


async def test_unknown_backend() -> None:
    folder, codec = tiny_model_folders()
    with pytest.raises(SettingError, match="'tensorflow' is unknown"):
        await speak_once(Service(str(folder), "tensorflow", "cpu", str(codec)), "Hi.", in_turn=True)
