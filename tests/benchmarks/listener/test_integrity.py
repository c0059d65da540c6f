import pytest

from benchmarks.listener.exchange import Message
from benchmarks.listener.integrity import Fault, faults
from benchmarks.listener.measures import timeline
from tests.benchmarks.exchanges import exchange
from tests.benchmarks.fake_server import FRAME, Script


def found(made):
    return faults(made, timeline(made))


def test_a_whole_answer_has_no_fault():
    assert found(exchange()) == ()


@pytest.mark.parametrize("lost", [0, 5, 11])
def test_a_chunk_that_was_lost_is_missing(lost):
    made = exchange()
    del made.messages[lost]
    assert found(made) == (Fault.MISSING, Fault.FRAMES)


@pytest.mark.parametrize("twice", [0, 5, 11])
def test_a_chunk_that_came_twice_is_extra_and_repeated(twice):
    made = exchange()
    made.messages.insert(twice, made.messages[twice])
    assert found(made) == (Fault.EXTRA, Fault.REPEATED, Fault.FRAMES)


def test_a_repetition_that_the_server_itself_counted_is_still_found():
    made = exchange()
    made.messages[6] = Message(made.messages[6].at, made.messages[5].payload)
    assert found(made) == (Fault.REPEATED,)


def test_repeated_silence_is_no_fault():
    assert found(exchange(Script(frames=12, quiet=4 * FRAME))) == ()


def test_audio_that_the_server_dropped_without_telling_shows_against_its_frames():
    made = exchange()
    del made.messages[3]
    made.final |= {"bytes": made.final["bytes"] - 2 * FRAME, "chunks": 11}
    assert found(made) == (Fault.FRAMES,)


def test_frames_are_as_long_as_the_server_says():
    made = exchange()
    assert found(made) == ()
    made.samples_per_frame = FRAME // 2
    assert found(made) == (Fault.FRAMES,)
    made.final["metrics"]["frames"] = 24
    assert found(made) == ()
    del made.final["metrics"]["frames"]  # a server that does not say
    assert found(made) == ()


def test_pauses_that_the_server_made_are_no_frames():
    made = exchange()
    made.final["metrics"]["frames"] -= 2
    assert found(made) == (Fault.FRAMES,)
    made.final["metrics"]["pause_samples"] = 2 * FRAME
    assert found(made) == ()


def test_an_answer_without_an_end_has_failed():
    made = exchange()
    made.final = None
    assert found(made) == (Fault.FAILED,)
    made = exchange()
    made.error = "backend_error: the model died"
    assert found(made) == (Fault.FAILED,)


def test_an_answer_without_audio_is_not_a_success():
    made = exchange()
    made.messages.clear()
    assert found(made) == (Fault.SILENT,)
