"""Random-weight SNACs, built once: the full-size model, and one that is only narrower."""

from __future__ import annotations

from functools import lru_cache

import torch

from tensorrt_tts.codecs.snac import weights as snac_weights
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ, SnacConfig
from tests.support.tiny_snac import TINY, awaken


@lru_cache(maxsize=4)
def _codec(config: SnacConfig, noise: bool) -> SnacCodec:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = awaken(snac_weights.fold(snac_weights.build(config)))
    return SnacCodec(config, model.eval().requires_grad_(False), noise)


def tiny_codec(noise: bool = True) -> SnacCodec:
    return _codec(TINY, noise)


def full_size_codec(noise: bool = True) -> SnacCodec:
    return _codec(SNAC_24KHZ, noise)
