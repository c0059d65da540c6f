"""Random weights whose error means something: of a level, and hardly rounding, at any width."""

import numpy as np
import pytest

from benchmarks.codecs.coded import coded_bicodec
from benchmarks.codecs.random_bicodec import narrowed, random_weights
from tensorrt_tts.codecs.base import decode
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.schedule import HopSchedule

FULL_SCALE = 32767


def streamed(codec, steps, speaker):
    """Waiting for all that the codec sees. float32."""
    stream = codec.open(HopSchedule(codec.context.lookahead, hop=25), 0, speaker)
    parts = []
    for step in steps:
        stream.push([step])
        while stream.due:
            (samples,) = codec.run([stream.job()])
            parts.append(samples)
            stream.take(samples)
    stream.end()
    (samples,) = codec.run([stream.job()])
    return np.concatenate([*parts, samples])


@pytest.mark.parametrize("by", [32, 16, 8, 4])
def test_they_speak_at_a_speakers_level_at_any_width(by):
    config = narrowed(by)
    coded = coded_bicodec(BiCodec(config, random_weights(config)))
    parser = coded.parser()
    samples = decode(coded.codec, parser.push(coded.ids(50)), condition=parser.condition)
    assert 0.1 < samples.std() < 0.3
    assert np.abs(samples).max() < 0.95


@pytest.mark.parametrize("by", [32, 8])
def test_a_stream_is_its_offline_decode_and_rounding_is_a_part_of_a_step(by):
    """Equal to the bit of float32 where float64 computes, so that nothing is left out of a window;
    what float32 makes of it is rounding, below half a step of int16."""
    config = narrowed(by)
    weights = random_weights(config)
    single = BiCodec(config, weights)
    double = BiCodec(config, {name: tensor.double() for name, tensor in weights.items()})
    coded = coded_bicodec(single)
    parser = coded.parser()
    steps = parser.push(coded.ids(100))
    exact = decode(double, steps, condition=parser.condition)
    np.testing.assert_array_equal(streamed(double, steps, parser.condition), exact)
    for found in (
        decode(single, steps, condition=parser.condition),
        streamed(single, steps, parser.condition),
    ):
        assert np.abs(found - exact).max() * FULL_SCALE < 0.5
