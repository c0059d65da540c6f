"""How far a latent step reaches through SNAC: interval arithmetic over its layers. Pure.

Follows one step forwards through `snac.layers.Decoder` (snac 1.2.1). Nothing else in the
decode path looks sideways: the quantiser is a table lookup and 1×1 convolutions, and with
`attn_window_size` null there is no attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, prod

RESIDUAL_DILATIONS = (1, 3, 9)
KERNEL = 7


def reach(decoder_rates: Sequence[int]) -> tuple[int, int]:
    """(lookahead, lookbehind) in samples: a step whose samples are p … p + hop − 1 touches the
    output from p − lookahead to p + hop − 1 + lookbehind.

    decoder_rates: upsampling factor of each block, first block first. (8, 8, 4, 2) gives
    (4757, 4757).
    """
    hop = prod(decoder_rates)
    return -_first_touched(decoder_rates), _last_touched(decoder_rates) - (hop - 1)


def _first_touched(rates: Sequence[int]) -> int:
    """First output sample that step 0 touches: propagate the low end of its interval forwards."""
    low = -(KERNEL // 2)  # the first convolution
    for rate in rates:
        low = low * rate - ceil(Fraction(rate, 2))  # transposed: kernel 2·rate, padding ⌈rate/2⌉
        low -= sum(KERNEL // 2 * dilation for dilation in RESIDUAL_DILATIONS)
    return low - KERNEL // 2  # the last convolution


def _last_touched(rates: Sequence[int]) -> int:
    high = KERNEL // 2
    for rate in rates:
        high = high * rate + 2 * rate - 1 - ceil(Fraction(rate, 2))
        high += sum(KERNEL // 2 * dilation for dilation in RESIDUAL_DILATIONS)
    return high + KERNEL // 2
