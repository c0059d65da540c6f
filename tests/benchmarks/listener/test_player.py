import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.listener.player import Stall, play

chunks = st.lists(st.tuples(st.floats(0, 2), st.floats(0.001, 1)), min_size=1, max_size=30)


def arrivals_of(pairs):
    at, arrivals = 0.0, []
    for gap, _ in pairs:
        at += gap
        arrivals.append(at)
    return arrivals, [duration for _, duration in pairs]


def test_a_stall_is_as_long_as_the_player_waits():
    played = play([0.0, 0.1, 0.35, 0.4], [0.1, 0.1, 0.1, 0.1])
    assert played.stalls == (Stall(pytest.approx(0.2), pytest.approx(0.15)),)
    assert played.underrun == pytest.approx(0.15)
    assert played.end == pytest.approx(0.55)


def test_audio_that_came_early_covers_a_gap():
    assert play([0.0, 0.0, 0.0, 0.29], [0.1] * 4).stalls == ()


def test_a_stalled_player_goes_on_late_and_does_not_count_the_same_gap_twice():
    # One late chunk, then real time again: one stall, not one for every chunk that follows.
    played = play([0.0, 0.2, 0.3, 0.4], [0.1] * 4)
    assert len(played.stalls) == 1
    assert played.longest_stall == pytest.approx(0.1)


def test_a_stream_slower_than_real_time_falls_behind_in_small_steps():
    played = play([0.11 * n for n in range(100)], [0.1] * 100)
    assert played.longest_stall < 0.02
    assert played.underrun == pytest.approx(0.99)


def test_prebuffer_starts_when_that_much_audio_is_there_and_covers_that_much():
    late = [0.0, 0.1, 0.35, 0.4]
    buffered = play(late, [0.1] * 4, prebuffer=0.2)
    assert buffered.start == pytest.approx(0.1)
    assert buffered.underrun == pytest.approx(0.05)


def test_ten_chunks_of_10_ms_are_a_prebuffer_of_100_ms():
    # As floats they sum to a little less.
    played = play([0.01 * n for n in range(20)], [0.01] * 20, prebuffer=0.1)
    assert played.start == pytest.approx(0.09)


def test_a_stream_shorter_than_the_prebuffer_starts_with_its_last_chunk():
    assert play([0.0, 0.3], [0.05, 0.05], prebuffer=1.0).start == 0.3


def test_no_audio_is_not_played():
    assert play([], []) is None


def test_when_a_position_is_heard_includes_the_stalls_before_it():
    played = play([0.0, 0.25], [0.1, 0.1])
    assert played.heard_at(0.05) == pytest.approx(0.05)
    assert played.heard_at(0.15) == pytest.approx(0.30)


@given(chunks)
def test_underrun_is_the_largest_deficit_of_a_player_that_never_waits(pairs):
    arrivals, durations = arrivals_of(pairs)
    played, before, deficit = play(arrivals, durations), 0.0, 0.0
    for arrival, duration in zip(arrivals, durations, strict=True):
        deficit = max(deficit, arrival - arrivals[0] - before)
        before += duration
    assert played.underrun == pytest.approx(deficit, abs=1e-6)
    assert played.end == pytest.approx(played.start + sum(durations) + played.underrun)


@given(chunks, st.floats(0, 1), st.floats(0, 1))
def test_more_prebuffer_never_means_more_silence(pairs, a, b):
    arrivals, durations = arrivals_of(pairs)
    less, more = sorted((a, b))
    short, long = play(arrivals, durations, less), play(arrivals, durations, more)
    assert long.underrun <= short.underrun + 1e-6
    assert long.end >= short.end - 1e-6


@given(chunks)
def test_splitting_a_chunk_that_arrives_whole_changes_nothing(pairs):
    arrivals, durations = arrivals_of(pairs)
    halves = [half for duration in durations for half in (duration / 2, duration / 2)]
    doubled = [arrival for arrival in arrivals for _ in range(2)]
    assert play(doubled, halves).underrun == pytest.approx(play(arrivals, durations).underrun)
