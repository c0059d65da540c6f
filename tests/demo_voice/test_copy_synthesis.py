"""What the codec alone costs, on made-up speech and with made-up judges."""

import argparse
import json

import numpy as np
import pytest

from demo_voice import codec, copy_synthesis, tokenize
from tests.demo_voice.test_pipeline import HINDI
from tests.demo_voice.tones import FRAMES, arguments, write_shard


@pytest.mark.timeout(300)
def test_each_language_has_its_measure_and_its_file(work, monkeypatch, capsys):
    write_shard(work, "hf_alpha-0000", 240, **HINDI)
    write_shard(work, "hf_alpha-0001", 240, **HINDI, split="test")
    codec.run(arguments(work, 1.0))
    tokenize.run(arguments(work, 1.0))
    monkeypatch.setattr(copy_synthesis, "RESULTS", work / "results")
    monkeypatch.setattr(copy_synthesis, "score", lambda texts, audio: {"wer": len(audio)})
    monkeypatch.setattr(copy_synthesis, "opinion", lambda audio: float(len(audio)))

    def distance(pairs, rate):
        assert rate == 24_000
        assert all(len(one) == len(other) == FRAMES * 2048 for one, other in pairs)
        assert not any(np.array_equal(one, other) for one, other in pairs)
        return 0.25

    monkeypatch.setattr(copy_synthesis, "phoneme_distance", distance)
    monkeypatch.setattr(copy_synthesis, "version", lambda name: "1")
    capsys.readouterr()

    def found(voices, split):
        args = argparse.Namespace(work=work, voices=voices, codec_dir=None, split=split, limit=100)
        copy_synthesis.run(args)
        return json.loads(capsys.readouterr().out)

    english = found(None, "valid")
    assert english["voice"] == "heart"
    assert english["codec"] == english["teacher"] == {"wer": 1}
    hindi = found(["hf_alpha"], "valid")
    assert hindi["codec"] == {"phoneme_distance": 0.25, "distillmos": 1.0}
    assert not (work / "results").exists()  # only the test sentences' are kept
    kept = found(["hf_alpha"], "test")
    assert json.loads((work / "results" / "codec-hf_alpha.json").read_text()) == kept
