"""Word times carried over from the teacher's speech."""

import numpy as np
import pytest

from demo_voice.alignment import TeacherAlignment, held_out


@pytest.fixture(scope="module")
def align() -> TeacherAlignment:
    return TeacherAlignment()


def test_the_teachers_own_speech_and_a_pause_in_it(align: TeacherAlignment) -> None:
    text = "The rain had stopped, at last."
    audio = align._teacher.speak(text).audio
    plain = align(text, audio)
    assert len(plain) == 6
    assert plain[0][0] == 0
    assert all(start < end for start, end in plain)
    comma = (plain[3][1] + plain[4][0]) / 2
    cut = round(comma * 24_000)
    later = align(text, np.concatenate([audio[:cut], np.zeros(12_000, np.float32), audio[cut:]]))
    for index in range(6):
        moved = 0.5 if index > 3 else 0.0
        assert later[index][0] == pytest.approx(plain[index][0] + moved, abs=0.03)


def test_the_sentences_it_is_measured_on() -> None:
    assert len(held_out()) == 100
