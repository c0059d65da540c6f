import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.playback import PlaybackClock


def test_playback_begins_with_the_first_chunk() -> None:
    clock = PlaybackClock(1000)
    assert (clock.dry_at, clock.buffered(5.0)) == (None, 0.0)
    assert clock.add(500, 5.0) == 0.0
    assert clock.dry_at == 5.5
    assert [clock.buffered(now) for now in (5.0, 5.2, 5.5, 9.0)] == pytest.approx([0.5, 0.3, 0, 0])


def test_what_comes_in_time_is_played_without_a_gap() -> None:
    clock = PlaybackClock(1000)
    assert [clock.add(500, at) for at in (5.0, 5.1, 6.0)] == [0.0, 0.0, 0.0]
    assert clock.dry_at == 6.5


def test_what_comes_late_is_played_after_a_silence() -> None:
    clock = PlaybackClock(1000)
    clock.add(500, 5.0)
    assert clock.add(100, 6.25) == 0.75
    assert clock.dry_at == 6.35
    assert clock.add(100, 6.35) == 0.0


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000])
def test_the_rate_is_the_codecs(rate: int) -> None:
    clock = PlaybackClock(rate)
    clock.add(rate, 0.0)
    assert clock.dry_at == 1.0


def test_a_pause_stops_playback_and_loses_nothing() -> None:
    clock = PlaybackClock(1000)
    clock.add(500, 5.0)
    clock.pause(5.2)
    clock.pause(5.4)  # again: it has stopped already
    assert clock.buffered(99.0) == pytest.approx(0.3)
    clock.resume(99.0)
    clock.resume(100.0)
    assert clock.dry_at == pytest.approx(99.3)


def test_a_pause_before_anything_came() -> None:
    clock = PlaybackClock(1000)
    clock.pause(5.0)
    clock.resume(7.0)
    assert clock.dry_at is None
    clock.add(500, 8.0)
    assert clock.dry_at == 8.5


@pytest.mark.parametrize(
    ("paused", "arrives", "late"),
    [(5.2, 5.3, 0.0), (5.2, 9.0, 0.0), (5.5, 9.0, 0.0), (5.75, 9.0, 0.25)],
)
def test_what_arrives_in_a_pause_is_only_as_late_as_the_pause_found_it(
    paused: float, arrives: float, late: float
) -> None:
    clock = PlaybackClock(1000)
    clock.add(500, 5.0)
    clock.pause(paused)
    assert clock.add(500, arrives) == pytest.approx(late)
    clock.resume(10.0)
    assert clock.buffered(10.0) == pytest.approx(1.0 + late - (paused - 5.0))


def test_a_first_chunk_in_a_pause_is_played_when_it_is_over() -> None:
    clock = PlaybackClock(1000)
    clock.pause(5.0)
    assert clock.add(500, 6.0) == 0.0
    assert clock.buffered(8.0) == 0.5
    clock.resume(9.0)
    assert clock.dry_at == 9.5


@given(
    chunks=st.lists(st.tuples(st.integers(1, 999), st.integers(0, 900)), min_size=1, max_size=20)
)
def test_silence_and_audio_fill_the_time_exactly(chunks: list[tuple[int, int]]) -> None:
    """All of it in milliseconds at 1 kHz: from the first chunk until it runs dry, either audio or
    a counted silence is heard."""
    clock, now, silence, played = PlaybackClock(1000), 0.0, 0.0, 0
    for samples, later in chunks:
        now += later / 1000
        silence += clock.add(samples, now)
        played += samples
    assert clock.dry_at == pytest.approx(chunks[0][1] / 1000 + silence + played / 1000)
