"""The words of a speech while it is spoken: which were heard when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tensorrt_tts.audio.loudness import Loudness, Span, total
from tensorrt_tts.audio.word_timer import WordTimer
from tensorrt_tts.families.base import Voice
from tensorrt_tts.text.durations import expected
from tensorrt_tts.text.written import WrittenWord
from tensorrt_tts.words import Word

_ORDINARY_S = 2.0
"""Expected seconds of speech that weigh as much as nothing being known of a voice."""


@dataclass(slots=True)
class SpeakingRate:
    """How many times as long as expected a voice speaks; learnt from all that it says."""

    expected_s: float = _ORDINARY_S
    spoken_s: float = _ORDINARY_S

    @property
    def factor(self) -> float:
        return self.spoken_s / self.expected_s


@dataclass(slots=True)
class SpeakingRates:
    """Of the voices of a synthesizer."""

    voices: dict[Voice, SpeakingRate] = field(default_factory=dict)

    def of(self, voice: Voice) -> SpeakingRate:
        return self.voices.setdefault(voice, SpeakingRate())


class _SegmentWords:
    """One segment's words, and its audio so far."""

    def __init__(
        self, words: Sequence[WrittenWord], text: str, rate: SpeakingRate, sample_rate: int
    ) -> None:
        self.words = words
        self.begin_s = 0.0  # in the stream
        self.loudness: Loudness | None = None  # None before any audio
        self.ended = False
        self._expected = expected(text, words)
        self._rate = rate
        self._sample_rate = sample_rate
        self.timer = WordTimer(self._expected, rate.factor)

    def hear(self, pcm: np.ndarray, at: int) -> None:
        if self.loudness is None:
            self.loudness = Loudness(self._sample_rate)
            self.begin_s = at / self._sample_rate
        self.loudness.hear(pcm)

    def end(self) -> None:
        self.ended = True
        if self.loudness is not None and self.words:
            self._rate.spoken_s += total(self.loudness.speech())
            self._rate.expected_s += sum(word.seconds for word in self._expected)

    def update(self) -> None:
        if self.loudness is not None:
            speech = self.loudness.speech()
            self.timer.update(speech, self.loudness.heard_s, ended=self.ended)

    def timed(self, spans: Sequence[Span], first: int) -> list[Word]:
        """The words from `first` on, at those times in the segment."""
        return [
            Word(
                word.text,
                self.begin_s + start,
                self.begin_s + end,
                word.begin,
                word.end,
                estimated=True,
            )
            for word, (start, end) in zip(self.words[first:], spans[first:], strict=False)
        ]


class WordTimeline:
    """Follows one speech. Only whoever asks for words has them computed; what is asked later is
    more exact, since more of the audio is known.

    words: those that are final, in order.
    """

    def __init__(self, sample_rate: int, rates: SpeakingRates) -> None:
        self._sample_rate = sample_rate
        self._rates = rates
        self._final: list[Word] = []
        self._segments: list[_SegmentWords] = []  # whose words are not all final

    def begin(self, text: str, words: Sequence[WrittenWord], voice: Voice) -> None:
        """The next segment is generated. text: as it is said."""
        rate = self._rates.of(voice)
        self._segments.append(_SegmentWords(words, text, rate, self._sample_rate))

    def hear(self, pcm: np.ndarray, at: int) -> None:
        """Audio of that segment. pcm: int16 (samples,); at: samples of the stream before it."""
        self._segments[-1].hear(pcm, at)

    def end(self) -> None:
        """That segment is whole."""
        self._segments[-1].end()

    @property
    def words(self) -> list[Word]:
        while self._segments:
            segment = self._segments[0]
            known = len(segment.timer.final)
            segment.update()
            self._final += segment.timed(segment.timer.final, known)
            if not segment.ended:
                break
            del self._segments[0]
        return self._final

    def estimates(self) -> list[Word]:
        """`words`, and those that are not final at the times that are likely now, of all segments
        that are heard already."""
        found = list(self.words)
        for segment in self._segments:
            found += segment.timed(segment.timer.estimates, len(segment.timer.final))
        return found
