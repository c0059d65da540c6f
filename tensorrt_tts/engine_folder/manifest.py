"""What an engine was built from, beside the engine.

TensorRT-LLM's own config.json names neither the GPU nor the TensorRT version, although an engine
runs only where both match. `inputs` is everything that decides what the engine is; its digest is
the `key`. Two builds with equal keys are interchangeable, so the second does nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from tensorrt_tts.engine_folder.device import Device
from tensorrt_tts.errors import CorruptEngineError
from tensorrt_tts.files import read_json

NAME = "manifest.json"


class Inputs(BaseModel):
    """kind: what sort of engine ("tensorrt-llm", "snac", "bicodec"). checkpoint: SHA-256 over its
    weights and config. recipe: model, GPU, format, limits. product, capability: of the GPU it was
    built on. versions: of the packages an engine is tied to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    checkpoint: str
    recipe: dict[str, Any]
    product: str
    capability: str
    versions: dict[str, str]

    @property
    def key(self) -> str:
        """16 hex digits; equal for equal inputs."""
        text = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class FileEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """plan: the plan as printed before the build. environment: what else was installed, for the
    reader; not compared. built_at: UTC, ISO 8601. seconds: per phase of the build."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    key: str
    inputs: Inputs
    source: str
    plan: dict[str, Any]
    environment: dict[str, str]
    built_at: str
    seconds: dict[str, float]
    files: dict[str, FileEntry]

    @field_validator("plan")
    @classmethod
    def _has_a_vocabulary(cls, plan: dict[str, Any]) -> dict[str, Any]:
        # Of the plan nothing else is read again.
        if "architecture" in plan:
            size = plan["architecture"]
            size = size.get("vocab_size") if isinstance(size, dict) else None
            if type(size) is not int or size < 1:
                raise ValueError("its architecture must have a vocab_size of 1 or more")
        return plan

    def mismatches(self, device: Device | None, versions: dict[str, str] | None) -> list[str]:
        """Why this engine cannot run on `device` with `versions`; empty when it can.

        None means unknown, and is not compared; so is a package that `versions` lacks.
        """
        reasons = []
        if device is not None and device.product != self.inputs.product:
            reasons.append(f"built on {self.inputs.product!r}, this GPU is {device.product!r}")
        if device is not None and str(device.capability) != self.inputs.capability:
            reasons.append(
                f"built for compute capability {self.inputs.capability}, this GPU has "
                f"{device.capability}"
            )
        for package, built in sorted(self.inputs.versions.items()):
            here = (versions or {}).get(package)
            if here is not None and here != built:
                reasons.append(f"built with {package} {built}, installed is {here}")
        return reasons

    def damaged(self, folder: Path, contents: bool) -> list[str]:
        """Files of `folder` that are missing or differ from what was built. contents: compare
        digests too, which reads every byte; otherwise sizes only."""
        reasons = []
        for name, entry in self.files.items():
            path = folder / name
            if not path.is_file():
                reasons.append(f"{name} is missing")
            elif (size := path.stat().st_size) != entry.bytes:
                reasons.append(f"{name} has {size} bytes, {entry.bytes} were written")
            elif contents and digest(path) != entry.sha256:
                reasons.append(f"{name} differs from what was written (SHA-256)")
        return reasons


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in that folder, or None when it has none (as `trtllm-build` leaves it).

    Raises CorruptEngineError when there is one that cannot be read.
    """
    path = folder / NAME
    try:
        remedy = f"delete {str(folder)!r} and build again"
        return read_json(path, Manifest, CorruptEngineError, remedy)
    except FileNotFoundError:
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """Every file below `folder` but the manifest, by relative path."""
    return {
        path.relative_to(folder).as_posix(): FileEntry(
            bytes=path.stat().st_size, sha256=digest(path)
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_engines(root: Path, kind: str) -> list[tuple[Path, Manifest]]:
    """Published engines of that kind below `root`, newest first. Unfinished builds (their names
    begin with a dot) and folders with an unreadable manifest are passed over."""
    found = []
    for path in root.glob(f"[!.]*/{NAME}"):
        try:
            manifest = read_manifest(path.parent)
        except CorruptEngineError:
            continue
        if manifest is not None and manifest.inputs.kind == kind:
            found.append((path.parent, manifest))
    return sorted(found, key=lambda item: item[1].built_at, reverse=True)
