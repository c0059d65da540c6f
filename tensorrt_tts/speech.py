"""What goes into the synthesizer and what comes out. Pure values; no torch, no clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tensorrt_tts.backends.base import Finish
from tensorrt_tts.families.base import FrameCounts

if TYPE_CHECKING:
    import numpy as np

    from tensorrt_tts.words import Timeline, Word


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """text: any length. voice: None for the model's default. normalize: put numbers, dates and the
    like in words, where the voice's language is one we know. The sampling fields override the
    model's defaults where not None. seed: None draws a fresh one. words: follow when each word is
    heard (`SpeechReport.words`), which costs some work with every id and chunk. chunking: generate
    sentences one by one; False joins them to as few segments as the model's limit allows."""

    text: str
    voice: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    normalize: bool = True
    words: bool = True
    chunking: bool = True


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """pcm: int16 mono, shape (samples,), never empty. segment: which part of the text (0-based).
    at: seconds from the request to this chunk being ready. decode_s: codec time spent on it."""

    pcm: np.ndarray
    segment: int
    at: float
    decode_s: float


@dataclass(slots=True)
class SegmentReport:
    """One generated segment: its text, tokens delivered by the backend, frames, and why it ended.
    `finish` is None while it is being generated, and where the stream was stopped before.
    `ends_at`: samples of the stream up to its end; None while they are not all there."""

    text: str
    prompt_tokens: int = 0
    tokens: int = 0
    counts: FrameCounts = field(default_factory=FrameCounts)
    finish: Finish | None = None
    ends_at: int | None = None


@dataclass(slots=True)
class SpeechReport:
    """Filled while a stream runs, whole when it has ended. Times in seconds from the request.

    first_token_s, first_audio_s: None until they happen. audible_onset_s: when a listener who
    starts playing at the first chunk hears the first sample above −40 dBFS. total_s: until the last
    chunk was ready. samples: delivered so far, at sample_rate; pause_samples: those of them that
    are silence between segments, which no model made. decode_s: codec time per chunk. warnings:
    what of the text was left out, and why. timeline: when which word is heard.
    """

    sample_rate: int
    first_token_s: float | None = None
    first_audio_s: float | None = None
    audible_onset_s: float | None = None
    total_s: float = 0.0
    samples: int = 0
    chunks: int = 0
    decode_s: list[float] = field(default_factory=list)
    segments: list[SegmentReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pause_samples: int = 0
    timeline: Timeline | None = field(default=None, repr=False, compare=False)

    @property
    def words(self) -> list[Word]:
        """Those whose times are final, in order; all of them when the speech has ended."""
        return self.timeline.words if self.timeline else []

    @property
    def normalized(self) -> str:
        """The text as it has been said so far."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def tokens(self) -> int:
        return sum(segment.tokens for segment in self.segments)

    @property
    def frames(self) -> int:
        return sum(segment.counts.frames for segment in self.segments)

    @property
    def cut_short(self) -> list[SegmentReport]:
        """Segments that the token budget ended, not the model, and those without any audio: what
        was heard may lack words."""
        return [
            segment
            for segment in self.segments
            if segment.finish is Finish.LENGTH
            or (segment.finish is Finish.STOP and not segment.counts.frames)
        ]

    @property
    def audio_s(self) -> float:
        return self.samples / self.sample_rate

    @property
    def real_time_factor(self) -> float | None:
        """Time over audio: below 1 is faster than real time. None before any audio."""
        return self.total_s / self.audio_s if self.samples else None
