"""A codec's exported decoder as a TensorRT engine: built, published and checked like the others.

Needs `tensorrt` 10.x and a GPU. The network is what `snac_onnx` or `bicodec_onnx` exports; a
profile makes the batch dynamic from 1 to the recipe's maximum; the window width is fixed. The
folder holds the engine, what else the codec reads (config.json; of BiCodec a speaker's weights) and
the manifest; `tensorrt_tts.codecs.snac.trt` and `bicodec.trt` load it.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engines import bicodec_onnx, snac_onnx
from engines.build_once import Built, build_once, describe_build, package_versions
from engines.progress import Progress
from tensorrt_tts.codecs.bicodec import trt as bicodec_trt
from tensorrt_tts.codecs.snac import trt as snac_trt
from tensorrt_tts.codecs.trt_session import fingerprint
from tensorrt_tts.engine_folder.device import Device, find_device
from tensorrt_tts.engine_folder.manifest import Inputs
from tensorrt_tts.engine_folder.releases import PINNED, TENSORRT, WAYS_ON, tensorrt_version
from tensorrt_tts.errors import EngineError, MissingDependencyError, SettingError, reason
from tensorrt_tts.validation import first_problem

SUPPORTED = (Version("10.0"), Version("11.0"))
"""`tensorrt` releases from … to below: those with int64 inputs and `execute_async_v3`, and before
11 removed weakly typed networks."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """kind: the manifest's word. file: the engine's name. recipe: the one that ships. export: of a
    checkpoint into a folder, with windows of so many steps; returns the graph's file."""

    kind: str
    file: str
    recipe: str
    export: Callable[[Path, Path, int], Path]


SNAC = EngineKind(snac_trt.KIND, snac_trt.ENGINE_FILE, "snac-24khz.toml", snac_onnx.export)
BICODEC = EngineKind(bicodec_trt.KIND, bicodec_trt.ENGINE_FILE, "bicodec.toml", bicodec_onnx.export)


class CodecRecipe(BaseModel):
    """See codec_recipes/ for each value's reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    steps: int = Field(ge=20, le=512)
    max_batch: int = Field(ge=1, le=1024)
    opt_batch: int = Field(ge=1)
    precision: Literal["fp32", "fp16"]
    workspace_mib: int = Field(gt=0)

    @model_validator(mode="after")
    def _opt_within(self) -> CodecRecipe:
        if self.opt_batch > self.max_batch:
            raise ValueError(f"opt_batch {self.opt_batch} is above max_batch {self.max_batch}")
        return self

    @classmethod
    def read(cls, of: EngineKind, path: Path | None = None) -> CodecRecipe:
        """A recipe file, by default the one that ships. Raises SettingError naming the field."""
        where = path or files("engines.codec_recipes").joinpath(of.recipe)
        try:
            return cls.model_validate(tomllib.loads(where.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise SettingError(f"{where}: {first_problem(error, 'recipe')}; correct it") from None
        except (OSError, ValueError) as error:
            raise SettingError(f"recipe {where} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class TensorRT:
    """The installed package and the GPU it will build for."""

    module: Any
    version: str
    device: Device


def this_host() -> TensorRT:
    """Raises MissingDependencyError that names what is missing, EngineError for a release that is
    not 10.x."""
    missing = []
    device = find_device()
    if device is None:
        missing.append("an NVIDIA GPU with its driver (nvidia-smi gives no answer)")
    version = tensorrt_version()
    if version is None:
        missing.append(f"the package tensorrt (10.x; it comes with tensorrt_llm=={PINNED})")
    if device is None or version is None:
        raise MissingDependencyError(
            f"cannot build here: this machine lacks {' and '.join(missing)}; {WAYS_ON}"
        )
    low, high = SUPPORTED
    if not low <= Version(version) < high:
        raise EngineError(
            f"tensorrt {version} is not 10.x, which codec engines are built with; install "
            f"tensorrt=={TENSORRT}"
        )
    try:
        return TensorRT(importlib.import_module("tensorrt"), version, device)
    except Exception as error:  # missing libraries, in whatever words
        raise EngineError(
            f"cannot import tensorrt {version}: {reason(error)}; it needs its libraries and CUDA's "
            "on LD_LIBRARY_PATH (engines/README.md)"
        ) from error


def build_codec(
    of: EngineKind,
    checkpoint: Path,
    host: TensorRT,
    output: Path,
    recipe: CodecRecipe | None = None,
    progress: Progress | None = None,
) -> Built:
    """The engine of a codec's checkpoint folder, from the cache in `output` or built into it.

    Raises CheckpointError for the checkpoint, EngineError when TensorRT refuses.
    """
    recipe, progress = recipe or CodecRecipe.read(of), progress or Progress()
    inputs = Inputs(
        kind=of.kind,
        checkpoint=fingerprint(checkpoint, output),
        recipe=recipe.model_dump(),
        product=host.device.product,
        capability=str(host.device.capability),
        versions={"tensorrt": host.version},
    )
    target = output / f"{recipe.name}-{recipe.precision}-{inputs.key}"

    def produce(folder: Path) -> None:
        with progress.phase("export to ONNX"):
            graph = of.export(checkpoint, folder, recipe.steps)
        with progress.phase("build the engine"):
            engine = serialized(host.module, graph.read_bytes(), recipe)
        graph.unlink()  # the engine holds the weights
        with progress.phase("write"):
            (folder / of.file).write_bytes(engine)
            environment = package_versions("torch", "onnx", "onnxscript")
            describe_build(folder, inputs, checkpoint, recipe.model_dump(), environment, progress)

    waiting = f"another build of {target.name} is running"
    return build_once(target, inputs, produce, progress, phases=3, waiting=waiting)


def serialized(trt: Any, graph: bytes, recipe: CodecRecipe) -> bytes:
    """The engine's bytes. TensorRT reports failure by None and its log, not by exceptions."""
    builder = trt.Builder(trt.Logger(trt.Logger.WARNING))
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, trt.Logger(trt.Logger.WARNING))
    if not parser.parse(graph):
        reasons = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise EngineError(f"TensorRT cannot read the exported graph: {reasons[:300]}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, recipe.workspace_mib << 20)
    config.clear_flag(trt.BuilderFlag.TF32)  # on by default: ten bits of mantissa
    if recipe.precision == "fp16":
        config.set_flag(trt.BuilderFlag.FP16)
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)[1:]
        profile.set_shape(
            tensor.name, (1, *shape), (recipe.opt_batch, *shape), (recipe.max_batch, *shape)
        )
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise EngineError(
            "TensorRT built no engine; its log above says why (most often too little memory: lower "
            "max_batch in the recipe)"
        )
    return bytes(engine)
