"""The words of a speech while it is spoken: which were heard when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tensorrt_tts.audio.aligned_timer import AlignedTimer
from tensorrt_tts.audio.loudness import Loudness, Span
from tensorrt_tts.audio.pace import Pace
from tensorrt_tts.audio.word_timer import WordTimer
from tensorrt_tts.families.base import Voice
from tensorrt_tts.prepared import PreparedSegment
from tensorrt_tts.text.durations import expected
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
        self, segment: PreparedSegment, rate: SpeakingRate, sample_rate: int, id_s: float
    ) -> None:
        self.words = segment.words
        self.begin_s = 0.0  # in the stream
        self.loudness: Loudness | None = None  # None before any audio
        self.ended = False
        self._expected = expected(segment.text, segment.words)
        self._rate = rate
        self._sample_rate = sample_rate
        self._estimated = WordTimer(self._expected, rate.factor)
        self._aligned = AlignedTimer(segment.places, id_s) if segment.places else None

    @property
    def timer(self) -> WordTimer | AlignedTimer:
        aligned = self._aligned
        return aligned if aligned is not None and aligned.known else self._estimated

    def looked_at(self, places: Sequence[int]) -> None:
        if self._aligned is not None:
            self._aligned.looked_at(places)

    def hear(self, pcm: np.ndarray, at: int) -> None:
        if not self.words:
            return
        if self.loudness is None:
            self.loudness = Loudness(self._sample_rate)
            self.begin_s = at / self._sample_rate
        self.loudness.hear(pcm)

    def end(self) -> None:
        self.ended = True
        speech = self.loudness.speech() if self.loudness is not None else []
        if self.loudness is not None and speech:
            self._rate.spoken_s += Pace(speech, self.loudness.syllables()).before[-1]
            self._rate.expected_s += sum(word.seconds for word in self._expected)

    def update(self) -> None:
        if self.loudness is not None:
            heard = self.loudness
            self.timer.update(
                heard.speech(), heard.heard_s, ended=self.ended, syllables=heard.syllables()
            )

    def timed(self, spans: Sequence[Span], first: int) -> list[Word]:
        """The words from `first` on, at those times in the segment."""
        return [
            Word(
                word.text,
                self.begin_s + start,
                self.begin_s + end,
                word.begin,
                word.end,
                estimated=self.timer is self._estimated,
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

    def begin(self, segment: PreparedSegment, id_s: float) -> None:
        """The next segment is generated. id_s: seconds of audio for an id of it."""
        rate = self._rates.of(segment.voice)
        if self._segments and not self._segments[-1].words:
            del self._segments[-1]
        self._segments.append(_SegmentWords(segment, rate, self._sample_rate, id_s))

    def looked_at(self, places: Sequence[int]) -> None:
        """Where the model looked for its next ids, see `TokenChunk.looked_at`."""
        if places:
            self._segments[-1].looked_at(places)

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
