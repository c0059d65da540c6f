import numpy as np
import pytest

from demo_voice.export import WEIGHTS
from demo_voice.speak import Settings, speak

TEXTS = ["Yes.", "No, thank you.", "Now."]


@pytest.fixture(scope="module")
def one_by_one():
    return speak(WEIGHTS, TEXTS, 3)


def test_the_settings_are_those_that_were_saved(one_by_one):
    spoken, used = one_by_one
    assert used == Settings(temperature=0.25, top_p=0.8, repetition_penalty=1.1)
    assert all(made.finished and made.rate == 24_000 for made in spoken)
    assert all(len(made.audio) % 2048 == 0 and made.audio.any() for made in spoken)


def test_together_they_are_what_each_is_alone(one_by_one):
    together, _ = speak(WEIGHTS, TEXTS, 3, at_once=2)
    for alone, beside in zip(one_by_one[0], together, strict=True):
        assert np.abs(alone.audio - beside.audio).max() <= 1 / 32768


def test_other_settings_are_used(one_by_one):
    greedy, used = speak(WEIGHTS, TEXTS[:1], 3, Settings(temperature=0.0))
    again, _ = speak(WEIGHTS, TEXTS[:1], 4, Settings(temperature=0.0))
    assert used.temperature == 0.0
    assert len(greedy[0].audio) == len(again[0].audio)
    assert not np.array_equal(greedy[0].audio, one_by_one[0][0].audio)
