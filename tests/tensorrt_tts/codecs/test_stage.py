"""What a stage reads for what it writes, of every reach, rate and kernel."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.convolutions import as_matrix
from tensorrt_tts.codecs.stage import Snake, Stage, Upsample, backwards, intervals


class Wide(Stage):
    def __init__(self, reach: int) -> None:
        self.reach = reach


def upsample(rate: int, taps: int, padding: int) -> Upsample:
    torch.manual_seed(rate * 100 + taps)
    weight = torch.randn(2, 3, taps)
    snake = Snake(torch.ones(1, 2, 1), torch.ones(1, 2, 1))
    return Upsample(snake, weight, as_matrix(weight), torch.randn(3), rate=rate, padding=padding)


RATES = st.integers(1, 9).flatmap(
    lambda rate: st.tuples(st.just(rate), st.integers(rate, 3 * rate), st.integers(0, rate - 1))
)
STAGES = st.one_of(st.integers(0, 30).map(Wide), RATES.map(lambda shape: upsample(*shape)))


@given(STAGES, st.integers(0, 100), st.integers(1, 50))
def test_what_is_settled_needs_nothing_that_may_follow(
    stage: Stage, known: int, beyond: int
) -> None:
    final = stage.settled(known)
    if final:
        assert stage.needs((final - 1, final))[1] <= known
    assert stage.needs((final + beyond - 1, final + beyond))[1] > known


@given(RATES, st.integers(1, 12), st.data())
def test_any_interval_is_that_of_the_whole(
    shape: tuple[int, int, int], length: int, data: st.DataObject
) -> None:
    rate, _, padding = shape
    stage = upsample(*shape)
    x = torch.randn(1, 2, length)
    whole = F.conv_transpose1d(stage.snake(x), stage.weight, stage.bias, stride=rate)
    whole = whole[..., padding:]
    first = data.draw(st.integers(0, whole.shape[-1] - 1))
    last = data.draw(st.integers(first + 1, whole.shape[-1]))
    held = max(0, stage.needs((first, last))[0])
    found = stage.upsampled(x[..., held:], (held, length), (first, last), length)
    torch.testing.assert_close(found, whole[..., first:last], rtol=1e-4, atol=1e-5)


@given(st.lists(STAGES, min_size=1, max_size=4), st.integers(1, 20), st.data())
def test_each_produces_what_the_next_one_reads(
    stages: list[Stage], steps: int, data: st.DataObject
) -> None:
    length = steps
    for stage in stages:
        length *= stage.rate
    first = data.draw(st.integers(0, length - 1))
    wanted = backwards(stages, (first, length), steps)
    assert wanted[-1] == (first, length)
    for stage, made, read in zip(stages[1:], wanted, wanted[1:], strict=False):
        low, high = stage.needs(read)
        assert made[0] == max(0, low)
        assert made[1] <= high


def test_a_window_that_lacks_steps_is_refused() -> None:
    stages = [Wide(3), upsample(4, 8, 2)]
    steps = [(0,)] * 10
    assert intervals(stages, Window(steps, 60, 64, origin=10, seed=0))[-1] == (60, 64)
    with pytest.raises(ValueError, match="begins at step 12, its samples need step 11"):
        intervals(stages, Window(steps, 60, 64, origin=12, seed=0))
