import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.codecs.heard import Heard
from benchmarks.codecs.seam_survey import Survey, sentences, summed, table
from benchmarks.codecs.seams import Seams
from benchmarks.command_line import main
from tensorrt_tts.codecs.stability import Comparison, compare
from tensorrt_tts.errors import SettingError

SAME = compare("x", np.zeros(10, np.int16), np.zeros(10, np.int16), 1)


def heard(policy, borders, seams, times):
    assert isinstance(SAME, Comparison)
    return Heard(replace(SAME, policy=policy), Seams(policy, borders, seams, 0, 0, 0, times), 0.0)


def test_speeches_are_added_way_by_way():
    found = summed(
        [
            [heard("ours", 10, 0, 0.5), heard("theirs", 8, 3, 4.0)],
            [heard("ours", 12, 0, 0.9), heard("theirs", 9, 0, 0.2)],
            [heard("ours", 1, 1, 1.1), heard("theirs", 3, 2, 9.0)],
        ]
    )
    assert found == [Survey("ours", 3, 1, 23, 1, 1.1), Survey("theirs", 3, 2, 20, 5, 9.0)]
    lines = table(found).splitlines()
    assert lines[2].split() == ["theirs", "20", "5", "25%", "2", "of", "3", "9.0"]
    assert "-" in table([Survey("one chunk", 1, 0, 0, 0, 0.0)]).splitlines()[1].split()


def test_more_texts_than_there_are():
    texts = ["x" * length for length in (59, 60, 130, 131)]
    assert sentences(texts, 2) == texts[1:3]
    with pytest.raises(SettingError, match="--texts 3: there are 2 of 60 to 130 letters"):
        sentences(texts, 3)


@pytest.mark.parametrize("option", ["--texts", "--seeds"])
def test_nothing_to_hear_is_refused(option, capsys):
    assert main(["seams", option, "0"]) == 2
    assert f"{option} 0: must be above 0" in capsys.readouterr().err


def test_the_demo_voice_is_streamed_in_every_way(tmp_path, monkeypatch, capsys):
    """A word or two: what it takes to find every way in the result."""
    from benchmarks import prompts

    short = [replace(prompt, text="Hi there.") for prompt in prompts.load("en")[:1]]
    monkeypatch.setattr(prompts, "load", lambda language: short)
    monkeypatch.setattr("benchmarks.codecs.seam_survey.CHARACTERS", (1, 20))
    assert main(["seams", "--texts", "1", "--seeds", "1", "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "seams.json").read_text())["seams"]
    assert [row["policy"] for row in rows][:2] == ["windowed (ours)", "stateful (ours)"]
    assert len(rows) == 6
    assert all(row["speeches"] == 1 for row in rows)
    assert [row["seams"] for row in rows[:2]] == [0, 0]
    assert "policy" in capsys.readouterr().out
