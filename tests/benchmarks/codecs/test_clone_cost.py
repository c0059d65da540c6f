"""`python -m benchmarks clone-cost`: each part of an encoding, timed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.codecs import clone_cost
from benchmarks.codecs.clone_cost import FULL_ENCODING, CloneCost, clone_costs, table
from benchmarks.command_line import main
from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.encoder_weights import shapes
from tests.support.golden import golden
from tests.support.tiny_encoder import FEATURES, TINY_ENCODING

NARROW = {"hidden_size": FEATURES, "num_attention_heads": 2, "intermediate_size": 32}
NARROW |= {"num_conv_pos_embedding_groups": 2, "num_conv_pos_embeddings": 16}


def test_every_part_is_timed_for_every_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wav2vec2 = clone_cost.WAV2VEC2 | NARROW | {"conv_dim": (8,) * 7}  # type: ignore[operator]
    small = clone_cost.open_random(TINY_ENCODING.model_dump(mode="json"), wav2vec2)
    monkeypatch.setattr(clone_cost, "open_random", lambda: small)
    assert main(["clone-cost", "--lengths", "1,2.5", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    rows = json.loads(said[-1])["costs"]
    assert [row["seconds"] for row in rows] == [1, 2.5]
    assert all(row[part] > 0 for row in rows for part in ("speaker", "features", "semantics"))
    assert json.loads((tmp_path / "clone-cost.json").read_text())["costs"] == rows
    assert len(said) == 4


def test_what_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that each part moves on."""
    now = [0.0]
    monkeypatch.setattr(clone_cost.time, "process_time", lambda: now[0])

    class Encoder:
        def speaker(self, samples: object) -> None:
            now[0] += 2

        def semantics(self, heard: object) -> None:
            assert heard == "heard"
            now[0] += 5

    def features(samples: object) -> str:
        now[0] += 3
        return "heard"

    found = clone_costs([6], Encoder(), features)  # type: ignore[arg-type]
    assert found == [CloneCost(6, 2, 3, 5)]
    assert table(found).splitlines()[1].split() == ["6.0", "s", "2.00", "3.00", "5.00"]


def test_it_is_the_released_size() -> None:
    stored = json.loads((golden("spark") / "full_keys.json").read_text())
    for name, shape in shapes(EncodingConfig.model_validate(FULL_ENCODING)).items():
        assert tuple(stored.get(name) or stored[f"{name}_v"]) == shape
