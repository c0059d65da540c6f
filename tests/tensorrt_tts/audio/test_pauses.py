import numpy as np
import pytest

from tensorrt_tts.audio.pauses import SegmentPauses
from tensorrt_tts.audio.pcm import AUDIBLE
from tensorrt_tts.text.sentences import Break

SPEECH = np.array([0, 0, 9000, -9000, 100, 0, 0, -100], np.int16)
"""Audible from its third sample to its fourth."""


def pauses() -> SegmentPauses:
    return SegmentPauses(100, 0.1, 0.5)


def test_what_the_audio_ends_with_counts() -> None:
    found = pauses()
    assert found.hear(SPEECH) == 2
    assert [found.before(kind) for kind in Break] == [0, 6, 46]
    assert found.hear(np.zeros(7, np.int16)) is None
    assert [found.before(kind) for kind in Break] == [0, 0, 39]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_however_it_comes_in_chunks(size: int) -> None:
    found = pauses()
    for start in range(0, len(SPEECH), size):
        found.hear(SPEECH[start : start + size])
    assert [found.before(kind) for kind in Break] == [0, 6, 46]


def test_nothing_in_front_of_the_first() -> None:
    assert [pauses().before(kind) for kind in Break] == [0, 0, 0]


def test_the_loudest_negative_sample_is_audible() -> None:
    assert pauses().hear(np.array([-32768], np.int16)) == 0
    assert pauses().hear(np.array([int(AUDIBLE)], np.int16)) is None


@pytest.mark.parametrize(
    ("samples", "first", "quiet"),
    [
        ([], None, 0),
        ([327, -327], None, 2),
        ([0, 328], 1, 0),
        ([0, -328, 0], 1, 1),
        ([-32767, 0, 0, 0], 0, 3),
    ],
)
def test_from_the_first_audible_sample_to_the_last(
    samples: list[int], first: int | None, quiet: int
) -> None:
    found = SegmentPauses(100, 1.0, 1.0)
    assert found.hear(np.array(samples, np.int16)) == first
    assert found.before(Break.SENTENCE) == 100 - quiet
