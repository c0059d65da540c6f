"""How far a step reaches through BiCodec's decoder: interval arithmetic over its layers. Pure.

Nothing in the decode path looks at a whole sequence: the layer norms are over channels, and the
speaker's tokens act on every step alike.
"""

from __future__ import annotations

from collections.abc import Sequence

KERNEL = 7
HALF = KERNEL // 2

RESIDUAL_DILATIONS = (1, 3, 9)

SAMPLING_LAYERS = 2
"""ConvNeXt layers of the backbone that follows each of the prenet's sampling blocks."""


def prenet_reach(layers: int, sample_ratios: Sequence[int]) -> int:
    """Steps, to either side: 57 for 12 layers and two ratios. A backbone is a convolution and
    `layers` more, all of kernel 7."""
    return HALF * (len(sample_ratios) * (1 + SAMPLING_LAYERS) + 1 + layers)


def generator_reach(rates: Sequence[int], kernel_sizes: Sequence[int]) -> tuple[int, int]:
    """(before, after) in samples: a step whose samples are p … p + hop − 1 touches the output from
    p − before to p + hop − 1 + after. (8, 5, 4, 2) and (16, 11, 8, 4) give (3141, 3141).

    rates, kernel_sizes: of the transposed convolutions, first block first.
    """
    low, high, hop = -HALF, HALF, 1
    spread = sum(HALF * dilation for dilation in RESIDUAL_DILATIONS)
    for rate, kernel in zip(rates, kernel_sizes, strict=True):
        padding = (kernel - rate) // 2
        low = low * rate - padding - spread
        high = high * rate + kernel - 1 - padding + spread
        hop *= rate
    return HALF - low, high + HALF - (hop - 1)
