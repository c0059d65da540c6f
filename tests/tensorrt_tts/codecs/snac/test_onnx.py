"""Errors of the ONNX Runtime session. That it decodes exactly: tests/engines/test_snac_onnx.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tensorrt_tts.codecs.snac.onnx import OnnxSession, open_codec
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptEngineError, MissingDependencyError


def test_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match="python -m engines export-snac"):
        OnnxSession(tmp_path / "snac.onnx", "SNAC", "export-snac")


def test_corrupt_file(tmp_path: Path) -> None:
    (tmp_path / "snac.onnx").write_bytes(b"not a graph")
    with pytest.raises(CorruptEngineError, match="export it again"):
        OnnxSession(tmp_path / "snac.onnx", "SNAC", "export-snac")


def test_folder_without_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"config\.json"):
        open_codec(tmp_path)


def test_without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match="onnxruntime"):
        OnnxSession(tmp_path / "snac.onnx", "SNAC", "export-snac")
