"""Every measured request counts, in the order in which it was due."""

from pathlib import Path

import pytest

from benchmarks.listener.integrity import Fault
from benchmarks.runs.runlog import RunLog
from plot_metrics.answers import Answers
from tensorrt_tts.errors import InputError
from tests.benchmarks.runs.test_runlog import run_line
from tests.plot_metrics.answered import overloaded, refused, spoken, torn


def log(*lines):
    return RunLog(path=Path("x"), run=run_line(), requests=lines, scores={}, lag=None, summary=None)


def answers(*lines):
    return Answers.of(log(*lines))


def silent(index):
    return spoken(index).model_copy(update={"chunks": (), "faults": (Fault.SILENT,)})


def test_a_log_is_read_in_the_order_of_asking_and_not_of_ending():
    late, early = (
        spoken(0).model_copy(update={"scheduled": 5.0}),
        spoken(1).model_copy(update={"scheduled": 2.0}),
    )
    assert answers(late, early).every == (early, late)


@pytest.mark.parametrize("phase", ["cold", "edge"])
def test_requests_that_are_not_judged_are_left_out(phase):
    other = spoken(0).model_copy(update={"phase": phase})
    assert answers(other, spoken(1)).every == (spoken(1),)


def test_what_failed_after_some_audio_has_failed():
    found = answers(spoken(0), torn(1), refused(2), silent(3))
    assert [line.index for line in found.failed] == [1, 2]
    assert [line.index for line in found.lost] == [1, 2, 3]
    assert [line.index for line in found.sound] == [0]
    assert found.lost_name == "failed or no audio"


def test_a_headline_begins_with_what_was_lost():
    assert answers(spoken(0)).headline("all is well") == "All is well"
    assert answers(*overloaded()).headline("the rest is well") == (
        "10 of 22 failed; the rest is well"
    )
    assert answers(spoken(0), silent(1)).headline("so") == "1 of 2 gave no audio; so"


@pytest.mark.parametrize(
    ("lines", "count", "said"),
    [
        ([spoken(0), spoken(1)], 0, "none of 2 answers"),
        ([spoken(0), spoken(1)], 1, "1 of 2 answers"),
        ([spoken(0), spoken(1)], 2, "all 2 answers"),
        ([spoken(0)], 1, "the one answer"),
        ([spoken(0), spoken(1), refused(2)], 1, "1 of the other 2"),
        ([spoken(0), spoken(1), refused(2)], 2, "all of the other 2"),
    ],
)
def test_shares_say_of_what(lines, count, said):
    found = answers(*lines)
    assert found.share(count, found.sound) == said


def test_a_share_of_fewer_says_of_which():
    found = answers(spoken(0), spoken(1, frames=1))
    assert found.share(1, found.sound[:1]) == "all of the 1 in several chunks"


def test_requests_that_overlap_were_not_in_turn():
    first, second = spoken(0), spoken(1)
    assert answers(first, second.model_copy(update={"scheduled": 9.0})).in_turn
    assert not answers(first, second.model_copy(update={"scheduled": 0.5})).in_turn


def test_without_a_whole_answer_there_is_nothing_to_draw():
    with pytest.raises(InputError, match=r"no whole answer.*the queue is full"):
        Answers.to_draw(log(torn(0), refused(1)))
