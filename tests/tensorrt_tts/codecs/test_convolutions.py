"""What a CPU computes as products equals the library's convolutions."""

import pytest
import torch
import torch.nn.functional as F

from tensorrt_tts.codecs import convolutions
from tensorrt_tts.codecs.convolutions import (
    as_matrix,
    convolution,
    depthwise,
    pointwise,
    transposed,
)


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def inputs(batch, channels, length):
    """As a decoder's stages hand them on: whole, cut, with channels outermost, and beginning
    somewhere in a longer one."""
    yield random(batch, channels, length)
    yield random(batch, channels, length + 5)[..., 2 : length + 2]
    yield random(channels, batch, length).transpose(0, 1)
    yield random(batch, length, channels).transpose(1, 2)


def close(found, expected):
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("few", [0, 1 << 40])
@pytest.mark.parametrize(
    ("batch", "length", "dilation", "out"), [(1, 7, 1, 5), (3, 30, 3, 4), (2, 64, 9, 1)]
)
def test_a_plain_convolution_is_the_librarys(few, batch, length, dilation, out, monkeypatch):
    """Below and above the number of multiplications at which it becomes the library's."""
    monkeypatch.setattr(convolutions, "FEW_PRODUCTS", few)
    weight, bias = random(out, 6, 7), random(out)
    for x in inputs(batch, 6, length + 6 * dilation - (dilation == 1) * 6):
        close(convolution(x, weight, bias, dilation), F.conv1d(x, weight, bias, dilation=dilation))


@pytest.mark.parametrize(
    ("taps", "rate"), [(16, 8), (11, 5), (8, 4), (4, 2), (5, 5), (9, 3), (7, 3), (3, 1)]
)
@pytest.mark.parametrize("length", [1, 2, 15, 16, 33])
def test_a_transposed_convolution_of_any_kernel_no_shorter_than_its_stride(taps, rate, length):
    weight, bias = random(6, 4, taps), random(4)
    for batch in (1, 3):
        for x in inputs(batch, 6, length):
            expected = F.conv_transpose1d(x, weight, bias, stride=rate)
            close(transposed(x, as_matrix(weight), bias, rate), expected)


@pytest.mark.parametrize("batch", [1, 3])
def test_convolutions_over_one_channel_or_one_position(batch):
    bias = random(6)
    for x in inputs(batch, 6, 20):
        weight = random(4, 6, 1)
        close(pointwise(x, weight, bias[:4]), F.conv1d(x, weight, bias[:4]))
        close(pointwise(x, weight), F.conv1d(x, weight))
        wide = random(6, 1, 7)
        expected = F.conv1d(x, wide, bias, dilation=3, groups=6)
        close(depthwise(x, wide, bias, 3), expected)
