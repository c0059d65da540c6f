"""Which utterances are heard, and what their text is ranked among."""

import hashlib
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from demo_voice.hear import utterances
from demo_voice.hindi import reference_loss
from demo_voice.hindi.reference_loss import PARTS, join, others
from tensorrt_tts.errors import MissingDependencyError, SettingError


def test_held_out_utterances_every_split_in_turn(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    splits = ["test", "test", "train", "mixed", "test"]
    for shard in range(2):
        stem = tmp_path / "speech" / f"hm_psi-000{shard}"
        np.repeat(np.arange(5), 8).astype("<i2").tofile(stem.with_suffix(".i16"))
        rows = [
            {"split": split, "text": f"{shard}{i}", "start": 8 * i, "samples": 8}
            for i, split in enumerate(splits)
        ]
        stem.with_suffix(".jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = utterances(tmp_path, "hm_psi", 5)
    assert [(split, text) for split, text, _ in found] == [
        ("test", "00"),
        ("mixed", "03"),
        ("test", "01"),
        ("mixed", "13"),
        ("test", "04"),
    ]
    assert (found[4][2] * 32768 == 4).all()
    with pytest.raises(SettingError, match="no speech of hf_alpha"):
        utterances(tmp_path, "hf_alpha", 5)


def test_a_text_is_ranked_among_those_of_its_length() -> None:
    assert others("ccc", ["a", "bb", "ccc", "dddd", "eeeeeeee"], 2) == ["bb", "dddd"]
    assert others("ccc", ["ccc"], 3) == []


def package(folder: Path, name: str, files: dict[str, bytes]) -> None:
    (folder / name / "data").mkdir(parents=True)
    (folder / name / "__init__.py").write_text("")
    for file, data in files.items():
        (folder / name / "data" / file).write_bytes(data)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = dict.fromkeys(("config.json", "tokenizer.json", "vocabulary.txt"), b"{}")
    package(tmp_path / "site", PARTS[0], {**texts, "model.bin.part1": b"ab"})
    package(tmp_path / "site", PARTS[1], {"model.bin.part2": b"cd"})
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in PARTS:
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_model_is_joined_once(
    packages: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_loss, "SHA256", hashlib.sha256(b"abcd").hexdigest())
    folder = join(tmp_path / "model")
    assert (folder / "model.bin").read_bytes() == b"abcd"
    assert {path.name for path in folder.iterdir()} == {
        "model.bin",
        "config.json",
        "tokenizer.json",
        "vocabulary.txt",
    }
    monkeypatch.setattr(reference_loss, "PARTS", ("nowhere", "at_all"))
    assert join(folder) == folder


def test_a_damaged_or_missing_model_is_one_line(
    packages: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingDependencyError, match="do not join"):
        join(tmp_path / "model")
    assert not (tmp_path / "model").exists()
    monkeypatch.setattr(reference_loss, "PARTS", ("nowhere", "at_all"))
    with pytest.raises(MissingDependencyError, match=r"'nowhere'; install .*scoring-hindi\.txt"):
        join(tmp_path / "model")


class Whisper:
    """As faster-whisper: one probability a token, from how well text and sound go together."""

    def __init__(self, *_: object, **__: object) -> None:
        self.hf_tokenizer = self
        self.model = self

    def token_to_id(self, token: str) -> int:
        return {"<|hi|>": 50276}.get(token, 1)

    def encode(self, text: object, add_special_tokens: bool = True) -> object:
        if isinstance(text, str):
            return types.SimpleNamespace(ids=[len(word) for word in text.split()])
        return text

    def feature_extractor(self, audio: np.ndarray) -> np.ndarray:
        return np.full((80, 3001), audio.max(), np.float32)

    def align(self, heard: np.ndarray, start: list, texts: list, frames: int) -> list:
        assert heard.shape == (80, frames)
        assert start == [1, 50276, 1, 1]
        probabilities = [1.0 if token == round(float(heard[0, 0])) else 0.0 for token in texts[0]]
        return [types.SimpleNamespace(text_token_probs=probabilities)]


def test_the_loss_is_the_mean_over_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import faster_whisper

    monkeypatch.setattr(faster_whisper, "WhisperModel", Whisper)
    monkeypatch.setattr(reference_loss, "join", lambda folder: folder)
    loss = reference_loss.ReferenceLoss(tmp_path)
    right, half, wrong = loss(np.full(800, 3, np.float32), 16_000, ["abc", "abc x", "x"])
    assert right == 0
    assert half == pytest.approx(-np.log(1e-9) / 2)
    assert wrong == pytest.approx(-np.log(1e-9))
