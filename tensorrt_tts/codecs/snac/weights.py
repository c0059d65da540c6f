"""Loads a SNAC checkpoint's quantiser and decoder, from a folder or a hub, weight norm folded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.codecs.snac.config import SnacConfig
from tensorrt_tts.codecs.weights import check_weights, read_weights

if TYPE_CHECKING:
    from snac import SNAC


def build(config: SnacConfig) -> SNAC:
    """A SNAC with fresh random weights, weight norm still in place (as checkpoints store it)."""
    from snac import SNAC

    return SNAC(**config.constructor())


def load(folder: Path) -> tuple[SnacConfig, SNAC]:
    """Config and folded model. The encoder is left as built when the checkpoint has none: speech
    synthesis never encodes.

    Raises CheckpointNotFoundError or CorruptCheckpointError, naming the file and what to do.
    """
    config = SnacConfig.read(folder)
    path, state = read_weights(folder)
    model = fold(build(config))
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    check_weights(state, shapes, path, optional=lambda name: name.startswith("encoder."))
    model.load_state_dict(state, strict=False)
    return config, model.eval().requires_grad_(False)


def fold(model: SNAC) -> SNAC:
    """Replace every weight-normed convolution by a plain one, in place."""
    from torch.nn.utils import parametrize

    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return model
