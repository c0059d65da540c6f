import numpy as np
import pytest

from tensorrt_tts.families.base import Voice
from tensorrt_tts.text.feed import ReadingRules, TextFeed
from tensorrt_tts.text.segment import Segment
from tensorrt_tts.word_timeline import SpeakingRate, SpeakingRates, WordTimeline

RATE = 24_000
VOICE = Voice("one", "en")
TEXT = "One two three four five six. Seven eight nine ten eleven twelve."


def segments() -> list[Segment]:
    feed = TextFeed(ReadingRules(40))
    found = feed.feed(TEXT) + feed.end()
    assert len(found) == 2
    return found


def tone(seconds: float) -> np.ndarray:
    return (8000 * np.sin(np.arange(round(seconds * RATE)) * 0.06)).astype(np.int16)


def speak(timeline: WordTimeline, silence_s: float = 0.25, ask: bool = False) -> int:
    """Two segments, two seconds each, in chunks, with a silence between. Returns the samples."""
    at = 0
    for segment in segments():
        timeline.begin(segment.text, segment.words, VOICE)
        at += round(silence_s * RATE) if at else 0
        for chunk in np.split(tone(2.0), 20):
            timeline.hear(chunk, at)
            at += len(chunk)
            if ask:
                known = list(timeline.words)
                assert timeline.estimates()[: len(known)] == known
        timeline.end()
    return at


@pytest.mark.parametrize("ask", [True, False])
def test_all_words_in_the_end_whoever_asked_before(ask: bool) -> None:
    timeline = WordTimeline(RATE, SpeakingRates())
    samples = speak(timeline, ask=ask)
    words = timeline.words
    assert [word.text for word in words] == TEXT.split()
    assert all(TEXT[word.begin : word.end] == word.text and word.estimated for word in words)
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] == pytest.approx(samples / RATE)
    assert timeline.words is words
    assert timeline.estimates() == words


def test_times_count_from_the_first_sample_of_the_stream() -> None:
    timeline = WordTimeline(RATE, SpeakingRates())
    speak(timeline, silence_s=0.5)
    first, second = timeline.words[:6], timeline.words[6:]
    assert first[-1].end_s == pytest.approx(2.0)
    assert second[0].start_s == pytest.approx(2.5)


def test_what_is_not_final_is_estimated() -> None:
    timeline = WordTimeline(RATE, SpeakingRates())
    first, _ = segments()
    timeline.begin(first.text, first.words, VOICE)
    assert timeline.estimates() == timeline.words == []
    timeline.hear(tone(0.3), 0)
    assert timeline.words == []
    assert [word.text for word in timeline.estimates()] == TEXT.split()[:6]


def test_a_voice_is_known_better_the_more_it_has_said() -> None:
    rates = SpeakingRates()
    assert rates.of(VOICE).factor == 1.0
    speak(WordTimeline(RATE, rates))  # nobody asked
    slow = rates.of(VOICE).factor
    speak(WordTimeline(RATE, rates))
    assert 1.0 < slow < rates.of(VOICE).factor
    assert rates.of(Voice("two", "en")) == SpeakingRate()


def test_a_segment_without_words_or_without_audio() -> None:
    timeline = WordTimeline(RATE, SpeakingRates())
    timeline.begin("…", (), VOICE)
    timeline.hear(tone(0.1), 0)
    timeline.end()
    first, _ = segments()
    timeline.begin(first.text, first.words, VOICE)
    assert timeline.words == []
    timeline.end()
    assert timeline.words == []
