"""TensorRT-LLM is its double here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import fake_tensorrt_llm
from tests.support.fake_tensorrt_llm import FakeLLM


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "lm"
    folder.mkdir()
    (folder / "config.json").write_text('{"vocab_size": 1000}')
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    fake_tensorrt_llm.install(monkeypatch)
    monkeypatch.setattr(FakeLLM, "script", staticmethod(lambda p, s, position: 10 + position))
    return monkeypatch
