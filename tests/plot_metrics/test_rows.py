"""Many answers are grouped, and what is left out is said."""

from pathlib import Path

from benchmarks.listener.integrity import Fault
from benchmarks.runs.runlog import RunLog
from plot_metrics.answers import Answers
from plot_metrics.rows import MOST, Rows
from plot_metrics.silence import silence_ms
from tests.benchmarks.runs.test_runlog import run_line
from tests.plot_metrics.answered import refused, spoken


def rows(lines):
    log = RunLog(
        path=Path("x"), run=run_line(), requests=tuple(lines), scores={}, lag=None, summary=None
    )
    return Rows.of(Answers.of(log))


def test_few_answers_have_a_row_each():
    found = rows([spoken(0), refused(1), spoken(2, text=0)])
    assert [row.label for row in found.every] == [
        "en-00, 18 chars",
        "en-01, 36 chars ✗",
        "en-00, 18 chars",
    ]
    assert found.notes == ()


def test_faults_other_than_failing_have_their_own_mark():
    faulty = spoken(0).model_copy(update={"faults": (Fault.MISSING,)})
    assert rows([faulty]).every[0].label == "en-00, 18 chars !"


def test_many_answers_are_grouped_by_prompt():
    lines = [spoken(n, text=n % 3, stall=0.3 if n == 30 else 0.0) for n in range(MOST)]
    found = rows([*lines, refused(MOST, text=1)])
    assert [row.label for row in found.every] == [
        "en-00, 18 chars, 20 ×",
        "en-01, 36 chars, 21 ×, 1 ✗",
        "en-02, 54 chars, 20 ×",
    ]
    assert found.every[0].median(silence_ms) == 0.0
    assert found.every[0].worst(silence_ms) > 200
    assert found.notes == ()


def test_of_too_many_prompts_the_worst_are_kept_and_the_title_says_so():
    good = [spoken(n) for n in range(MOST)]
    bad = [refused(MOST), spoken(MOST + 1, stall=1.0)]
    found = rows([*good, *bad])
    assert len(found.every) == MOST
    assert found.every[-2].lines == (bad[0],)
    assert found.every[-1].lines == (bad[1],)
    assert found.notes == (f"only the worst {MOST} of {MOST + 2} prompts are shown",)


def test_columns_go_by_text_length():
    lines = [spoken(0, text=2), spoken(1, text=1), spoken(2, text=2)]
    assert [row.lines[0].index for row in rows(lines).by_length] == [1, 0, 2]
