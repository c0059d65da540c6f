"""The constraints of `tensorrt_llm`, read. As a program: what of them can be installed anywhere.

python -m tests.requirements.pins > requirements.txt
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from tensorrt_tts.engine_folder.releases import CONSTRAINTS

ROOT = Path(__file__).parents[2]

Group = Literal["not_installed", "needs_torch", "no_module"]


def pins() -> dict[str, str]:
    """Package to exact version."""
    lines = (ROOT / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def left_out(group: Group) -> dict[str, str]:
    """Name, which may hold wildcards, to reason."""
    path = (ROOT / CONSTRAINTS).with_name(f"{Path(CONSTRAINTS).stem}-left-out.toml")
    reasons: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))[group]
    return reasons


def within(name: str, group: Group) -> bool:
    return any(fnmatch(name, pattern) for pattern in left_out(group))


def installable() -> dict[str, str]:
    return {name: pin for name, pin in pins().items() if not within(name, "not_installed")}


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in installable().items()))
