"""Loads a SNAC checkpoint's quantiser and decoder, from a folder or a hub, weight norm folded."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.codecs.snac_config import SnacConfig
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError

if TYPE_CHECKING:
    import torch
    from snac import SNAC

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


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
    path = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if path is None:
        raise CheckpointNotFoundError(
            f"no weights in codec folder '{folder}': expected one of {', '.join(WEIGHT_FILES)}"
        )
    state = _read(path)
    model = build(config)
    folded = not any("parametrizations" in name for name in state)
    if folded:
        fold(model)
    _assign(model, state, path)
    if not folded:
        fold(model)
    return config, model.eval().requires_grad_(False)


def fold(model: SNAC) -> SNAC:
    """Replace every weight-normed convolution by a plain one, in place."""
    from torch.nn.utils import parametrize

    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return model


def _read(path: Path) -> dict[str, torch.Tensor]:
    import torch

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): tensor.detach() for name, tensor in state.items()}
    except Exception as error:  # safetensors, zip, pickle and I/O all raise their own
        raise CorruptCheckpointError(
            f"'{path}' cannot be read as weights ({type(error).__name__}); download it again"
        ) from error


def _assign(model: SNAC, state: dict[str, torch.Tensor], path: Path) -> None:
    try:
        missing, unexpected = model.load_state_dict(
            {name: tensor.float() for name, tensor in state.items()}, strict=False
        )
    except RuntimeError as error:
        detail = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise CorruptCheckpointError(f"'{path}' does not fit its config.json: {detail}") from error
    missing = [name for name in missing if not name.startswith("encoder.")]
    if missing or unexpected:
        names = ", ".join([*missing, *unexpected][:3])
        raise CorruptCheckpointError(
            f"'{path}' does not fit its config.json: {len(missing)} tensors missing, "
            f"{len(unexpected)} unknown ({names}); config and weights must be of one checkpoint"
        )


def state_without_encoder(model: SNAC) -> dict[str, torch.Tensor]:
    """What a checkpoint for synthesis has to hold."""
    with contextlib.suppress(AttributeError):
        model = model.cpu()
    return {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if not name.startswith("encoder.")
    }
