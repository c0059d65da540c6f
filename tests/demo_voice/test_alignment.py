"""Word times carried over from the teacher's speech."""

import numpy as np
import pytest

from demo_voice.alignment import TeacherAlignment, held_out
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.speech import SpeechRequest


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


async def test_the_shipped_voice_says_when_it_says_each_word() -> None:
    """Through the synthesizer, in the spelling that was sent, without what it cannot read."""
    text = "It cost $5.50, and नमस्ते he left."
    synthesizer = open_synthesizer()
    try:
        async with synthesizer.stream(SpeechRequest(text, seed=0)) as speech:
            parts = [chunk.pcm async for chunk in speech]
    finally:
        await synthesizer.close()
    words = speech.report.words
    assert [word.text for word in words] == ["It", "cost", "$5.50,", "and", "he", "left."]
    assert all(text[word.begin : word.end] == word.text for word in words)
    assert not any(word.estimated for word in words)
    pcm = np.concatenate(parts).astype(np.float32) / 32768
    said = speech.report.segments[0].text.replace("नमस्ते ", "")
    spans = TeacherAlignment()(said, pcm)
    # "five dollars and fifty cents", or however it is put in words, is one word of the text.
    assert words[1].start_s == pytest.approx(spans[1][0], abs=0.2)
    assert words[-1].start_s == pytest.approx(spans[-1][0], abs=0.2)
    assert words[-2].start_s == pytest.approx(spans[-2][0], abs=0.2)
