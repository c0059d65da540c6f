"""`python -m engines verify`: an engine folder, or a checkpoint on another backend."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from engines.agreement import Verdict, limits
from engines.progress import Progress
from engines.verification import Verification, write_verification
from engines.verify import PHASES, Size, verify
from tensorrt_tts.checkpoint_folder import given_path
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.check import EngineInfo, check_engine
from tensorrt_tts.engine_folder.device import find_device
from tensorrt_tts.engine_folder.find import engine_versions
from tensorrt_tts.engine_folder.fingerprint import fingerprint
from tensorrt_tts.engine_folder.formats import Format, Kv, Precision
from tensorrt_tts.engine_folder.releases import installed_api
from tensorrt_tts.errors import (
    CheckpointNotFoundError,
    EngineError,
    EngineMismatchError,
    SettingError,
)
from tensorrt_tts.loop_thread import run_blocking

if TYPE_CHECKING:
    from tensorrt_tts.backends.base import Backend

ENGINE = "engine"

STREAMS = 16
"""At once, of a backend that runs a checkpoint as it is."""


def add_command(commands: argparse._SubParsersAction[CommandParser]) -> None:
    command = commands.add_parser("verify", help="does this engine say what its weights say?")
    command.add_argument("folder", help="an engine folder; with --backend a checkpoint")
    command.add_argument(
        "--backend",
        choices=(ENGINE, "vllm", "trtllm-pytorch"),
        default=ENGINE,
        help="what is compared with the reference (%(default)s)",
    )
    command.add_argument(
        "--checkpoint", type=given_path, help="the engine's (default: its manifest's)"
    )
    command.add_argument("--codec", help="the model's codec: a folder or hub id (SNAC 24 kHz)")
    command.add_argument("--spec", help="variant of the family, for its voices (the checkpoint's)")
    command.add_argument("--device", help="of the reference, and of vLLM: cpu, cuda (where there)")
    command.add_argument("--prompts", type=int, default=8, help="at least 1 (%(default)s)")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    if options.prompts < 1:
        raise SettingError(f"--prompts {options.prompts}: must be at least 1")
    wanted = Wanted(options.codec, options.spec, options.device, Size(prompts=options.prompts))
    progress = Progress(sys.stderr)
    what = f"'{options.folder}'"
    if options.backend == ENGINE:
        verdict, found = verify_engine(
            given_path(options.folder), options.checkpoint, wanted, progress
        )
    else:
        what = f"{options.backend} on {what}"
        verdict, found = verify_backend(options.backend, options.folder, wanted, progress)
    print(verdict.table(), flush=True)
    found.require(what)
    print(found.line(what))


@dataclass(frozen=True, slots=True)
class Wanted:
    """codec, spec: as `load_model` takes them. device: of the reference; None for CUDA where there
    is one."""

    codec: str | None = None
    spec: str | None = None
    device: str | None = None
    size: Size = field(default_factory=Size)


def verify_engine(
    folder: Path,
    checkpoint: Path | None = None,
    wanted: Wanted = Wanted(),
    progress: Progress | None = None,
) -> tuple[Verdict, Verification]:
    """The verdict on an engine folder, which is also kept there (`verification`).

    checkpoint: None for the one that the manifest names.

    Raises MissingDependencyError without tensorrt_llm, EngineMismatchError for another checkpoint
    than the engine's, and what checking and loading raise.
    """
    check_engine(folder)  # what is wrong with it needs no GPU to be told
    api = installed_api()
    info = check_engine(folder, find_device(), engine_versions(api.version))
    if info.config is None:
        raise EngineError(f"'{folder}' is not an engine of a language model; give one that is")
    source = checkpoint or _source(info)
    if not source.is_dir():
        raise CheckpointNotFoundError(
            f"'{folder}' was built from '{source}', which is not here; give it with --checkpoint"
        )
    if (
        info.manifest is not None
        and fingerprint(source, folder.parent) != info.manifest.inputs.checkpoint
    ):
        raise EngineMismatchError(
            f"'{folder}' was not built from '{source}', whose fingerprint is another; give the "
            "engine's own checkpoint with --checkpoint"
        )
    # A RoPE scaling that was lost moves ids no further than rounding does, so it is looked up.
    check_engine(folder, checkpoint=read_architecture(source))

    def opened() -> Backend:
        from tensorrt_tts.backends.trtllm.opening import open_engine

        return open_engine(folder)

    verdict, reference = _compared(source, opened, _format(info), wanted, progress)
    key = info.manifest.key if info.manifest is not None else ""
    found = Verification.of(verdict, key, reference)
    write_verification(folder, found)
    return verdict, found


def verify_backend(
    backend: str, checkpoint: str, wanted: Wanted = Wanted(), progress: Progress | None = None
) -> tuple[Verdict, Verification]:
    """The verdict on a backend of `loading.BACKENDS` that runs a checkpoint as it is. checkpoint: a
    folder, known name or hub id. Raises what loading raises."""
    from tensorrt_tts.loading import BACKENDS, load_model

    model = load_model(checkpoint, wanted.codec, wanted.spec)
    chosen = replace(
        wanted,
        codec=str(model.codec_folder),
        spec=model.spec.name,
        device=wanted.device or default_device(),
    )
    verdict, reference = _compared(
        model.folder,
        lambda: BACKENDS[backend](model, str(chosen.device), STREAMS),
        Format(Precision.BF16),
        chosen,
        progress,
    )
    return verdict, Verification.of(verdict, "", reference)


def _compared(
    source: Path,
    open_backend: Callable[[], Backend],
    fmt: Format,
    wanted: Wanted,
    progress: Progress | None,
) -> tuple[Verdict, str]:
    """The verdict, and what the reference was, in words."""
    from engines.verify_prompts import prompts
    from engines.verify_reference import Reference
    from tensorrt_tts.loading import check_device

    device = wanted.device or default_device()
    check_device(device)
    progress = progress or Progress()
    asked = prompts(source, wanted.size.prompts, wanted.codec, wanted.spec)
    with progress.phases(PHASES, f"verify {source.name}"):
        with progress.phase("load the reference"):
            reference = Reference(source, device)
        verdict = run_blocking(
            verify(reference, asked, open_backend, limits(fmt), wanted.size, progress)
        )
    words = f"transformers {version('transformers')}, torch {version('torch')}, float32, {device}"
    return verdict, words


def default_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _source(info: EngineInfo) -> Path:
    if info.manifest is None:
        raise CheckpointNotFoundError(
            f"'{info.folder}' has no manifest that names its checkpoint; give it with --checkpoint"
        )
    return Path(info.manifest.source)


def _format(info: EngineInfo) -> Format:
    """What the engine is held to: by its own config, whoever built it."""
    assert info.config is not None
    quantization = info.config.pretrained_config.quantization
    # The limits ask only whether the cache has fewer bits; trtllm-build knows more kinds of it.
    return Format(quantization.precision, Kv.FP8 if quantization.kv_cache_quant_algo else Kv.MODEL)
