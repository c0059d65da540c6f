"""The engine of a checkpoint that runs on this machine, among those built for others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tensorrt_tts.engine_folder.check import check_engine
from tensorrt_tts.engine_folder.device import Device
from tensorrt_tts.engine_folder.manifest import find_engines
from tensorrt_tts.engine_folder.releases import tensorrt_version
from tensorrt_tts.errors import EngineError


def fitting_engine(
    root: Path,
    kind: str,
    identify: Callable[[], str],
    device: Device | None,
    versions: dict[str, str],
) -> Path | None:
    """The newest engine of that kind below `root` that passes `check_engine` on this machine, or
    None where the checkpoint has none at all.

    identify: the checkpoint's fingerprint; only asked for where there are engines to compare.
    device, versions: of this machine, as of `check_engine`.

    Raises the EngineError of the engine that comes nearest to fitting when none does: it has the
    fewest mismatches of GPU and versions, and is the newest of those.
    """
    engines = find_engines(root, kind)
    if not engines:
        return None
    wanted = identify()
    refusals: list[tuple[int, EngineError]] = []
    for folder, manifest in engines:
        if manifest.inputs.checkpoint != wanted:
            continue
        try:
            check_engine(folder, device, versions)
            return folder
        except EngineError as error:
            refusals.append((len(manifest.mismatches(device, versions)), error))
    if not refusals:
        return None
    _, nearest = min(refusals, key=lambda refusal: refusal[0])
    if len(refusals) == 1:
        raise nearest
    raise type(nearest)(
        f"none of this checkpoint's {len(refusals)} engines runs here; the nearest: {nearest}"
    )


def engine_versions(tensorrt_llm: str) -> dict[str, str]:
    """Of the packages that an engine of a language model is tied to, as the builder records them.
    tensorrt_llm: the installed release."""
    return {"tensorrt_llm": tensorrt_llm, **installed_tensorrt()}


def installed_tensorrt() -> dict[str, str]:
    """Its version by name, as `check_engine` takes it; "none" where it is absent."""
    return {"tensorrt": tensorrt_version() or "none"}
