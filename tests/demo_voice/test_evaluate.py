"""Whom `evaluate` judges, by what, and what it reports."""

import argparse
import json
import multiprocessing
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from demo_voice import evaluate, judging
from demo_voice.evaluate import evaluated
from demo_voice.speak import Settings
from tensorrt_tts.errors import SettingError
from tests.demo_voice.scored import RATE, judge, spoken


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Speech of two voices, and an exported folder."""
    (tmp_path / "speech").mkdir()
    for name, splits in (("shard-0000", ["test"]), ("hf_alpha-0000", ["test", "mixed", "train"])):
        stem = tmp_path / "speech" / name
        np.zeros(3 * RATE, "<i2").tofile(stem.with_suffix(".i16"))
        rows = [
            {"split": s, "text": f"{name} {s}", "start": i * RATE, "samples": RATE}
            for i, s in enumerate(splits)
        ]
        stem.with_suffix(".jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return tmp_path


def export(work: Path, *voices: str) -> Path:
    folder = work / "weights"
    (folder / "lm").mkdir(parents=True)
    config = {"tts_voices": [{"name": name} for name in voices]} if voices else {}
    (folder / "lm" / "config.json").write_text(json.dumps(config))
    return folder


def test_of_what_ships_whoever_has_speech(work: Path) -> None:
    both = export(work, "heart", "hf_alpha", "hm_psi")
    assert evaluated(work, both, None) == ["heart", "hf_alpha"]
    assert evaluated(work, both, ["hf_alpha"]) == ["hf_alpha"]
    with pytest.raises(SettingError, match="no speech of hm_psi"):
        evaluated(work, both, ["hm_psi"])


def test_a_voice_that_is_not_exported_is_not_evaluated(work: Path) -> None:
    alone = export(work)
    assert evaluated(work, alone, None) == ["heart"]
    with pytest.raises(SettingError, match="has no voice 'hf_alpha', only heart;"):
        evaluated(work, alone, ["hf_alpha"])


def test_a_voice_with_nothing_held_out_is_named(work: Path) -> None:
    given = argparse.Namespace(
        work=work, weights=export(work, "heart"), voices=None, split="valid", test_sentences=9
    )
    with pytest.raises(SettingError, match="no held-out speech of heart"):
        evaluate.jobs(given)


@pytest.mark.parametrize("processes", [1, 2])
def test_results_of_english_as_ever_and_of_others_by_name(
    work: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    asked = []

    def speak(weights, texts, seed, at_once, device, voice):  # type: ignore[no-untyped-def]
        asked.append((voice, texts))
        return [spoken(1.0) for _ in texts], Settings()

    class English:
        def __call__(self, text: str, audio: np.ndarray, rate: int) -> judging.Score:
            return judging.Score(text, text, 4.0, len(audio) / rate)

    monkeypatch.setattr(evaluate, "speak", speak)
    monkeypatch.setattr(evaluate, "Judge", English)
    monkeypatch.setattr(evaluate, "HindiJudge", lambda *given: judge)
    monkeypatch.setattr(judging, "speaker_similarity", lambda *given: 0.8)
    monkeypatch.setattr(judging, "phoneme_distance", lambda *given: None)
    # Processes would not see what is pretended here; threads do.
    monkeypatch.setattr(
        multiprocessing, "get_context", lambda kind: SimpleNamespace(Pool=ThreadPool)
    )
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    given = argparse.Namespace(work=work, voices=None, threads=1, seed=0, device="cpu")
    command = ["--weights", str(export(work, "heart", "hf_alpha")), "--processes", str(processes)]
    evaluate.run(parser.parse_args([*command, "--results", str(work / "found.json")], given))
    assert sorted(asked) == [
        ("heart", ["shard-0000 test"]),
        ("hf_alpha", ["hf_alpha-0000 mixed"]),
        ("hf_alpha", ["hf_alpha-0000 test"]),
    ]
    found = json.loads((work / "found.json").read_text())
    assert found["voice"]["word_error_rate"] == 0.0
    assert list(found["voices"]["hf_alpha"]) == ["hi", "hi with English words"]
    assert found["voices"]["hf_alpha"]["hi"]["speaker_similarity"] == 0.8
    to_teachers = {"heart": 0.8, "hf_alpha": 0.8}
    assert found["speakers"] == {"heart": to_teachers, "hf_alpha": to_teachers}
    assert found["settings"]["temperature"] == Settings().temperature
