import json
from dataclasses import replace

import pytest

from benchmarks.codecs.coded import coded_bicodec, open_bicodec
from benchmarks.codecs.error_curve import error_curve, table
from benchmarks.command_line import main as benchmarks
from plot_metrics.__main__ import main as plot_metrics
from plot_metrics.error_curve import Curve
from tensorrt_tts.audio.pcm import FULL_SCALE


@pytest.fixture(scope="module")
def curve():
    return error_curve(coded_bicodec(open_bicodec("bicodec/32", "cpu")), "bicodec/32", 2.0)


def test_the_smallest_that_no_larger_one_betters(curve):
    rows = curve.as_dict()["error_curve"]
    assert [row["steps"] for row in rows] == [0, 2, 5, 10, 15, 20, 30, 31.82, 40, 66.82]
    assert [row["first_tokens"] for row in rows] == [32 + n for n in (1, 3, 6, 11, 16, 21, 31)] + [
        *(32 + 32, 32 + 41, 32 + 67)
    ]
    chosen = next(row for row in rows if row["lookahead"] == curve.chosen)
    after, step = rows[rows.index(chosen) :], 1 / FULL_SCALE
    assert all(row["max_difference"] < 1.5 * step for row in after)
    assert rows[rows.index(chosen) - 1]["max_difference"] > step
    assert 15 < chosen["steps"] < 40
    assert rows[0]["rms"] > 100 * rows[6]["rms"]
    assert table(curve).count("chosen") == 1


def test_it_is_written_and_drawn(tmp_path, capsys):
    asked = ["stability", "--codec", "bicodec/32", "--seconds", "1", "--out", str(tmp_path)]
    assert benchmarks(asked) == 0
    found = json.loads((tmp_path / "stability.json").read_text())
    assert found["codec"] == "bicodec/32"
    assert "hardware" in found
    assert plot_metrics([str(tmp_path / "stability.json")]) == 0
    assert (tmp_path / "lookahead_error.png").stat().st_size > 10_000
    assert capsys.readouterr().out.rstrip().endswith("lookahead_error.png")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no result"),
        ("{", "is not JSON"),
        ('{"codec": "x"}', "samples_per_step is missing"),
    ],
)
def test_a_result_that_is_none(tmp_path, capsys, content, says):
    if content is not None:
        (tmp_path / "stability.json").write_text(content)
    assert plot_metrics([str(tmp_path / "stability.json")]) == 2
    assert says in capsys.readouterr().err


def test_weights_that_are_exact_at_no_lookahead(curve):
    rows = [replace(row, max_lsb=2) for row in curve.rows]
    found = replace(curve, rows=rows)
    assert found.chosen is None
    assert found.as_dict()["chosen_lookahead"] is None
    assert "chosen" not in table(found)
    drawn = Curve.model_validate(found.as_dict())
    assert drawn.finding == "no lookahead is within one step of int16"
