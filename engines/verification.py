"""The verdict on an engine, kept beside it: an engine is verified once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from engines.agreement import Verdict
from tensorrt_tts.errors import EngineError, EngineMismatchError, OutputError
from tensorrt_tts.files import read_json

NAME = "verification.json"


class Verification(BaseModel):
    """key: of the manifest of what was verified; empty for an engine without one. same: it speaks
    its weights' language. figures: raw. reference: what it was compared with. verified_at: UTC, ISO
    8601."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    key: str
    same: bool
    summary: str
    cause: str | None
    figures: dict[str, Any]
    reference: str
    verified_at: str

    @classmethod
    def of(cls, verdict: Verdict, key: str, reference: str) -> Verification:
        return cls(
            key=key,
            same=verdict.same,
            summary=verdict.summary(),
            cause=verdict.cause,
            figures={
                "groups": {name: asdict(group) for name, group in verdict.groups.items()},
                "overlap": verdict.overlap,
                "allowed": asdict(verdict.allowed),
            },
            reference=reference,
            verified_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def line(self, what: str) -> str:
        """The verdict in one line. what: an engine's folder, or a backend and its checkpoint."""
        if self.same:
            return f"{what} speaks its weights' language: {self.summary}"
        cause = f"; {self.cause}" if self.cause else ""
        return f"{what} speaks another language than its weights: {self.summary}{cause}"

    def require(self, what: str) -> None:
        """Raises EngineMismatchError when it speaks another language than its weights."""
        if not self.same:
            raise EngineMismatchError(
                f"{self.line(what)}; do not serve it: engines/README.md says what to look at"
            )


def read_verification(folder: Path, key: str) -> Verification | None:
    """The verdict on the engine of that key in the folder; None when there is none."""
    try:
        found = read_json(folder / NAME, Verification, EngineError)
    except (FileNotFoundError, EngineError):
        return None
    return found if found.key == key else None


def write_verification(folder: Path, verification: Verification) -> None:
    """Raises OutputError."""
    path = folder / NAME
    try:
        path.write_text(verification.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"'{path}' cannot be written ({error.strerror})") from error
