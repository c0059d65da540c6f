"""Whom `evaluate` judges, by what, and what it reports."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from demo_voice import evaluate, likeness
from demo_voice.evaluate import (
    Sentence,
    alike,
    alike_table,
    ends,
    evaluate_hindi,
    evaluated,
    hindi_table,
)
from demo_voice.hindi.scores import HindiScore
from demo_voice.speak import Settings, Spoken
from tensorrt_tts.errors import SettingError

RATE = 24_000


def spoken(seconds: float, finished: bool = True) -> Spoken:
    return Spoken(np.full(int(seconds * RATE), 0.1, np.float32), RATE, finished)


def judge(text: str, audio: np.ndarray, rate: int) -> HindiScore:
    seconds = len(audio) / rate
    return HindiScore(text, text, seconds, 1 if seconds < 3 else 2, 0.1, 4.0, seconds)


def test_runaways_and_early_ends_by_the_teachers_length() -> None:
    runaway, early = ends([1.0, 1.7, 1.0, 0.5], [1.0] * 4, [True, True, False, True])
    assert runaway == [False, True, True, False]
    assert early == [False, False, False, True]


def test_a_hindi_voice_stands_beside_its_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: list[int] = []
    monkeypatch.setattr(
        evaluate, "speaker_similarity", lambda found, rate: pairs.append(len(found))
    )
    monkeypatch.setattr(evaluate, "phoneme_distance", lambda found, rate: 0.25)
    teacher = [Sentence(text, spoken(2).audio) for text in ("क", "ख", "ग", "घ")]
    made = {"क": spoken(2), "ख": spoken(4), "ग": spoken(0.1), "घ": spoken(2)}
    found = evaluate_hindi(made.__getitem__, teacher, judge)  # type: ignore[arg-type]
    assert found["voice"]["right_first"] == 0.75
    assert found["voice"]["runaway"] == found["voice"]["early"] == 0.25
    assert found["teacher"]["reference_loss"] == 2.0
    assert found["teacher"]["runaway"] == 0.0
    assert [row["text"] for row in found["sentences"]] == ["क", "ख", "ग", "घ"]
    assert pairs == [3]  # of what is too short nobody can say who spoke
    told = hindi_table("hf_alpha", {"hi": found})
    assert "hi, phoneme distance" in told
    assert "hi, speaker similarity" not in told


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


def test_results_of_english_as_ever_and_of_others_by_name(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def speak(weights, texts, seed, at_once, device, voice):  # type: ignore[no-untyped-def]
        asked.append((voice, texts))
        return [spoken(1.0) for _ in texts], Settings()

    class English:
        def __call__(self, text: str, audio: np.ndarray, rate: int) -> evaluate.Score:
            return evaluate.Score(text, text, 4.0, len(audio) / rate)

    monkeypatch.setattr(evaluate, "speak", speak)
    monkeypatch.setattr(evaluate, "Judge", English)
    monkeypatch.setattr(evaluate, "HindiJudge", lambda *given: judge)
    monkeypatch.setattr(evaluate, "speaker_similarity", lambda *given: 0.8)
    monkeypatch.setattr(evaluate, "phoneme_distance", lambda *given: None)
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    given = argparse.Namespace(work=work, voices=None, threads=1, seed=0, device="cpu")
    command = ["--weights", str(export(work, "heart", "hf_alpha"))]
    evaluate.run(parser.parse_args([*command, "--results", str(work / "found.json")], given))
    assert asked == [
        ("heart", ["shard-0000 test"]),
        ("hf_alpha", ["hf_alpha-0000 test"]),
        ("hf_alpha", ["hf_alpha-0000 mixed"]),
    ]
    found = json.loads((work / "found.json").read_text())
    assert found["voice"]["word_error_rate"] == 0.0
    assert list(found["voices"]["hf_alpha"]) == ["hi", "hi with English words"]
    assert found["voices"]["hf_alpha"]["hi"]["speaker_similarity"] == 0.8
    to_teachers = {"heart": 0.8, "hf_alpha": 0.8}
    assert found["speakers"] == {"heart": to_teachers, "hf_alpha": to_teachers}
    assert found["settings"]["temperature"] == Settings().temperature


def test_each_voice_beside_every_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(pairs: list[tuple[np.ndarray, np.ndarray]], rate: int) -> float | None:
        return sum(one.max() == other.max() for one, other in pairs) / len(pairs)

    monkeypatch.setattr(evaluate, "speaker_similarity", measured)
    low, high = np.full(RATE, 0.1, np.float32), np.full(RATE, 0.2, np.float32)
    made = {"a": [Spoken(low, RATE, True)] * 3, "b": [Spoken(high, RATE, True)] * 2}
    teachers = {"a": [Sentence("x", low)] * 2, "b": [Sentence("x", low), Sentence("y", high)]}
    found = alike(made, teachers)
    assert found == {"a": {"a": 1.0, "b": 0.5}, "b": {"a": 0.0, "b": 0.5}}
    assert alike_table(found | {"c": {"a": None, "b": None}}).splitlines()[1:] == [
        "a" + 23 * " " + "      1.00      0.50",
        "b" + 23 * " " + "      0.00      0.50",
        "c" + 23 * " " + "         –         –",
    ]


def test_what_is_not_installed_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("resemblyzer", "hama"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    pairs = [(spoken(1).audio, spoken(1).audio)]
    assert likeness.speaker_similarity(pairs, RATE) is None
    assert likeness.phoneme_distance(pairs, RATE) is None
