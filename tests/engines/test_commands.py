"""The codec's and the vocabulary's commands, from the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engines import snac_onnx
from engines.cli import main
from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary
from tests.support.tiny_orpheus import tiny_model_folders


def test_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    asked: list[tuple[Path, Path, int]] = []

    def export(folder: Path, out: Path, steps: int) -> Path:
        asked.append((folder, out, steps))
        path = tmp_path / "snac.onnx"
        path.write_bytes(b"graph")
        return path

    monkeypatch.setattr(snac_onnx, "export", export)
    codec = tiny_model_folders()[1]
    assert main(["export-snac", str(codec), str(tmp_path / "out"), "--steps", "24"]) == 0
    assert asked == [(codec, tmp_path / "out", 24)]
    assert "SHA-256 " in capsys.readouterr().out


@pytest.mark.parametrize("command", ["build-snac", "build-bicodec"])
def test_build_says_what_is_missing(tmp_path: Path, capsys, command: str) -> None:
    assert main([command, str(tiny_model_folders()[1]), "--output", str(tmp_path)]) == 4
    message = capsys.readouterr().err
    assert "NVIDIA GPU" in message
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_cut(tmp_path: Path, capsys) -> None:
    folder, codec = tiny_model_folders()
    arguments = ["cut", str(folder), str(tmp_path / "cut"), "--codec", str(codec)]
    assert main(arguments) == 0
    vocabulary = AudioVocabulary.read(tmp_path / "cut")
    assert vocabulary is not None
    assert f"{vocabulary.size} of {vocabulary.full_size}" in capsys.readouterr().out
    assert main(arguments) == 2
    assert "exists" in capsys.readouterr().err


def test_nothing_heavy_is_imported_for_the_parser() -> None:
    heavy = {"torch", "onnx", "transformers", "tensorrt", "tensorrt_llm"}
    script = (
        "import sys; from engines.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True
    )
    assert "build-snac" in ended.stdout
    assert "build-bicodec" in ended.stdout
    assert ended.stderr.strip() == ""
