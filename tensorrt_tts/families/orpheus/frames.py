"""Generated token ids to codec steps, exactly once and in order. Pure.

A frame is seven tokens (`orpheus_tokens`), and four *steps*: SNAC's finest level has four codes a
frame, 512 samples each. A step is known as soon as the codes it needs are: after the 3rd, 4th, 6th
and 7th token of its frame, since the order is c0 m0 f0 f1 m1 f2 f3. Handing on steps rather than
frames is what lets exact audio start after 18 tokens.

What has been handed on is never taken back, so that the streamed audio can equal an offline decode
of the same tokens whatever happens later. That decides what becomes of a broken frame:

- broken before its first step is known (fewer than three tokens): dropped;
- broken later: *concealed*. It stays in the timeline, its missing codes filled from its own last
  code of the same level (or the first of the pair for the second mid code), so that no click and no
  shift follow;
- cut by the end of the stream: it yields no audio. Steps it had completed are kept as the right
  context of the samples before it, and counted in `tail`.

Every stray token costs at most the frame it fell into, and each is counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from tensorrt_tts.codecs.base import Step
from tensorrt_tts.families.base import FrameCounts
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens

STEPS_PER_FRAME = 4

STEPS_KNOWN = (0, 0, 0, 1, 2, 2, 3, 4)
"""Steps of a frame that are complete after n of its tokens."""

_MID_SLOT = (1, 1, 4, 4)
_FINE_SLOT = (2, 3, 5, 6)


class FrameParser:
    """See `families.base.FrameParser`. A step is (coarse, mid, fine)."""

    condition = None
    """SNAC needs to know nothing of a whole stream."""

    def __init__(self, tokens: OrpheusTokens) -> None:
        self.counts = FrameCounts()
        self.tail = 0
        self._tokens = tokens
        self._frame: list[int] = []
        self._finished = False

    def push(self, ids: Iterable[int]) -> list[Step]:
        if self._finished:
            raise RuntimeError("push() after finish()")
        steps: list[Step] = []
        tokens = self._tokens
        base, size = tokens.audio_base, tokens.codebook_size
        for token in ids:
            slot, code = divmod(token - base, size)
            if slot == len(self._frame):
                self._accept(code, steps)
            elif token in tokens.markers:
                self.counts.markers += 1
            else:
                self._break(steps)
                if slot == 0:  # tokens are missing rather than too many: the next frame begins here
                    self._accept(code, steps)
                else:
                    self.counts.stray += 1
        return steps

    def finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._frame:
            self.counts.cut = 1
            self.tail = STEPS_KNOWN[len(self._frame)]
            self._frame = []

    def _accept(self, code: int, steps: list[Step]) -> None:
        frame = self._frame
        frame.append(code)
        for index in range(STEPS_KNOWN[len(frame) - 1], STEPS_KNOWN[len(frame)]):
            steps.append((frame[0], frame[_MID_SLOT[index]], frame[_FINE_SLOT[index]]))
        if len(frame) == SLOTS:
            self.counts.accepted += 1
            self._frame = []

    def _break(self, steps: list[Step]) -> None:
        frame, self._frame = self._frame, []
        known = STEPS_KNOWN[len(frame)]
        if not frame:
            return
        if known == 0:
            self.counts.dropped += 1
            return
        coarse, mid, fine = frame[0], frame[1], frame[2]
        for slot in range(3, len(frame)):
            if slot == 4:
                mid = frame[slot]
            else:
                fine = frame[slot]
        steps.extend([(coarse, mid, fine)] * (STEPS_PER_FRAME - known))
        self.counts.concealed += 1


def parse(ids: Iterable[int], tokens: OrpheusTokens) -> tuple[list[Step], FrameCounts, int]:
    """All steps of a whole stream, the counts, and how many steps at the end are context only."""
    parser = FrameParser(tokens)
    steps = parser.push(ids)
    parser.finish()
    return steps, parser.counts, parser.tail
