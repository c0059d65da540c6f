"""The verdict on an engine that a container found or built."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.jobs import engine
from deploy.jobs.engine import verified
from engines.agreement import Answers, NextId, Ranking, judge, limits
from engines.verification import Verification, write_verification
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.engine_folder.manifest import read_manifest
from tensorrt_tts.errors import EngineMismatchError
from tests.support.engine_of_model import write_engine


def verification(folder: Path, gap: float) -> Verification:
    ids = [NextId(n + (gap > 1), n, gap) for n in range(20)]
    answers = Answers(ids, (), ids, [Ranking((1, 2), (1, 2))])
    manifest = read_manifest(folder)
    assert manifest is not None
    return Verification.of(judge(answers, limits(Format.parse("fp16"))), manifest.key, "a test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_engine(tmp_path / "engine", demo_folder("lm"))


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[tuple[list[str], float]]:
    """What was run; `gap` decides what the run leaves, None for nothing."""
    found: list[Any] = []

    def run(command: list[str], env: dict[str, str], check: bool) -> SimpleNamespace:
        found.append(command)
        gap = json.loads(env["GAP"])
        if gap is not None:
            write_verification(folder, verification(folder, gap))
        return SimpleNamespace(returncode=4)

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_an_engine_is_verified_once(
    commands: list[Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAP", "0.0")
    assert "speaks its weights' language" in verified(folder, "orpheus-3b", "a/codec")
    assert "speaks its weights' language" in verified(folder, "orpheus-3b")
    (command,) = commands
    assert command[1:] == [
        *("-m", "engines", "verify", str(folder)),
        *("--codec", "a/codec", "--spec", "orpheus-english"),
    ]


def test_another_language_is_refused_now_and_at_every_later_start(
    commands: list[Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAP", "9.0")
    for _ in range(2):
        with pytest.raises(EngineMismatchError, match="another language than its weights"):
            verified(folder, "orpheus-3b")
    assert len(commands) == 1


def test_an_engine_that_cannot_be_verified_is_said_and_tried_again(
    commands: list[Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAP", "null")
    for _ in range(2):
        assert "could not be verified (exit code 4" in verified(folder, "orpheus-3b")
    assert len(commands) == 2


def test_the_verdict_of_another_build_does_not_count(
    commands: list[Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAP", "0.0")
    old = verification(folder, 9.0)
    write_verification(folder, old.model_copy(update={"key": "0" * 16}))
    assert "speaks its weights' language" in verified(folder, "orpheus-3b")


def test_the_command_is_one_that_exists(folder: Path) -> None:
    """The real one, as far as it gets here: tensorrt_llm is missing."""
    assert "could not be verified (exit code 4" in verified(folder, "orpheus-3b")
    assert engine.read_verification(folder, "") is None
