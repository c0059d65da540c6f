"""Errors of word times against a truth that is known."""

import numpy as np
import pytest

from benchmarks.speech.word_times import Spoken, compare, table
from tensorrt_tts.backends.base import Prompt, Sampling
from tensorrt_tts.families.base import Voice
from tensorrt_tts.prepared import PreparedSegment
from tensorrt_tts.text.feed import ReadingRules, TextFeed

RATE, ID_S = 24_000, 0.01
LENGTHS_S = (0.3, 0.5, 0.2, 0.6, 0.4)
"""Of the five words of TEXT, one after another."""
TEXT = "one other day everybody came."


def spoken(*, late_s: float = 0.0) -> Spoken:
    """Two seconds, in which the model looks at each word while it is said, or so much later."""
    feed = TextFeed(ReadingRules(200))
    (part,) = feed.feed(TEXT) + feed.end()
    places = tuple((word.start, word.stop - (word.stop == len(TEXT))) for word in part.words)
    segment = PreparedSegment(
        part.text,
        Voice("one", "en"),
        Prompt((1,)),
        Sampling(1),
        0,
        words=part.words,
        places=places,
    )
    looked = [0] * round(late_s / ID_S)
    for (start, stop), length_s in zip(places, LENGTHS_S, strict=True):
        looked += [start] * (round(length_s / ID_S) - 1) + [stop]
    tone = (8000 * np.sin(np.arange(2 * RATE) * 0.06)).astype(np.int16)
    chunks = np.split(tone, 20)
    pieces = [(tuple(looked[10 * n : 10 * n + 10]), pcm) for n, pcm in enumerate(chunks)]
    return Spoken(segment, pieces, ID_S, RATE)


def truth(late_s: float = 0.0) -> list[tuple[float, float]]:
    ends = np.cumsum(LENGTHS_S)
    return [
        (float(end - length + late_s), float(end + late_s))
        for end, length in zip(ends, LENGTHS_S, strict=True)
    ]


def test_what_is_right_has_no_error() -> None:
    found = compare("some", "aligned", [spoken()] * 3, [truth()] * 3, aligned=True)
    assert (found.words, found.segments) == (15, 3)
    assert found.median_ms == pytest.approx(0, abs=11)  # an id lasts 10 ms
    assert found.p95_ms == pytest.approx(0, abs=11)
    assert (found.within_one, found.exact) == (3, 3)


def test_what_is_late_has_that_error() -> None:
    late = [spoken(late_s=0.1)] * 2
    found = compare("some", "aligned", late, [truth()] * 2, aligned=True)
    assert found.median_ms == pytest.approx(100, abs=11)


def test_estimates_do_not_see_where_the_model_looks() -> None:
    seen = compare("some", "estimated", [spoken()], [truth()], aligned=False)
    blind = compare("some", "estimated", [spoken(late_s=0.3)], [truth()], aligned=False)
    assert seen == blind
    assert seen.median_ms > 11


def test_an_interruption_counts_words() -> None:
    none_heard = [(9.0, 9.5)] * 5
    found = compare("some", "aligned", [spoken()] * 60, [none_heard] * 60, aligned=True)
    assert 0 < found.exact < found.within_one < 20


def test_other_words_than_the_truths_are_left_out() -> None:
    found = compare("some", "aligned", [spoken()] * 2, [truth(), truth()[:-1]], aligned=True)
    assert (found.words, found.segments) == (5, 1)
    assert "aligned" in table([found])
