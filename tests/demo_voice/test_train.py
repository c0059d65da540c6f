"""`python -m demo_voice train`, every step in one go, on a handful of sentences."""

import json
import sys

import pytest

from demo_voice import __main__ as demo_voice
from demo_voice import codec, sentences, voices

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def few() -> list[tuple[str, str]]:
    rows = sentences.read_sentences()
    wanted = {"train": 30, "valid": 2, "test": 2}
    return [
        row
        for split, count in wanted.items()
        for row in [row for row in rows if row[0] == split][:count]
    ]


def test_one_command_makes_a_voice(tmp_path, monkeypatch, capsys):
    rows = few()
    monkeypatch.setattr(voices, "read_sentences", lambda path: rows)
    monkeypatch.setattr(codec, "WARM_STEPS", 40)  # 16 coarse codes a step; k-means wants 512
    weights, results = tmp_path / "weights", tmp_path / "results.json"
    command = ["demo_voice", "train", "--work", str(tmp_path / "work")]
    command += ["--weights", str(weights), "--results", str(results), "--processes", "1"]
    command += ["--test-sentences", "2", "--tune-sentences", "2"]
    for step in ("listener", "codec", "vocoder", "lm"):
        command += [f"--{step}-minutes", "0.2"]
    monkeypatch.setattr(sys, "argv", command)
    demo_voice.main()
    result = json.loads(results.read_text())
    assert result["streamed"]
    assert result["voice"]["sentences"] == 2
    assert result["teacher"]["word_error_rate"] < 0.3
    assert {p.name for p in weights.iterdir()} == {"codec", "lm"}

    made = [path.read_bytes() for path in sorted(weights.rglob("*.safetensors"))]
    capsys.readouterr()
    demo_voice.main()  # a second time: what is trained stays
    assert "trained already" in capsys.readouterr().out
    assert [path.read_bytes() for path in sorted(weights.rglob("*.safetensors"))] == made
