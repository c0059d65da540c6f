"""What is reported of a voice beside its teacher."""

import numpy as np
import pytest

from demo_voice import judging, likeness
from demo_voice.judging import Sentence, alike, alike_table, ends, evaluate_hindi, hindi_table
from demo_voice.speak import Spoken
from tests.demo_voice.scored import RATE, judge, spoken


def test_runaways_and_early_ends_by_the_teachers_length() -> None:
    runaway, early = ends([1.0, 1.7, 1.0, 0.5], [1.0] * 4, [True, True, False, True])
    assert runaway == [False, True, True, False]
    assert early == [False, False, False, True]


def test_a_hindi_voice_stands_beside_its_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: list[int] = []
    monkeypatch.setattr(judging, "speaker_similarity", lambda found, rate: pairs.append(len(found)))
    monkeypatch.setattr(judging, "phoneme_distance", lambda found, rate: 0.25)
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


def test_each_voice_beside_every_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(pairs: list[tuple[np.ndarray, np.ndarray]], rate: int) -> float | None:
        return sum(one.max() == other.max() for one, other in pairs) / len(pairs)

    monkeypatch.setattr(judging, "speaker_similarity", measured)
    low, high = np.full(RATE, 0.1, np.float32), np.full(RATE, 0.2, np.float32)
    made = {"a": [Spoken(low, RATE, True)] * 3, "b": [Spoken(high, RATE, True)] * 2}
    teachers = {"a": [Sentence("x", low)] * 2, "b": [Sentence("x", low), Sentence("y", high)]}
    found = {name: alike(spoken, teachers) for name, spoken in made.items()}
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
