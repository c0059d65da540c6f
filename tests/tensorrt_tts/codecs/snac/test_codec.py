"""The windowed codec against the `snac` package's own decoder."""

import numpy as np
import pytest
import torch

from tensorrt_tts.codecs.base import Window, decode
from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.families.orpheus.frames import parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tests.support.snac_codecs import full_size_codec, tiny_codec
from tests.support.tiny_snac import TINY
from tests.support.token_streams import random_frames

TOKENS = OrpheusTokens(codebook_size=TINY.codebook_size)
STEPS = parse(random_frames(TOKENS, 20), TOKENS)[0]


def package_decode(model: torch.nn.Module, steps: list[tuple[int, int, int]]) -> np.ndarray:
    """What `snac.SNAC.decode` says, its noise layers switched off."""
    from snac.layers import NoiseBlock

    for module in model.modules():
        if isinstance(module, NoiseBlock):
            module.forward = lambda x: x
    codes = [torch.tensor([[step[level] for step in steps[::stride]]])
             for level, stride in ((0, 4), (1, 2), (2, 1))]  # fmt: skip
    with torch.inference_mode():
        samples: np.ndarray = model.decode(codes)[0, 0].numpy()  # type: ignore[operator]
    return samples


@pytest.mark.parametrize("folded", [True, False])
def test_equals_the_package(folded: bool) -> None:
    torch.manual_seed(0)
    model = snac_weights.build(SNAC_24KHZ).eval()
    if folded:
        snac_weights.fold(model)
    tokens = OrpheusTokens()
    steps = parse(random_frames(tokens, 3), tokens)[0]
    ours = decode(SnacCodec(SNAC_24KHZ, model, noise=False), steps)
    theirs = package_decode(model, steps)
    assert ours.shape == theirs.shape == (3 * 2048,)
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_the_declared_context_is_the_real_one() -> None:
    """Changing one step changes exactly the samples that the context says, in double precision
    terms: the edges do change, and nothing beyond them does."""
    codec, context = tiny_codec(noise=False), tiny_codec(noise=False).context
    changed = list(STEPS)
    at = 40
    changed[at] = tuple((code + 7) % TINY.codebook_size for code in STEPS[at])  # type: ignore[assignment]
    difference = np.flatnonzero(decode(codec, STEPS) != decode(codec, changed))
    first = at * context.samples_per_step - context.lookahead
    last = (at + 1) * context.samples_per_step - 1 + context.lookbehind
    assert first <= difference[0] < first + 64  # the outermost taps may round away
    assert last - 64 < difference[-1] <= last


def test_seeds_matter_and_noise_can_be_off() -> None:
    noisy, quiet = tiny_codec(), tiny_codec(noise=False)
    assert not np.allclose(decode(noisy, STEPS, 1), decode(noisy, STEPS, 2), atol=1e-4)
    np.testing.assert_array_equal(decode(quiet, STEPS, 1), decode(quiet, STEPS, 2))


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (Window(STEPS[:4], 0, 4 * 512 + 1), "its steps end at sample 2048"),
        (Window(STEPS[30:40], 30 * 512, 31 * 512, origin=30), "its samples need step"),
    ],
)
def test_a_window_that_lacks_context_is_refused(window: Window, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tiny_codec().run([window])


def test_full_size_parameter_counts() -> None:
    model = snac_weights.build(SNAC_24KHZ)
    assert sum(p.numel() for p in model.parameters()) == 19_842_914
    assert full_size_codec().stages.table.shape == (3, 4096, 768)
