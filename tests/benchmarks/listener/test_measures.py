import numpy as np
import pytest

from benchmarks.listener.exchange import Message
from benchmarks.listener.measures import first_audible, measure, timeline
from tests.benchmarks.exchanges import FRAME_S, exchange
from tests.benchmarks.fake_server import FRAME, RATE, Script, wav_header


def measured(made):
    return measure(made, timeline(made))


def test_a_clean_answer():
    found = measured(exchange(Script(frames=12)))
    assert found.ttfa_ms == pytest.approx(100)
    assert found.audio_s == pytest.approx(12 * FRAME_S)
    assert found.total_ms == pytest.approx(100 + 11 * FRAME_S * 500)
    assert found.rtf == pytest.approx(found.total_ms / 1000 / found.audio_s)
    assert found.stream_rtf == pytest.approx(11 / 24)
    assert found.max_gap_ms == pytest.approx(FRAME_S * 500)
    assert found.jitter_ms == pytest.approx(0, abs=1e-6)
    assert found.underruns_ms == pytest.approx((0, 0, 0))
    assert (found.stalls, found.longest_stall_ms) == (0, 0)
    assert found.ttft_ms == 1.0
    assert found.server_rtf == pytest.approx(0.5)
    assert found.late_ms == pytest.approx(2)
    assert found.bytes == 12 * FRAME * 2


def test_a_header_and_an_empty_message_are_not_first_audio():
    made = exchange()
    early = [Message(100.001, wav_header()), Message(100.002, b"")]
    made.messages[:0] = early
    events = timeline(made)
    found = measure(made, events)
    assert found.ttfa_ms == pytest.approx(100)
    assert events.headers == ((pytest.approx(0.001), len(wav_header())),)
    assert events.empty == (pytest.approx(0.002),)
    assert found.bytes == 12 * FRAME * 2


def test_a_header_in_one_message_with_audio_is_cut_off():
    made = exchange()
    first = made.messages[0]
    made.messages[0] = Message(first.at, wav_header() + first.payload)
    assert timeline(made).pcm.size == 12 * FRAME


def test_late_audio_is_silence_for_a_listener_and_less_with_a_prebuffer():
    arrivals = [0.1 + n * FRAME_S for n in range(12)]
    late = [at + (0.15 if n >= 5 else 0) for n, at in enumerate(arrivals)]
    found = measured(exchange(arrivals=late))
    assert found.underruns_ms[0] == pytest.approx(150)
    # 100 ms of prebuffer are two chunks, 200 ms three: one and two chunks in hand.
    assert found.underruns_ms[1] == pytest.approx(150 - 1000 * FRAME_S)
    assert found.underruns_ms[2] == pytest.approx(0)
    assert (found.stalls, found.longest_stall_ms) == (1, pytest.approx(150))
    assert found.max_gap_ms == pytest.approx(150 + 1000 * FRAME_S)


def test_onset_is_when_something_is_heard_not_when_something_arrives():
    quiet = RATE // 4
    found = measured(exchange(Script(frames=12, quiet=quiet)))
    assert found.ttfa_ms == pytest.approx(100)
    assert found.onset_ms == pytest.approx(100 + 250, abs=2)


def test_onset_includes_the_silence_of_a_stall_before_it():
    arrivals = [0.1] + [0.5 + n * FRAME_S / 2 for n in range(11)]
    made = exchange(Script(frames=12, quiet=2 * FRAME), arrivals=arrivals)
    # One frame is played, then the player waits until 0.5 s, then plays the quiet second frame.
    assert measured(made).onset_ms == pytest.approx(1000 * (0.5 + FRAME_S), abs=2)


def test_one_chunk_is_no_evidence_of_continuity():
    found = measured(exchange(Script(frames=1)))
    assert found.underruns_ms is None
    assert found.stalls is None
    assert found.stream_rtf is None
    assert found.gaps_ms == ()


def test_no_audio_has_no_times():
    made = exchange()
    made.messages.clear()
    found = measured(made)
    assert (found.ttfa_ms, found.rtf, found.onset_ms, found.underruns_ms) == (None,) * 4
    assert found.audio_s == 0


def test_silence_throughout_is_never_heard():
    assert first_audible(np.zeros(100, np.int16)) is None
    assert first_audible(np.array([0, 300, -400], np.int16)) == 2
