"""Recipes: which engine to build for a model on a GPU in a format, read from `recipes/*.toml`.

A file holds one model: where its checkpoint lives, its architecture (so that planning needs no
download), the token rate of real time, and per GPU the formats worth building with their limits.
Values are inherited: `[limits]`, then `[gpus.<gpu>]`, then the format's own table.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from engines.gpus import GPUS, Gpu
from tensorrt_tts.engine_folder.architecture import Architecture
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.errors import SettingError
from tensorrt_tts.files import read_text
from tensorrt_tts.validation import first_problem


class Limits(BaseModel):
    """What an engine is built for.

    max_batch_size: streams that step together. max_seq_len: prompt and output ids of one stream.
    max_input_len: prompt ids. max_num_tokens: ids in one step over all streams, prompts included.
    kv_fraction: share of the memory left after the weights that the KV cache may take.
    typical_tokens: prompt and output ids of an ordinary request, for the estimates.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_batch_size: PositiveInt
    max_seq_len: PositiveInt
    max_input_len: PositiveInt
    max_num_tokens: PositiveInt
    kv_fraction: float = Field(gt=0, lt=1)
    typical_tokens: PositiveInt

    @model_validator(mode="after")
    def _consistent(self) -> Limits:
        if self.max_input_len > self.max_seq_len:
            raise ValueError(
                f"max_input_len {self.max_input_len} exceeds max_seq_len {self.max_seq_len}"
            )
        if self.typical_tokens > self.max_seq_len:
            raise ValueError(
                f"typical_tokens {self.typical_tokens} exceeds max_seq_len {self.max_seq_len}"
            )
        if self.max_num_tokens < self.max_batch_size:
            raise ValueError(
                f"max_num_tokens {self.max_num_tokens} is below max_batch_size "
                f"{self.max_batch_size}: a step could not serve every stream"
            )
        return self


class ModelRecipes(BaseModel):
    """One file.

    hub_id: the checkpoint. mirror: an ungated copy. subfolder: where in the repository it lies.
    token_rate: generated ids per second of sound. legal_ids: ids the model
    may emit as audio, stops included. audio_end: one past the highest of them, in the released
    tokenizer. default_format: what `build` makes when none is asked for.
    dtype: type of everything that is not quantised. fp16_overflows: 16-bit floats of the narrow
    kind cannot hold this model's activations. calibration: which strings calibrate it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    hub_id: str
    mirror: str | None = None
    subfolder: str | None = None
    token_rate: float = Field(gt=0)
    legal_ids: PositiveInt
    audio_end: PositiveInt | None = None
    default_format: str
    dtype: str = Field(pattern="^(float16|bfloat16)$")
    fp16_overflows: bool = False
    calibration: str = Field(pattern="^(orpheus|spark)$")
    architecture: Architecture
    limits: Limits
    gpus: dict[str, dict[str, Any]]

    @model_validator(mode="after")
    def _resolvable(self) -> ModelRecipes:
        Format.parse(self.default_format)
        for gpu_name in self.gpus:
            if gpu_name not in GPUS:
                raise ValueError(f"gpus.{gpu_name}: unknown GPU; known: {', '.join(GPUS)}")
            formats = self.formats(gpu_name)
            if not formats:
                raise ValueError(f"gpus.{gpu_name}: no formats")
            for fmt in formats:
                self.limits_for(gpu_name, fmt)
        return self

    def formats(self, gpu_name: str) -> tuple[Format, ...]:
        """Formats with an entry for that GPU, in the file's order."""
        entries = self.gpus.get(gpu_name, {})
        return tuple(Format.parse(key) for key, value in entries.items() if isinstance(value, dict))

    def limits_for(self, gpu_name: str, fmt: Format) -> Limits:
        """The inherited limits; of the GPU alone when the format has no entry of its own."""
        entry = self.gpus.get(gpu_name, {})
        own = {key: value for key, value in entry.items() if not isinstance(value, dict)}
        return Limits.model_validate({**self.limits.model_dump(), **own, **entry.get(str(fmt), {})})


@dataclass(frozen=True, slots=True)
class Recipe:
    """One engine to build. `listed`: its format has an entry in the file; any other possible
    format can be built with the GPU's limits, but nobody chose them for it."""

    model: ModelRecipes
    gpu: Gpu
    format: Format
    limits: Limits
    listed: bool

    def to_dict(self) -> dict[str, Any]:
        """What identifies the build, for the manifest."""
        return {
            "model": self.model.name,
            "gpu": self.gpu.name,
            "format": str(self.format),
            "dtype": self.dtype,
            **self.limits.model_dump(),
        }

    @property
    def dtype(self) -> str:
        """Type of what is not quantised: fixed by the 16-bit formats, else the model's own."""
        return {"fp16": "float16", "bf16": "bfloat16"}.get(
            self.format.precision.value, self.model.dtype
        )


def model_names() -> tuple[str, ...]:
    folder = files("engines.recipes")
    return tuple(
        sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def model_recipes(name_or_path: str) -> ModelRecipes:
    """A shipped model's recipes by name, or those of a TOML file of the same form.

    Raises SettingError naming the file, the field and what is wrong with it.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            return _parse(read_text(path, SettingError, "write it in UTF-8"), str(path))
        except FileNotFoundError as error:
            raise SettingError(f"recipe file {name_or_path!r}: {error.strerror}") from None
    if name_or_path not in model_names():
        raise SettingError(
            f"model {name_or_path!r} has no recipes; choose one of: {', '.join(model_names())}, "
            "or give the path of a .toml file like those in engines/recipes/"
        )
    return _shipped(name_or_path)


@cache
def _shipped(name: str) -> ModelRecipes:
    text = files("engines.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return _parse(text, f"engines/recipes/{name}.toml")


def _parse(text: str, where: str) -> ModelRecipes:
    try:
        return ModelRecipes.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{where}: {error}") from None
    except ValidationError as error:
        raise SettingError(f"{where}: {first_problem(error, 'the file')}") from None
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from None


def recipe(model: ModelRecipes, gpu: Gpu, fmt: Format | None = None) -> Recipe:
    """The recipe for a format (the model's default one for None). Never refuses a format: whether
    it is possible is the planner's question."""
    wanted = fmt or Format.parse(model.default_format)
    return Recipe(
        model,
        gpu,
        wanted,
        model.limits_for(gpu.name, wanted),
        listed=wanted in model.formats(gpu.name),
    )
