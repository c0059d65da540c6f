import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.listener.integrity import Fault
from benchmarks.runs.loop_lag import LoopLag
from benchmarks.runs.runlog import Score
from benchmarks.runs.summary import concurrency, continuity, lag_line, shortfalls, summarize
from tests.benchmarks.exchanges import FRAME_S, request
from tests.benchmarks.fake_server import Script

QUIET = lag_line(LoopLag([(0.0, 0.001)] * 100))
BUSY = lag_line(LoopLag([(0.0, 0.2)] * 100))


def stalled(seconds):
    return [0.1 + n * FRAME_S + (seconds if n >= 3 else 0) for n in range(12)]


def failed(index=0):
    line = request(index)
    return line.model_copy(update={"error": "gone", "faults": (Fault.FAILED,)})


def test_cold_requests_are_left_out():
    lines = [request(0, phase="cold", arrivals=stalled(2.0)), request(1), request(2)]
    found = summarize(lines, QUIET, 3.0)
    assert found.requests == 2
    assert found.distributions["underrun_ms"].max == 0
    assert found.verdict == "good"


def test_continuity_counts_streams_within_each_limit():
    lines = [request(arrivals=stalled(s)) for s in (0.0, 0.04, 0.08, 0.15, 0.5)]
    found = continuity(lines, 0)
    assert (found.c50, found.c100, found.c200) == (2 / 5, 3 / 5, 4 / 5)


def test_a_failed_stream_is_not_continuous_and_one_chunk_is_not_counted():
    lines = [request(), failed(), request(script=Script(frames=1))]
    found = continuity(lines, 0)
    assert (found.streams, found.c100) == (2, 0.5)


def test_nothing_to_judge_is_not_a_pass():
    assert continuity([], 0).c100 is None
    found = summarize([], QUIET, 0.0)
    assert found.verdict == "unmeasured"
    assert shortfalls(found, 500)


def test_prebuffer_can_only_help():
    lines = [request(arrivals=stalled(s)) for s in (0.12, 0.2, 0.3)]
    shares = [continuity(lines, index).c100 for index in range(3)]
    assert shares == sorted(shares)


def test_a_busy_client_makes_the_run_invalid():
    found = summarize([request()], BUSY, 1.0)
    assert not found.valid
    assert any("not valid" in reason for reason in shortfalls(found, 500))


def test_scores_of_cold_requests_do_not_count():
    lines = [request(0, phase="cold"), request(1)]
    found = summarize(lines, QUIET, 1.0, [Score(index=0, wer=1.0), Score(index=1, wer=0.1)])
    assert found.distributions["wer"].max == 0.1


def test_n_real_time_streams_need_every_condition():
    good = [request(index) for index in range(100)]
    assert shortfalls(summarize(good, QUIET, 1.0), 500) == []
    assert shortfalls(summarize(good, QUIET, 1.0), 50)[0].startswith("p99 first audio within 50 ms")
    two_stalled = [*good[:98], *(request(arrivals=stalled(0.3)) for _ in range(2))]
    assert any(
        "99 % of streams" in reason
        for reason in shortfalls(summarize(two_stalled, QUIET, 1.0), 500)
    )
    assert any(
        "zero faulty" in reason
        for reason in shortfalls(summarize([*good, failed()], QUIET, 1.0), 500)
    )
    slow = [request(arrivals=[0.1 + n * FRAME_S * 1.2 for n in range(12)])]
    assert any(
        "real-time factor" in reason for reason in shortfalls(summarize(slow, QUIET, 1.0), 500)
    )


@pytest.mark.parametrize(
    ("stretch", "gap", "verdict"),
    [(0.5, 0.0, "good"), (1.1, 0.0, "needs work"), (0.5, 0.6, "needs work")],
)
def test_verdicts(stretch, gap, verdict):
    arrivals = [n * FRAME_S * stretch + (gap if n >= 6 else 0) for n in range(12)]
    assert summarize([request(arrivals=arrivals)], QUIET, 1.0).verdict == verdict


def test_a_silence_in_every_answer_is_not_good_however_small_gaps_and_factor_are():
    lines = [request(n, arrivals=[0.1, *([0.35] * 11)]) for n in range(20)]
    found = summarize(lines, QUIET, 10.0)
    assert found.continuity[0].c100 == 0.0
    assert found.verdict == "needs work"


def test_a_part_of_an_answer_is_in_no_distribution():
    part = failed().model_copy(update={"measures": request(arrivals=stalled(9.0)).measures})
    found = summarize([request(), part], QUIET, 1.0)
    assert (found.requests, found.failed) == (2, 1)
    assert {d.n for name, d in found.distributions.items() if name != "gap_ms"} == {1}
    assert found.distributions["total_ms"].max < 1000
    assert found.verdict == "faulty"


def at(index, scheduled, ended, phase="measured"):
    return request(index, phase=phase).model_copy(update={"scheduled": scheduled, "ended": ended})


def test_streams_at_once_are_counted_while_any_is_measured():
    lines = [at(0, 0.0, 3.0, "edge"), at(1, 1.0, 2.0), at(2, 2.0, 2.0), at(3, 3.0, 9.0, "edge")]
    # From 1 to 4 s: 2 s of the first, 2 and 2 of the measured ones, 1 of the last.
    assert concurrency(lines) == pytest.approx(7 / 3)
    assert concurrency(lines[:1]) == 0


def test_fewer_streams_at_once_than_asked_for_do_not_count():
    lines = [at(0, 0.0, 1.0), at(1, 0.5, 1.0)]
    found = summarize(lines, QUIET, 1.5, streams=2)
    assert found.at_once.observed == pytest.approx(4 / 3)
    assert shortfalls(found) == ["2 streams at once: 1.3 on average"]
    assert shortfalls(summarize(lines, QUIET, 1.5, streams=1)) == []
    assert found.verdict == "needs work"


@given(st.permutations(range(6)))
def test_the_order_of_requests_does_not_matter(order):
    lines = [request(n, arrivals=stalled(0.05 * n)) for n in range(6)]
    a = summarize(lines, QUIET, 1.0)
    b = summarize([lines[n] for n in order], QUIET, 1.0)
    assert a.continuity == b.continuity
    assert a.distributions["underrun_ms"].p50 == b.distributions["underrun_ms"].p50
