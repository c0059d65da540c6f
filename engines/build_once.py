"""One engine from its inputs: found, or built under a lock and published with its manifest."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engines.progress import Progress
from engines.publish import lock, publish, set_aside
from tensorrt_tts.engine_folder.manifest import (
    Inputs,
    Manifest,
    file_entries,
    read_manifest,
    write_manifest,
)
from tensorrt_tts.errors import EngineError


@dataclass(frozen=True, slots=True)
class Built:
    """folder: the engine. fresh: it was built now, not found."""

    folder: Path
    fresh: bool
    seconds: dict[str, float]

    def __str__(self) -> str:
        return f"{self.folder} ({'built' if self.fresh else 'already there, nothing to do'})"


def build_once(
    target: Path,
    inputs: Inputs,
    fill: Callable[[Path], None],
    progress: Progress,
    phases: int,
    waiting: str,
    check: Callable[[Path], object] = lambda folder: None,
) -> Built:
    """The engine of these inputs at `target`, where it is whole, else what `fill` puts into a new
    folder, in that many phases.

    waiting: said once while another process builds it. check: what else a found one has to pass;
    raises EngineError. Raises what `lock` and `publish` raise.
    """
    with lock(target, lambda: progress.note(waiting)):
        if _usable(target, inputs, check):
            return Built(target, False, progress.seconds)
        with progress.phases(phases, target.name):
            fresh = publish(target, fill)
    return Built(target, fresh, progress.seconds)


def _usable(target: Path, inputs: Inputs, check: Callable[[Path], object]) -> bool:
    """Whether a whole engine of these inputs is there that passes the check. Another one is moved
    away: damaged, or built when a check was less thorough."""
    if not target.exists():
        return False
    try:
        manifest = read_manifest(target)
        whole = (
            manifest is not None
            and manifest.inputs == inputs
            and not manifest.damaged(target, contents=False)
        )
        if whole:
            check(target)
    except EngineError:
        whole = False
    if not whole:
        set_aside(target)
    return whole


def describe_build(
    folder: Path,
    inputs: Inputs,
    source: Path,
    plan: dict[str, Any],
    environment: dict[str, str],
    progress: Progress,
) -> None:
    """Writes the manifest, of every file that is there: it comes last. See `Manifest`."""
    manifest = Manifest(
        key=inputs.key,
        inputs=inputs,
        source=str(source),
        plan=plan,
        environment=environment,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=dict(progress.seconds),
        files=file_entries(folder),
    )
    write_manifest(folder, manifest)


def package_versions(*packages: str) -> dict[str, str]:
    """By name, for a manifest's environment. Reads metadata; imports nothing."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
