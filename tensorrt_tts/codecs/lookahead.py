"""`LookaheadStreamingDecoder`: audio tokens in, PCM out, exactly what an offline decode would give.

At full lookahead the concatenated output equals the offline decode of the same tokens to ±1 LSB of
int16, for any chunking of the input; each decode costs a bounded amount of work; the first frame
and the whole tail are there. See `frames` for what "the same tokens" means when some are stray.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import Codec, CodecContext, StatefulStream, Window, decode
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.families.orpheus.frames import FrameCounts, FrameParser, Step, parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens


class LookaheadStreamingDecoder:
    """One stream's decoder.

    codec: shared by all streams. parser: this stream's own. schedule: when to decode. seed: of the
    codec's noise. stateful: this stream's convolution state, if the codec has one; None decodes
    windows. With a stateful stream the lookahead is always the codec's own.
    """

    def __init__(
        self,
        codec: Codec,
        parser: FrameParser,
        schedule: HopSchedule | None = None,
        seed: int = 0,
        stateful: StatefulStream | None = None,
    ) -> None:
        self._codec = codec
        self._context: CodecContext = codec.context
        self._parser = parser
        self._schedule = schedule or HopSchedule()
        self._seed = seed
        self._stateful = stateful
        self._steps: list[Step] = []
        self._origin = 0  # number of the first step still held
        self._decoded = 0  # steps known at the last decode
        self._emitted = 0  # samples handed out

    @property
    def counts(self) -> FrameCounts:
        return self._parser.counts

    @property
    def samples(self) -> int:
        """Samples handed out so far."""
        return self._emitted

    def push(self, ids: Iterable[int]) -> np.ndarray:
        """int16 samples that these tokens made final, often none. Shape (n,)."""
        return self.decode() if self.accept(ids) else np.zeros(0, np.int16)

    def accept(self, ids: Iterable[int]) -> bool:
        """Take tokens; whether a decode is due. Cheap, so that a caller can keep `decode()` for
        the thread that owns the codec."""
        self._steps += self._parser.push(ids)
        return self._due() is not None

    def decode(self) -> np.ndarray:
        """int16 samples that are final and not handed out yet; none when no decode is due."""
        stop = self._due()
        return np.zeros(0, np.int16) if stop is None else self._decode(stop)

    def flush(self) -> np.ndarray:
        """The rest, once no more tokens follow. A cut last frame gives context but no audio."""
        self._parser.finish()
        stop = (self._known - self._parser.tail) * self._context.samples_per_step
        return self._decode(stop, ended=True)

    @property
    def _known(self) -> int:
        return self._origin + len(self._steps)

    def _due(self) -> int | None:
        return self._schedule.due(self._context, self._known, self._decoded)

    def _decode(self, stop: int, ended: bool = False) -> np.ndarray:
        known = self._known
        if self._stateful is not None:
            samples = self._stateful.push(self._steps[self._decoded - self._origin :], ended)
            samples = samples[: max(0, stop - self._emitted)]
        elif stop <= self._emitted:
            samples = np.zeros(0, np.float32)
        else:
            window = Window(self._steps, self._emitted, stop, self._origin, self._seed)
            samples = self._codec.decode_windows([window])[0]
        self._decoded = known
        self._emitted += len(samples)
        self._forget()
        return to_int16(samples)

    def _forget(self) -> None:
        """Drop steps that no later sample needs: memory and work stay bounded."""
        keep = min(self._context.first_step(self._emitted), self._decoded)
        if self._stateful is not None:
            keep = self._decoded
        del self._steps[: keep - self._origin]
        self._origin = keep


def decode_offline(
    ids: Iterable[int], tokens: OrpheusTokens, codec: Codec, seed: int = 0
) -> np.ndarray:
    """What streaming equals: one decode of it all. int16 (frames · samples_per_frame,)."""
    steps, _, tail = parse(ids, tokens)
    samples = decode(codec, steps, seed)
    return to_int16(samples[: (len(steps) - tail) * codec.context.samples_per_step])
