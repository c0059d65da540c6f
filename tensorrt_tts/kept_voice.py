"""Whoever speaks first in a request speaks all of it."""

from __future__ import annotations

from collections.abc import Sequence

from tensorrt_tts.backends.base import Backend, generate
from tensorrt_tts.families.base import Family, Voice
from tensorrt_tts.prepared import PreparedSegment


class KeptVoice:
    """Who speaks a request: whoever was heard in its first segment speaks the later ones."""

    def __init__(self, family: Family, max_sequence: int, most: int = 0) -> None:
        """max_sequence: the backend's. most: see `Family.keep`."""
        self._family = family
        self._max_sequence = max_sequence
        self._most = most
        self.voice: Voice | None = None
        """None before a segment has been heard."""

    def next(self, segment: PreparedSegment) -> PreparedSegment:
        """The segment as it is to be spoken."""
        if self.voice is None or self.voice == segment.voice:
            return segment
        return segment.by(self.voice, self._family, self._max_sequence)

    def hear(self, segment: PreparedSegment, ids: Sequence[int]) -> None:
        """The whole answer to a segment; what says nothing of a speaker is no answer."""
        if self.voice is None:
            kept = self._family.keep(segment.voice, segment.read, ids, self._most)
            known = not self._family.grammar_of(kept).prefix
            self.voice = kept if known and ids else None


async def generate_all(
    backend: Backend, segments: Sequence[PreparedSegment], kept: KeptVoice, name: str
) -> list[tuple[PreparedSegment, list[int]]]:
    """A request's segments one after another, as they are spoken, each with its token ids."""
    found = []
    for index, prepared in enumerate(segments):
        segment = kept.next(prepared)
        ids = await generate(backend, segment.prompt, segment.sampling, f"{name}-{index}")
        kept.hear(segment, ids)
        found.append((segment, ids))
    return found
