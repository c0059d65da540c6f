"""Streaming changes nothing, wherever it is cut; and no less context would do."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
from tensorrt_tts.audio.bandwidth.extension import BandwidthExtension
from tensorrt_tts.audio.bandwidth.network import ExtensionNetwork
from tensorrt_tts.audio.bandwidth.stream import ExtensionStream
from tensorrt_tts.audio.bandwidth.weights import shapes
from tests.support.golden import recipe_weights
from tests.support.tiny_extension import RELEASED, RULES, extended

LONGEST = 9000
"""Samples: more than two windows of half a second hold at a third of 48 kHz."""

DEEP = ExtensionConfig.model_validate(RELEASED | {"ConvNeXt_channels": 6})
"""With the released layers, and so its reach."""


@cache
def deep() -> tuple[BandwidthExtension, ExtensionNetwork]:
    weights = recipe_weights(shapes(DEEP), RULES, seed=1)
    return BandwidthExtension(DEEP, weights), ExtensionNetwork(DEEP, weights)


def noise(length: int) -> np.ndarray:
    return (3000 * np.random.default_rng(length).standard_normal(length)).astype(np.int16)


def streamed(stream: ExtensionStream, pcm: np.ndarray, cuts: list[int]) -> np.ndarray:
    return np.concatenate([*map(stream.push, np.split(pcm, cuts)), stream.finish()])


def furthest(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max(initial=0))


@settings(max_examples=40)
@given(st.integers(180, LONGEST), st.lists(st.integers(0, LONGEST), max_size=12).map(sorted))
def test_it_is_what_the_whole_gives(length: int, cuts: list[int]) -> None:
    extension, network = deep()
    pcm = noise(length)
    found = streamed(extension.open(), pcm, cuts)
    assert furthest(found, extended(pcm, network)) <= 1


@given(st.integers(0, 400), st.lists(st.integers(0, 400), max_size=9).map(sorted))
def test_what_is_too_short_to_mirror_has_all_its_samples_too(length: int, cuts: list[int]) -> None:
    extension, _ = deep()
    pcm = noise(length)
    found = streamed(extension.open(), pcm, cuts)
    assert (found.dtype, len(found)) == (np.int16, 3 * length)
    assert furthest(found, streamed(extension.open(), pcm, [])) <= 1


@pytest.mark.parametrize("missing", ["_after", "_before"])
def test_with_less_context_it_is_not(missing: str) -> None:
    """480 samples on that side are not enough, and are heard: 30 steps are a thousandth."""
    extension, network = deep()
    pcm = noise(4000)
    stream = extension.open()
    setattr(stream, missing, 6)
    cuts = list(range(0, 4000, 320))
    assert furthest(streamed(stream, pcm, cuts), extended(pcm, network)) > 30


def test_no_sample_reaches_further_than_is_said() -> None:
    extension, _ = deep()
    pcm = noise(4000)
    changed = pcm.copy()
    changed[2000] += 5000
    plain, other = (extension.open().push(samples).astype(int) for samples in (pcm, changed))
    touched = np.flatnonzero(plain != other)
    reach = DEEP.reach + 3 * 6  # and the sinc's
    assert 6000 - reach <= touched[0]
    assert touched[-1] <= 6000 + reach
    assert touched[-1] - touched[0] > 1600


def test_what_is_held_back_is_the_reach() -> None:
    extension, _ = deep()
    stream = extension.open()
    out = [len(stream.push(part)) for part in np.split(noise(3200), 10)]
    given_out = np.cumsum(out)
    behind = 960 * np.arange(1, 11) - given_out
    assert all(behind[given_out > 0] <= DEEP.reach + 3 * 6 + 80)
    assert given_out[2] > 0  # 60 ms in


def test_silence_stays_silent_when_the_network_adds_none() -> None:
    weights = {name: torch.zeros(shape) for name, shape in shapes(DEEP).items()}
    extension = BandwidthExtension(DEEP, weights)
    assert furthest(streamed(extension.open(), np.zeros(800, np.int16), []), np.zeros(2400)) <= 4
