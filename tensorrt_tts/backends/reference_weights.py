"""A checkpoint folder as a `transformers` model in memory, or one clear line about why not."""

from __future__ import annotations

import sys
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import torch
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, model_validator

from tensorrt_tts.checkpoint_folder import read_config
from tensorrt_tts.errors import (
    CorruptCheckpointError,
    EngineError,
    MissingDependencyError,
    SettingError,
    TTSError,
    reason,
)
from tensorrt_tts.quiet_transformers import quiet_transformers
from tensorrt_tts.validation import shown
from tensorrt_tts.weight_files import check_weights


def load(folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Any:
    """The model on its device. Raises the CheckpointError that fits, MissingDependencyError for a
    quantised checkpoint whose package is not installed, EngineError where memory does not suffice,
    SettingError under python -OO.

    What transformers would say of a bad file is about its own arguments ("You set
    `ignore_mismatched_sizes` to `False`"), so files are checked before it sees them.
    """
    if sys.flags.optimize > 1:
        raise SettingError(
            "python runs with -OO (PYTHONOPTIMIZE=2), and transformers reads docstrings; leave it "
            "out"
        )
    from transformers import AutoModelForCausalLM, GenerationConfig

    config = _config(folder)
    check_weights(folder)
    try:
        with quiet_transformers():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                generation_config=GenerationConfig(),  # sampling comes with each request
                dtype=dtype,
                local_files_only=True,
                ignore_mismatched_sizes=True,  # and reported below
                output_loading_info=True,
            )
        model, found = loaded
        model.to(device)
    except Exception as error:  # transformers raises whatever goes wrong below it
        raise _refusal(folder, device, error) from error
    # What a checkpoint lacks is filled with random numbers: noise, spoken with confidence.
    lost = sorted([*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])])
    if lost:
        raise CorruptCheckpointError(
            f"language model in '{folder}' lacks {len(lost)} tensors that its config.json "
            f"asks for, or has them in another shape ({', '.join(lost[:3])}); download it again"
        )
    return model


class _Config(BaseModel):
    """What every decoder-only model's config.json holds; the rest is transformers' to judge."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    model_type: str
    vocab_size: PositiveInt | None = None
    hidden_size: PositiveInt | None = None
    num_hidden_layers: PositiveInt | None = None
    num_attention_heads: PositiveInt | None = None
    num_key_value_heads: PositiveInt | None = None
    alignment_heads: list[tuple[NonNegativeInt, NonNegativeInt]] = []

    @model_validator(mode="after")
    def _heads_exist(self) -> Self:
        for layer, head in self.alignment_heads:
            if layer >= (self.num_hidden_layers or 0) or head >= (self.num_attention_heads or 0):
                raise ValueError(f"alignment_heads: there is no head {head} of layer {layer}")
        return self


def _config(folder: Path) -> Any:
    """Raises CheckpointNotFoundError or CorruptCheckpointError."""
    from transformers import CONFIG_MAPPING, __version__

    path = folder / "config.json"
    read = read_config(folder, _Config)
    kind = read.model_type
    if kind not in CONFIG_MAPPING:
        raise CorruptCheckpointError(
            f"'{path}': model_type {shown(kind)} is none that transformers {__version__} has; "
            "download it again, or install a newer transformers"
        )
    try:
        return CONFIG_MAPPING[kind].from_dict(read.model_dump(exclude_unset=True))
    except Exception as error:  # its own validators' errors, KeyError …
        raise CorruptCheckpointError(
            f"'{path}' is not a {kind} config ({reason(error)}); download it again"
        ) from error


def _refusal(folder: Path, device: str, error: Exception) -> TTSError:
    if isinstance(error, ImportError):
        return MissingDependencyError(
            f"language model in '{folder}' is stored in a form that needs another package "
            f"({reason(error)}); install it, or give the checkpoint in 16 or 32 bits"
        )
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "not enough memory" in str(error):
        return EngineError(
            f"language model in '{folder}' does not fit the free memory of {device}; free some, or "
            "use a smaller model or another --device"
        )
    if isinstance(error, UnpicklingError | EOFError):
        return CorruptCheckpointError(
            f"the weights in '{folder}' cannot be loaded: a pytorch_model file is cut short or "
            "damaged; download it again"
        )
    return CorruptCheckpointError(
        f"language model in '{folder}' cannot be loaded: its config.json and weights make no model "
        f"({reason(error)}); download it again"
    )
