"""The codec's steps in order, on a few seconds of made-up speech."""

import argparse
import json

import numpy as np
import pytest
from safetensors.torch import load_file

from demo_voice import codec, tokenize, vocoder

FRAMES = 9
UTTERANCES = 12


@pytest.fixture
def work(tmp_path):
    """A working folder with one shard of tones, as ``synthesize`` leaves it."""
    speech = tmp_path / "speech"
    speech.mkdir()
    samples = FRAMES * 2048
    rng = np.random.default_rng(0)
    time = np.arange(samples) / 24_000
    rows, audio, pitch = [], [], []
    for i in range(UTTERANCES):
        tone = np.sin(2 * np.pi * (180 + 5 * i) * time) + rng.normal(0, 0.1, samples)
        audio.append((tone * 3000).astype("<i2"))
        pitch.append(np.full(-(-samples // 300), 180 + 5 * i, np.float16))
        rows.append(
            {
                "id": str(i),
                "text": "tone",
                "phonemes": "t",
                "start": i * samples,
                "samples": samples,
                "durations": [samples // 300],
                "split": "train",
            }
        )
    np.concatenate(audio).tofile(speech / "shard-0000.i16")
    np.save(speech / "shard-0000.f0.npy", np.concatenate(pitch))
    (speech / "shard-0000.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return tmp_path


def arguments(work, seconds):
    parser = argparse.ArgumentParser()
    for step in (codec, tokenize, vocoder):
        step.add_arguments(parser)
    return parser.parse_args(
        f"--codec-minutes {seconds / 60} --vocoder-minutes {seconds / 60} --threads 1".split(),
        argparse.Namespace(work=work, device="cpu", voices=None),
    )


@pytest.mark.timeout(300)
def test_train_freeze_tokenize_and_go_on(work, monkeypatch, capsys):
    monkeypatch.setattr(codec, "WARM_STEPS", 2)
    monkeypatch.setattr(codec, "REVIVE_EVERY", 2)
    monkeypatch.setitem(codec.CONFIG, "encoder_dim", 2)
    monkeypatch.setitem(codec.CONFIG, "decoder_dim", 32)
    monkeypatch.setitem(codec.CONFIG, "codebook_size", 16)
    codec.run(arguments(work, 1.5))
    before = load_file(work / "codec" / "model.safetensors")
    codec.run(arguments(work, 1.0))  # its budget is spent: the checkpoint stays
    assert "trained already" in capsys.readouterr().out

    tokenize.run(arguments(work, 1.0))
    tokens = np.load(work / "tokens" / "shard-0000.npz")
    assert tokens["codes"].shape == (UTTERANCES * FRAMES, 7)
    assert tokens["codes"].dtype == np.uint16
    assert tokens["codes"].max() < 16
    assert tokens["frames"].tolist() == [FRAMES] * UTTERANCES
    assert (work / "tokens" / "FROZEN").read_text().strip() == "16"

    vocoder.run(arguments(work, 1.0))
    after = load_file(work / "codec" / "model.safetensors")
    assert before.keys() == after.keys()
    inputs = [key for key in before if ".in_proj." in key]
    assert inputs
    assert all((before[key] == after[key]).all() for key in inputs)
    assert any((before[key] != after[key]).any() for key in before)
