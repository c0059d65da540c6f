"""A codec's weight file: read, weight norm folded, held against the shapes of its config.json."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tensorrt_tts.files import unreadable
from tensorrt_tts.validation import shown
from tensorrt_tts.weight_files import damaged

if TYPE_CHECKING:
    import torch

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")

_PARTS = {
    ".parametrizations.weight.original0": "magnitude",
    ".parametrizations.weight.original1": "direction",
    ".weight_g": "magnitude",
    ".weight_v": "direction",
}
"""How torch names the two halves of a weight norm, now and until 2.0."""

_NORMED = re.compile(f"({'|'.join(re.escape(ending) for ending in _PARTS)})$")


def plain_name(name: str) -> str:
    """Of the tensor that this one is, or is one of two parts of."""
    return _NORMED.sub(".weight", name)


def read_weights(
    folder: Path,
    wanted: Callable[[str], bool] = lambda name: True,
    files: Sequence[str] = WEIGHT_FILES,
    under: str | None = None,
) -> tuple[Path, dict[str, torch.Tensor]]:
    """The file and its tensors in float32, weight norm folded. wanted: which names to take. files:
    names that it may have. under: what it may hold the tensors under, instead of holding them.

    Raises CheckpointNotFoundError or CorruptCheckpointError, naming the file and what to do.
    """
    path = find_weights(folder, files)
    state = _read(path, under)
    return path, _folded({name: state[name] for name in state if wanted(name)}, path)


def find_weights(folder: Path, files: Sequence[str] = WEIGHT_FILES) -> Path:
    """The first of them that is there. Raises CheckpointNotFoundError."""
    path = next((folder / name for name in files if (folder / name).is_file()), None)
    if path is None:
        raise CheckpointNotFoundError(
            f"no weights in folder '{folder}': expected one of {', '.join(files)}"
        )
    return path


def check_weights(
    state: Mapping[str, torch.Tensor],
    shapes: Mapping[str, tuple[int, ...]],
    path: Path,
    optional: Callable[[str], bool] = lambda name: False,
) -> None:
    """shapes: of every tensor by name. optional: names that may be left out.

    Raises CorruptCheckpointError for a tensor that is missing, unknown, of another shape or not
    finite everywhere.
    """
    for name, tensor in state.items():
        if name in shapes and tuple(tensor.shape) != shapes[name]:
            raise _misfit(path, f"{name} has the shape {tuple(tensor.shape)}, not {shapes[name]}")
        if not tensor.isfinite().all():
            raise CorruptCheckpointError(
                f"'{path}': {name} is not finite everywhere, and would decode to silence; download "
                "it again"
            )
    missing = [name for name in shapes if name not in state and not optional(name)]
    unknown = [name for name in state if name not in shapes]
    if missing or unknown:
        raise _misfit(path, f"tensors missing: {_some(missing)}; unknown: {_some(unknown)}")


def _read(path: Path, under: str | None) -> dict[str, torch.Tensor]:
    import torch

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise unreadable(path, error, CorruptCheckpointError) from error
    except Exception as error:  # safetensors, zip and pickle all raise their own
        raise damaged(path) from error
    if under is not None and isinstance(state, Mapping):
        state = state.get(under, state)
    if not isinstance(state, Mapping):
        raise _no_tensors(path, f"a {type(state).__name__}")
    for name, held in state.items():
        if not torch.is_tensor(held):
            raise _no_tensors(path, f"{shown(name)}, a {type(held).__name__}")
    return {str(name): tensor.detach() for name, tensor in state.items()}


def _folded(state: dict[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    """Plain weights in float32, whichever way each tensor is spelled: plain, weight-normed as torch
    writes it today (`parametrizations.weight.original0`) or as it did until 2.0 (`weight_g`)."""
    import torch

    plain: dict[str, torch.Tensor] = {}
    normed: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            raise _misfit(path, f"{name} holds {tensor.dtype}, and weights are floats")
        layer, part = _NORMED.sub("", name), _NORMED.search(name)
        if part is None:
            plain[name] = tensor.float()
            continue
        parts = normed.setdefault(layer, {})
        kind = _PARTS[part.group()]
        if kind in parts:
            raise _misfit(path, f"{layer} has its {kind} twice, in two spellings")
        parts[kind] = tensor.float()
    for layer, parts in normed.items():
        lost = {"magnitude", "direction"} - set(parts)
        if lost or f"{layer}.weight" in plain:
            also = f"lacks its {lost.pop()}" if lost else "also has a plain weight"
            raise _misfit(path, f"the weight norm of {layer} {also}")
        magnitude, direction = parts["magnitude"], parts["direction"]
        if magnitude.shape != (*direction.shape[:1], *(1 for _ in direction.shape[1:])):
            raise _misfit(
                path,
                f"the weight norm of {layer} has a magnitude of shape {tuple(magnitude.shape)} for "
                f"a direction of {tuple(direction.shape)}",
            )
        # The operation that `fold` ends in, so the result is the same to the bit.
        plain[f"{layer}.weight"] = torch._weight_norm(direction, magnitude, 0)
    return plain


def _no_tensors(path: Path, held: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(
        f"'{path}' holds {held}, where tensors by name are due; save the model's state_dict alone"
    )


def _misfit(path: Path, detail: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(
        f"'{path}' does not fit its config.json: {detail}; config and weights must be of one "
        "checkpoint"
    )


def _some(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names[:2])})" if names else "none"
