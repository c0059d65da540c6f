"""Timings and tables, with numbers that can be checked by hand."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
import pytest

from deploy.jobs.speaker import Speaker, Timing, benchmark_table, wav_bytes
from tensorrt_tts.errors import SettingError
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.speech import SegmentReport, SpeechReport, SpeechRequest
from tests.support.tiny_orpheus import tiny_model_folders


def test_timing_of_a_report() -> None:
    report = SpeechReport(24000, first_token_s=0.1, first_audio_s=0.3, total_s=2.0, samples=96000)
    report.segments = [SegmentReport("a", tokens=100), SegmentReport("b", tokens=60)]
    timing = Timing.of("Hello", report)
    assert (timing.characters, timing.tokens, timing.audio_s) == (5, 160, 4.0)
    assert (timing.tokens_per_s, timing.speed) == (80.0, 2.0)


def test_timing_of_nothing() -> None:
    timing = Timing.of("", SpeechReport(24000))
    assert (timing.tokens_per_s, timing.speed, timing.first_audio_s) == (0.0, 0.0, None)


def test_table_has_medians_by_length() -> None:
    def timing(characters: int, first: float | None, speed: float) -> Timing:
        return Timing(characters, 1.5, 10, 0.05, first, 1.0, 90.0, speed)

    table = benchmark_table(
        [timing(39, 0.1, 1.0), timing(39, 0.3, 2.0), timing(39, 0.2, 9.0), timing(88, None, 1.0)]
    )
    _, short, long = (line.split() for line in table.splitlines())
    assert short == ["39", "1.50", "50", "200", "90.0", "2.00", "3"]
    assert long[3] == "nan"


def test_wav_round_trip() -> None:
    pcm = np.array([0, -32768, 32767], np.int16)
    with wave.open(io.BytesIO(wav_bytes(pcm, 24000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)
        assert file.readframes(3) == pcm.tobytes()


async def test_benchmark_warms_up_and_repeats_without_a_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, codec = tiny_model_folders()
    speaker = Speaker(open_synthesizer(str(folder), codec=str(codec)))
    asked: list[SpeechRequest] = []
    synthesize = speaker.synthesizer.synthesize

    async def noted(request: SpeechRequest) -> Any:
        asked.append(request)
        return await synthesize(request)

    monkeypatch.setattr(speaker.synthesizer, "synthesize", noted)
    timings = await speaker.benchmark(runs=2, texts=("One.", "And two."))
    texts = [request.text for request in asked]
    assert texts == ["One.", "One.", "One.", "And two.", "And two."]
    assert {request.seed for request in asked} == {None}
    assert [timing.characters for timing in timings] == [4, 4, 8, 8]
    assert all(timing.tokens and timing.first_audio_s for timing in timings)
    with pytest.raises(SettingError, match="runs 0"):
        await speaker.benchmark(runs=0)
    await speaker.close()
