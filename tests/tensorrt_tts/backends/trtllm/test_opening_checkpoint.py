"""The engine of a checkpoint: the newest that runs here, or why none does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tensorrt_tts.backends.trtllm import opening as trtllm_open
from tensorrt_tts.backends.trtllm.backend import TensorRTLLMBackend
from tensorrt_tts.backends.trtllm.opening import (
    find_engine,
    open_checkpoint,
)
from tensorrt_tts.codecs.select import ENGINES_VARIABLE
from tensorrt_tts.engine_folder import digest_cache
from tensorrt_tts.engine_folder.device import Device
from tensorrt_tts.errors import (
    CorruptEngineError,
    EngineError,
    EngineMismatchError,
)
from tests.support.trtllm_engines import A100, L4, PCIE, published


def test_no_engine_names_the_command(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    installed.setenv(ENGINES_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint)
    assert not (tmp_path / "nowhere").exists()  # nothing was hashed for it
    other = tmp_path / "other"
    shutil.copytree(checkpoint, other)
    (other / "model.safetensors").write_bytes(b"others")
    published(tmp_path / "nowhere", "theirs", other, "2026-11-01")
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint)


def on(monkeypatch: pytest.MonkeyPatch, device: Device | None) -> None:
    monkeypatch.setattr(trtllm_open, "find_device", lambda: device)


def test_one_volume_serves_all_gpus(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    """The newest that runs here, whatever was built for others since."""
    root = tmp_path / "engines"
    for name, built_at, device in (
        ("old", "2026-11-01", A100),
        ("a100", "2026-11-02", A100),
        ("pcie", "2026-11-03", PCIE),
        ("l4", "2026-11-04", L4),
    ):
        published(root, name, checkpoint, built_at, device)
    for device, name in ((A100, "a100"), (PCIE, "pcie"), (L4, "l4")):
        on(installed, device)
        assert find_engine(checkpoint, root) == root / name
        assert open_checkpoint_below(installed, checkpoint, root).name == "trtllm"
    on(installed, None)  # no answer from the driver: nothing to compare with
    assert find_engine(checkpoint, root) == root / "l4"


def open_checkpoint_below(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, root: Path
) -> TensorRTLLMBackend:
    monkeypatch.setenv(ENGINES_VARIABLE, str(root))
    return open_checkpoint(checkpoint)


def test_a_start_reads_the_weights_once(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    """6 GB of them at every start would be ten seconds of silence on a network volume."""
    installed.setattr(digest_cache, "SETTLED_NS", -(10**18))  # as if they had lain there for long
    root = tmp_path / "engines"
    on(installed, A100)
    good = published(root, "good", checkpoint, "2026-11-01")
    read: list[str] = []
    installed.setattr(digest_cache, "digest", lambda path: read.append(path.name) or "0" * 64)
    assert find_engine(checkpoint, root) == good
    assert read == []
    (checkpoint / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint, root)
    assert read == ["model.safetensors"]


def test_engines_that_cannot_run_are_passed_over(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    root = tmp_path / "engines"
    on(installed, A100)
    good = published(root, "good", checkpoint, "2026-11-01")
    published(root, "release", checkpoint, "2026-11-02", version="1.1.0")
    published(root, "libraries", checkpoint, "2026-11-03", tensorrt="10.13.3.9")
    (published(root, "cut", checkpoint, "2026-11-04") / "rank0.engine").unlink()
    changed = published(root, "changed", checkpoint, "2026-11-05") / "manifest.json"
    changed.write_text(changed.read_text().replace('"recipe": {}', '"recipe": {"a": 1}'))
    (published(root, "unreadable", checkpoint, "2026-11-06") / "manifest.json").write_text("{")
    published(root, ".a100.building-x", checkpoint, "2026-11-07")
    (published(root, "torn", checkpoint, "2026-11-08") / "config.json").write_text("")
    assert find_engine(checkpoint, root) == good


def test_the_nearest_engine_says_why_none_runs_here(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    root = tmp_path / "engines"
    on(installed, A100)
    published(root, "l4", checkpoint, "2026-11-02", L4)
    with pytest.raises(EngineMismatchError, match=r"'NVIDIA L4', this GPU is 'NVIDIA A100"):
        find_engine(checkpoint, root)
    published(root, "release", checkpoint, "2026-11-01", version="1.1.0")
    with pytest.raises(
        EngineMismatchError,
        match=r"none of this checkpoint's 2 engines.*1\.1\.0, installed is 1\.2",
    ):
        find_engine(checkpoint, root)
    (published(root, "cut", checkpoint, "2026-10-01") / "rank0.engine").unlink()
    with pytest.raises(
        CorruptEngineError, match=r"3 engines.*rank0\.engine is missing.*build again"
    ):
        find_engine(checkpoint, root)
