import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.audio.audio_source import AudioSource, OutputRate, check_rate
from tensorrt_tts.errors import SettingError
from tests.support.tiny_extension import tiny_extension
from tests.support.tones import RATE, loudest, tone

RATES = (8_000, 16_000, 24_000, 48_000)
LENGTH = 4_000


def streamed(output: OutputRate, pcm: np.ndarray, cuts: list[int]) -> np.ndarray:
    return np.concatenate([*map(output.push, np.split(pcm, cuts)), output.finish()])


@given(
    st.sampled_from((16_000, 24_000)),
    st.sampled_from(RATES),
    st.integers(0, LENGTH),
    st.lists(st.integers(0, LENGTH), max_size=12).map(sorted),
)
def test_streamed_is_what_the_whole_gives(
    source: int, rate: int, length: int, cuts: list[int]
) -> None:
    pcm = np.random.default_rng(length).integers(-9000, 9000, length).astype(np.int16)
    found = streamed(AudioSource(source).at(rate), pcm, cuts)
    soxr = pytest.importorskip("soxr")
    whole = soxr.resample(pcm.astype(np.float32), source, rate, quality="HQ")
    expected = pcm if rate == source else np.clip(np.rint(whole), -32767, 32767)
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("source", "rate", "applied"),
    [
        (16_000, 48_000, "ap-bwe"),
        (16_000, None, "none"),
        (16_000, 24_000, "soxr"),
        (16_000, 8_000, "soxr"),
        (24_000, 48_000, "soxr"),
        (24_000, 24_000, "none"),
    ],
)
def test_which_way_it_goes(source: int, rate: int | None, applied: str) -> None:
    extension = tiny_extension()
    output = AudioSource(source, extension).at(rate)
    assert (output.applied, output.rate) == (applied, rate or source)
    assert AudioSource(source).at(rate).applied == applied.replace("ap-bwe", "soxr")
    pcm = tone(440, source // 2)
    found = streamed(output, pcm, [100, 5000])
    assert len(found) == len(pcm) * output.rate // source
    if applied != "ap-bwe":  # random weights say nothing that is meant
        heard = 440 * source / RATE  # a tone of that rate, taken for another
        assert loudest(found, output.rate) == pytest.approx(heard, abs=3)
    extension.close()


@pytest.mark.parametrize(("rate", "with_extension"), [(16_000, 0), (48_000, 0), (48_000, 1)])
def test_what_it_keeps(rate: int, with_extension: int) -> None:
    extension = tiny_extension() if with_extension else None
    output = AudioSource(16_000, extension).at(rate)
    made = 0
    for at in range(20):
        made += len(output.push(tone(440, 320)))
        kept = 320 * (at + 1) - made * 16_000 / rate
        assert output.kept == pytest.approx(kept, abs=1)
        assert (output.kept > 0) == (rate == 48_000)
    output.finish()
    assert output.kept == 0


@pytest.mark.parametrize("with_extension", [False, True])
async def test_the_loop_is_not_held_up_where_it_takes_long(with_extension: bool) -> None:
    extension = tiny_extension() if with_extension else None
    output = AudioSource(16_000, extension).at(48_000)
    where = []

    def push(pcm: np.ndarray) -> np.ndarray:
        where.append(threading.current_thread())
        return output.push(pcm)

    parts = [await output.run(push, tone(440, 1600)), await output.run(output.finish)]
    assert len(np.concatenate(parts)) == 4800
    assert (where[0] is threading.current_thread()) == (not with_extension)
    if extension is not None:
        await asyncio.to_thread(extension.close)


@pytest.mark.parametrize("rate", [0, -8000, 7999, 48001, 96000])
def test_a_rate_that_is_none(rate: int) -> None:
    with pytest.raises(SettingError, match=f"--rate {rate} is out of range; use 8000 to 48000 Hz"):
        check_rate(rate, "--rate")


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_a_rate_that_is_one(rate: int) -> None:
    assert check_rate(rate) == rate
