"""What a command leaves: one line of JSON, last on stdout, with what it was measured on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.runs.environment import hardware, versions
from tensorrt_tts.files import writing


def leave(found: dict[str, Any], path: Path, measured_on: dict[str, object] | None = None) -> None:
    """Into a file beside the logs, too."""
    line = json.dumps({**found, **(measured_on or environment())})
    print(line, flush=True)
    with writing(path, "choose another --out"):
        path.write_text(line + "\n", encoding="utf-8")


def environment() -> dict[str, object]:
    return {"hardware": asdict(hardware()), "versions": versions()}
