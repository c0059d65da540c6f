"""Checkpoint and plan to a published engine folder.

What is missing is found before anything is downloaded or converted; what is built appears by one
rename (`engines.publish`) with its manifest; what exists already is not built again.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engines import calibration
from engines.build_once import Built, build_once, describe_build
from engines.check_plan import check_planned, check_quantized
from engines.checkpoint import describe
from engines.gpus import identify
from engines.host import free_disk, host_memory
from engines.plan import Plan
from engines.progress import Progress
from engines.toolchain import TensorRTLLM
from tensorrt_tts.engine_folder.check import KIND
from tensorrt_tts.engine_folder.checkpoint import TOKENIZER_FILES
from tensorrt_tts.engine_folder.device import Device, find_device
from tensorrt_tts.engine_folder.fingerprint import fingerprint
from tensorrt_tts.engine_folder.manifest import Inputs
from tensorrt_tts.engine_folder.prepare import prepare
from tensorrt_tts.engine_folder.releases import PINNED, WAYS_ON, installed_api
from tensorrt_tts.errors import (
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
    TTSError,
)
from tensorrt_tts.tokenizer import TextTokenizer

PATH_TRAPS = ("mpt", "vila", "llava", "exaone", "cnn_dailymail", "scienceqa", "science_qa")
"""Letters that make TensorRT-LLM 1.2.1 load a checkpoint as another model, or calibration strings
as another dataset, wherever in the path they stand (quantization/quantize_by_modelopt.py,
models/llama/{config,model}.py, models/convert_utils.py)."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that can build: its GPU, bytes of memory, and the toolchain."""

    device: Device
    memory: int
    toolchain: TensorRTLLM


def this_host() -> Host:
    """Raises MissingDependencyError that names everything that is missing and the ways on, or
    EngineError when the installed release cannot build engines."""
    missing = []
    api = None
    try:
        api = installed_api()
    except MissingDependencyError:
        missing.append(f"the package tensorrt_llm=={PINNED}")
    device = find_device()
    if device is None:
        missing.append("an NVIDIA GPU with its driver (nvidia-smi gives no answer)")
    if api is None or device is None:
        raise MissingDependencyError(
            f"cannot build here: this machine lacks {' and '.join(missing)}; {WAYS_ON}"
        )
    return Host(device, host_memory(), TensorRTLLM(api))


def preflight(plan: Plan, host: Host, output: Path) -> None:
    """Refuses what would fail halfway: the wrong GPU, a format that the installed release cannot
    build, too little memory, too little disk.

    Raises EngineMismatchError, MissingDependencyError or EngineError with the remedy.
    """
    wanted, device = plan.recipe.gpu, host.device
    found = identify(device.product, device.memory_mib)
    if found != wanted:
        is_what = f"this is {device.product} with {device.memory_mib / 1024:.0f} GiB"
        known = f"; build with GPU={found.name} for it" if found else ", which has no recipes"
        raise EngineMismatchError(
            f"an engine for {wanted.name} must be built on one, and {is_what}{known}"
        )
    host.toolchain.check_rule(plan.rule)
    # Half precision on the CPU, once as read and once as converted.
    half = 2 * (
        plan.architecture.layer_weights
        + plan.architecture.small_weights
        + 2 * plan.architecture.head_weights
    )
    if host.memory < 2 * half:
        raise MissingDependencyError(
            f"converting {plan.recipe.model.name} needs {2 * half / 1e9:.0f} GB of memory, this "
            f"machine has {host.memory / 1e9:.0f} GB; use a larger host or build on Modal"
        )
    # The engine, and for calibrated formats the quantised checkpoint and an untied copy's head.
    need = plan.memory.weights * (3 if plan.rule.calibrates else 2)
    free = free_disk(output)
    if free < need:
        raise EngineError(
            f"building needs {need / 1e9:.1f} GB of disk at {str(output)!r}, {free / 1e9:.1f} GB "
            "are free; free some or pass --output on another disk"
        )


def build_engine(
    plan: Plan,
    checkpoint: Path,
    host: Host,
    output: Path,
    streams: list[list[int]] | None = None,
    voices: tuple[str, ...] = ("tara",),
    progress: Progress | None = None,
) -> Built:
    """The engine of `plan`, from the cache in `output` or built into it.

    streams: real audio codes to calibrate on; None generates them. voices: names for its prompts.

    Raises what `preflight` does, the checkpoint's errors, and EngineError when the toolchain fails.
    """
    progress = progress or Progress()
    preflight(plan, host, output)
    if describe(checkpoint, plan.recipe.model) != plan.architecture:
        raise EngineMismatchError(
            f"the plan was made for another checkpoint than {str(checkpoint)!r}; plan again with "
            "--checkpoint"
        )
    with progress.phase("identify the checkpoint"):
        inputs = Inputs(
            kind=KIND,
            checkpoint=fingerprint(checkpoint, output),
            recipe=plan.recipe.to_dict(),
            product=host.device.product,
            capability=str(host.device.capability),
            versions=host.toolchain.versions(),
        )
    recipe = plan.recipe
    target = output / f"{recipe.model.name}-{recipe.gpu.name}-{recipe.format}-{inputs.key}"

    build = _Build(plan, checkpoint, host, inputs, streams, voices, progress)
    timing = output / f".timing-{recipe.gpu.name}-{_short(inputs)}.cache"
    return build_once(
        target,
        inputs,
        lambda folder: build.run(folder, timing),
        progress,
        build.count,
        waiting=f"another build of {target.name} is running; waiting for it",
        check=lambda folder: check_planned(folder, plan),
    )


@dataclass(slots=True)
class _Build:
    plan: Plan
    checkpoint: Path
    host: Host
    inputs: Inputs
    streams: list[list[int]] | None
    voices: tuple[str, ...]
    progress: Progress

    @property
    def count(self) -> int:
        rule = self.plan.rule
        return 5 + rule.calibrates

    def run(self, folder: Path, timing: Path) -> None:
        """Fills `folder` with the engine, its tokenizer and its manifest, written last."""
        tools, recipe, rule = self.host.toolchain, self.plan.recipe, self.plan.rule
        work = folder / ".work"  # on the same disk, gone before the folder is published
        work.mkdir()
        new_timing = work / "timing.cache"
        shape = self.plan.architecture
        with neutral_path(work) as neutral:
            source = neutral / "checkpoint"
            with self.progress.phase("prepare the checkpoint"):
                prepare(self.checkpoint, shape, source, rule.untie)
            if rule.calibrates:
                with self.progress.phase("write calibration data"):
                    dataset = self._calibration(neutral)
                quantized = neutral / "quantized"
                quantized.mkdir()
                with self._step("calibrate"):
                    model = tools.calibrate(source, shape, recipe, rule, dataset, quantized)
                    check_quantized(quantized, self.plan)
            else:
                with self._step("convert the weights"):
                    model = tools.convert(source, shape, recipe, rule)
            with self._step("compile for the GPU"):
                known = timing if timing.is_file() else None
                engine = tools.compile(model, recipe, rule, known, new_timing)
            with self._step("save"):
                tools.save(engine, folder)
        with self.progress.phase("check and describe"):
            if new_timing.is_file():
                new_timing.replace(timing)
            shutil.rmtree(work)
            for name in TOKENIZER_FILES:
                if (self.checkpoint / name).is_file():
                    shutil.copyfile(self.checkpoint / name, folder / name)
            check_planned(folder, self.plan)
        environment = {**tools.environment(), "driver": self.host.device.driver}
        describe_build(
            folder, self.inputs, self.checkpoint, self.plan.to_dict(), environment, self.progress
        )

    def _calibration(self, work: Path) -> Path:
        kind = self.plan.recipe.model.calibration
        strings = calibration.texts(kind, self.streams, self.voices)
        tokenizer = TextTokenizer(self.checkpoint)
        calibration.verify(kind, strings[:8], tokenizer.encode, tokenizer.token_id)
        return calibration.dataset(work, strings)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """A phase inside the toolchain: what that raises becomes one EngineError naming it."""
        try:
            with self.progress.phase(name):
                yield
        except TTSError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # `publish` knows what to say
            reason = str(error).strip().splitlines()
            recipe = self.plan.recipe
            raise EngineError(
                f"{name} failed for {recipe.model.name} as {recipe.format}: "
                f"{reason[0] if reason else type(error).__name__}"
            ) from error


@contextmanager
def neutral_path(work: Path) -> Iterator[Path]:
    """`work` itself, or a link to it, under a path that TensorRT-LLM takes for nothing special.

    Raises EngineError where even the folder for temporary files has such a path.
    """
    if _trap(work) is None:
        yield work
        return
    for _ in range(8):  # the name of a temporary folder is random, and may spell a trap itself
        with tempfile.TemporaryDirectory(prefix="engine-") as temporary:
            link = Path(temporary) / "work"
            if _trap(link) is None:
                link.symlink_to(work.resolve(), target_is_directory=True)
                yield link
                return
    raise EngineError(
        f"TensorRT-LLM chooses its loader by the letters of a path, and both {str(work)!r} and "
        f"{tempfile.gettempdir()!r} contain {_trap(link)!r}; pass --output, or set TMPDIR, to a "
        "folder without them"
    )


def _trap(path: Path) -> str | None:
    return next((word for word in PATH_TRAPS if word in str(path).lower()), None)


def _short(inputs: Inputs) -> str:
    """Names the GPU and TensorRT whose kernel timings a cache holds."""
    words = f"{inputs.product}-{inputs.versions.get('tensorrt', '')}"
    return "".join(c if c.isalnum() else "-" for c in words).lower()
