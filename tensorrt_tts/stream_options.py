"""How the streams of a synthesizer are spoken."""

from __future__ import annotations

from dataclasses import dataclass, field

from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import SettingError
from tensorrt_tts.text.normalize import MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How every stream of a synthesizer is spoken."""

    schedule: HopSchedule = field(default_factory=lambda: HopSchedule(first_hop=3))
    """When the codec runs. Three steps (58 ms) as the first chunk: see `HopSchedule`."""
    stateful: bool = False
    """Keep convolution state per stream instead of decoding windows, where the codec can."""
    first_clause: int | None = None
    """Least characters of a first segment that may end at a clause, to speak sooner; None: it ends
    where the others do."""
    ahead_s: float = 20.0
    """Seconds of audio nobody has taken yet beyond which no further segment is begun."""
    sentence_pause_s: float = 0.25
    """Seconds of silence between two segments that are sentences, at least: what the model leaves
    at the end of the first counts."""
    paragraph_pause_s: float = 0.7
    """The same between paragraphs."""
    voice_tokens: int = 0
    """Audio ids of a request's first segment that go into the prompts of its later ones, where
    nothing else of a speaker could (Orpheus): steadier, and unmeasured. Each later prompt is longer
    by them, the first segment's own prompt and two marks. Spark's speaker goes there always, and
    takes the place of as many ids that would else be generated."""
    stall_s: float = 30.0
    """Seconds without a token, or without an answer of the codec, after which a stream fails with
    StalledError."""
    stop_s: float = 5.0
    """Seconds after which an engine that does not stop a stream is given up: EngineDiedError."""
    max_characters: int = MAX_CHARACTERS

    def __post_init__(self) -> None:
        if self.voice_tokens < 0:
            raise SettingError(f"voice_tokens {self.voice_tokens} must be 0 or more")
        if self.stateful and self.schedule.fade:
            raise SettingError(
                f"fade {self.schedule.fade} cannot be combined with stateful, which leaves no seam "
                "to fade over; leave one out"
            )
        if self.stateful and self.schedule.lookahead is not None:
            raise SettingError(
                f"lookahead {self.schedule.lookahead} cannot be combined with stateful, which "
                "always waits for exact samples; leave one out"
            )
