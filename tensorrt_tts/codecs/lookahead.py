"""`LookaheadStreamingDecoder`: audio tokens in, PCM out, exactly what an offline decode would give.

At full lookahead the concatenated output equals the offline decode of the same tokens to ±1 LSB of
int16, for any chunking of the input; each decode costs a bounded amount of work; the first frame
and the whole tail are there. What "the same tokens" means when some are stray is the family's to
say (`families.orpheus.frames`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, CodecStream, decode
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.families.base import FrameCounts, FrameParser


class LookaheadStreamingDecoder:
    """One stream's decoder, in one thread. Many streams share a codec through its scheduler.

    parser: this stream's own. schedule: when to decode. seed: of the codec's noise. stateful: keep
    convolution state instead of decoding windows, where the codec can; the lookahead is the codec's
    own then. Raises SettingError where it can't.
    """

    def __init__(
        self,
        codec: Codec,
        parser: FrameParser,
        schedule: HopSchedule | None = None,
        seed: int = 0,
        stateful: bool = False,
    ) -> None:
        self._codec = codec
        self._parser = parser
        self._schedule = schedule or HopSchedule()
        self._seed = seed
        self._stateful = stateful
        self._stream: CodecStream | None = None

    @property
    def counts(self) -> FrameCounts:
        return self._parser.counts

    def push(self, ids: Iterable[int]) -> np.ndarray:
        """int16 samples that these tokens made final, often none. Shape (n,)."""
        steps = self._parser.push(ids)
        if steps:
            self._opened().push(steps)
        return self._decode()

    def flush(self) -> np.ndarray:
        """The rest, once no more tokens follow. A cut last frame gives context but no audio."""
        self._parser.finish()
        self._opened().end(self._parser.tail)
        return self._decode()

    def _opened(self) -> CodecStream:
        """Only now: the condition comes with the first tokens."""
        if self._stream is None:
            self._stream = self._codec.open(
                self._schedule, self._seed, self._parser.condition, self._stateful
            )
        return self._stream

    def _decode(self) -> np.ndarray:
        parts = [np.zeros(0, np.int16)]
        while self._stream is not None and self._stream.due:
            parts.append(self._stream.take(self._codec.run([self._stream.job()])[0]))
        return np.concatenate(parts)


def decode_offline(
    ids: Iterable[int], parser: FrameParser, codec: Codec, seed: int = 0
) -> np.ndarray:
    """What streaming equals: one decode of it all. int16 (frames · samples_per_frame,)."""
    steps = parser.push(ids)
    parser.finish()
    samples = decode(codec, steps, seed, parser.condition)
    return to_int16(samples[: (len(steps) - parser.tail) * codec.context.samples_per_step])
