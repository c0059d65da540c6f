import numpy as np
import pytest

from tensorrt_tts.audio.loudness import Loudness, is_pause

RATE = 24_000


def audio(*parts: tuple[float, float]) -> np.ndarray:
    """(seconds, amplitude) of tones one after another."""
    return np.concatenate(
        [
            (amplitude * np.sin(np.arange(round(seconds * RATE)) * 0.06)).astype(np.int16)
            for seconds, amplitude in parts
        ]
    )


def speech(pcm: np.ndarray, chunk: int = 2048, rate: int = RATE) -> list[tuple[float, float]]:
    loudness = Loudness(rate)
    for start in range(0, len(pcm), chunk):
        loudness.hear(pcm[start : start + chunk])
    return [(round(start, 3), round(stop, 3)) for start, stop in loudness.speech()]


SPOKEN = audio((0.1, 0), (0.5, 8000), (0.3, 0), (0.4, 4000), (0.08, 20), (0.2, 8000), (0.5, 30))


def test_speech_lies_between_pauses_and_goes_on_over_closures() -> None:
    assert speech(SPOKEN) == [(0.1, 0.6), (0.9, 1.58)]


@pytest.mark.parametrize("chunk", [1, 7, 240, 512, 100_000])
def test_it_does_not_matter_how_it_comes(chunk: int) -> None:
    assert speech(SPOKEN[: RATE // 2], chunk) == speech(SPOKEN[: RATE // 2])
    assert speech(SPOKEN, 1000 + chunk) == speech(SPOKEN)


def test_what_was_heard_first_does_not_change() -> None:
    loudness = Loudness(RATE)
    loudness.hear(audio((0.5, 800)))
    assert [tuple(map(float, span)) for span in loudness.speech()] == [(0.0, 0.5)]
    loudness.hear(audio((0.5, 0), (0.5, 30_000)))
    assert speech(audio((0.5, 800), (0.5, 0), (0.5, 30_000))) == [(0.0, 0.5), (1.0, 1.5)]


@pytest.mark.parametrize("amplitude", [0, 10])
def test_silence_has_no_speech(amplitude: int) -> None:
    assert speech(audio((1.0, amplitude))) == []
    assert Loudness(RATE).speech() == []


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_other_rates(rate: int) -> None:
    tone = (8000 * np.sin(np.arange(rate) * 0.06)).astype(np.int16)
    tone[rate // 4 : rate // 2] = 0
    (first, second) = speech(tone, rate=rate)
    assert first == pytest.approx((0.0, 0.25), abs=0.011)
    assert second == pytest.approx((0.5, 1.0), abs=0.011)


def test_what_is_a_pause() -> None:
    assert is_pause(0.2)
    assert not is_pause(0.1)


@pytest.mark.parametrize("chunk", [1, 240, 1000, 100_000])
@pytest.mark.parametrize("count", [1, 3, 6])
def test_syllables_are_where_it_is_loudest(count: int, chunk: int) -> None:
    envelope = np.abs(np.sin(np.arange(count * RATE // 5) * np.pi / (RATE // 5)))
    sung = (9000 * envelope * np.sin(np.arange(len(envelope)) * 0.3)).astype(np.int16)
    pcm = np.concatenate([sung, np.zeros(RATE // 5, np.int16)])
    loudness = Loudness(RATE)
    for start in range(0, len(pcm), chunk):
        loudness.hear(pcm[start : start + chunk])
    assert loudness.syllables() == pytest.approx([0.1 + 0.2 * n for n in range(count)], abs=0.02)
