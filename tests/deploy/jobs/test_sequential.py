"""Models in turn: the same audio as both at once, and never both in memory."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.jobs import sequential
from deploy.jobs.sequential import RESERVE, fit_together, load_and_speak, speak_sequentially
from deploy.jobs.speaker_options import SpeakerOptions
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.errors import SettingError
from tensorrt_tts.loading import load_model
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.tiny_orpheus import tiny_model_folders

TEXT = "Hello there. " + "This is a second part that follows the first one. " * 8


def tiny(backend: str) -> SpeakerOptions:
    folder, codec = tiny_model_folders()
    return SpeakerOptions(str(folder), backend, "cpu", str(codec))


async def test_audio_is_that_of_both_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "HOP_FRAMES", 5)  # several windows a segment
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

    done = await speak_sequentially(model, request, open_backend, open_codec)
    both = Synthesizer(
        model, ReferenceBackend.from_folder(folder), SnacCodec.from_folder(codec_folder)
    )
    expected, report = await both.synthesize(request)
    await both.close()
    assert len(report.segments) > 1
    assert done.tokens == report.tokens
    assert done.pcm.shape == expected.shape
    assert np.abs(done.pcm.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("free", "expected"), [(RESERVE + 30, True), (RESERVE + 29, False)])
def test_fit_together(free: int, expected: bool) -> None:
    assert fit_together(free, 20, 10) is expected


@pytest.mark.parametrize(("free", "phases"), [(1 << 40, 0), (1 << 20, 5)])
async def test_one_after_the_other_where_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, free: int, phases: int
) -> None:
    monkeypatch.setattr(sequential, "free_bytes", lambda device: free)
    spoken = await load_and_speak(tiny("reference"), "Hi.")
    assert len(spoken.phases) == phases
    assert spoken.timing.tokens > 0


async def test_unknown_backend() -> None:
    with pytest.raises(SettingError, match="'tensorflow' is unknown"):
        await load_and_speak(tiny("tensorflow"), "Hi.", in_turn=True)
