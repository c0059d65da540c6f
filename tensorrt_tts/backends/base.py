"""What every backend promises, whatever runs underneath. Pure: no torch, no engine imports.

A backend turns prompt ids into generated ids. It knows nothing of text, frames or audio. Ids, never
strings: detokenising audio tokens costs time and loses the exact sequence.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    import numpy as np

Ranges = tuple[range, ...]
"""Ids, as ranges that do not overlap."""


class Finish(StrEnum):
    """Why a generation ended."""

    STOP = "stop"  # a stop id was sampled (it is not delivered)
    LENGTH = "length"  # max_tokens reached, or the engine's sequence limit


@dataclass(frozen=True, slots=True)
class Grammar:
    """The ids a model may emit at each position of its output: those of `prefix` first, one
    position each, then those of `cycle`, over and over.

    Raises SettingError for a range that is empty or leaves ids out, and for a prefix without a
    cycle.
    """

    # The positions of a frame: Orpheus has 7, Spark 1. Empty: everything is legal.
    cycle: Ranges = ()
    # What comes before the first frame: Spark's 32 global ids; Orpheus has nothing.
    prefix: Ranges = ()
    # They end the generation and are never delivered. Legal only where a cycle begins, so that a
    # sampled stop never cuts a frame.
    stops: tuple[int, ...] = ()
    # False (or where a backend cannot know positions): only the union of all ranges is enforced,
    # with stops legal everywhere.
    strict: bool = True
    # The legal ids of every position that differs, stops included: the prefix's, then the cycle's.
    # One row where not strict, none where everything is legal.
    rows: tuple[Ranges, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.prefix and not self.cycle:
            raise SettingError("grammar has a prefix and no cycle; say what comes after the prefix")
        for ids in (*self.prefix, *self.cycle):
            if not ids or ids.step != 1:
                raise SettingError(
                    f"grammar has {ids}; each position needs one or more ids in a row"
                )
        object.__setattr__(self, "rows", tuple(self._rows()))

    def _rows(self) -> list[Ranges]:
        if not self.cycle:
            return []
        if not self.strict:
            return [self._with_stops(_union(self.prefix + self.cycle))]
        begin, *rest = ((ids,) for ids in self.cycle)
        return [*((ids,) for ids in self.prefix), self._with_stops(begin), *rest]

    def _with_stops(self, ranges: Ranges) -> Ranges:
        others = (token for token in self.stops if not any(token in ids for ids in ranges))
        return ranges + tuple(range(token, token + 1) for token in dict.fromkeys(others))

    def row(self, position: int) -> int:
        """Which of `rows` holds at a position of the output, counted from 0."""
        if not self.strict or not self.rows:
            return 0
        after = position - len(self.prefix)
        return position if after < 0 else len(self.prefix) + after % len(self.cycle)

    def legal(self, position: int) -> Ranges:
        """The legal ids there, stops included; () where everything is legal."""
        return self.rows[self.row(position)] if self.rows else ()


def _union(ranges: Ranges) -> Ranges:
    """Ascending, neighbours joined."""
    joined: list[range] = []
    for ids in sorted(ranges, key=lambda ids: ids.start):
        if joined and ids.start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, ids.stop))
        else:
            joined.append(ids)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generation goes on from.

    ids: token ids. rows: float32 (len(ids), hidden), read instead of the ids' own rows of the
        embedding (the output of a voice's or a text's encoder, as Chatterbox has), which then only
        count for the repetition penalty; None for ids only.
    negative: the prompt of the unconditional half of a guided pair (classifier-free guidance), None
        without guidance.
    text: the places of the text that is to be said, where each of its characters is one id.
    """

    ids: tuple[int, ...]
    rows: np.ndarray | None = None
    negative: Prompt | None = None
    text: range = range(0)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample one generation.

    temperature 0 means greedy, top_k 0 off, and repetition_penalty 1 off; a penalty applies to
    prompt and output ids as in Hugging Face and vLLM.
    """

    # At most this many generated ids are delivered.
    max_tokens: int
    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.1
    # None draws a fresh one. Equal seeds give equal tokens on one backend, model and version.
    seed: int | None = None
    grammar: Grammar = Grammar()
    # How fast a listener uses them up, where that is known: a backend may let streams that are far
    # ahead of their listeners wait for those that are not. Changes no ids.
    ids_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class TokenChunk:
    """Newly generated ids in order, any number, possibly none. The last chunk has `finish` set and
    may hold ids too.

    looked_at: for each id the place in the prompt that it says, one of `Prompt.text`, where the
    model's attention tells; else empty.
    """

    ids: tuple[int, ...]
    finish: Finish | None = None
    looked_at: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a backend can hold, and what it takes of this machine."""

    # Streams generating at once.
    max_streams: int
    # Ids per stream, prompt and output.
    max_sequence: int
    # Cores of this machine that generating keeps busy.
    cpu_cores: int = 0


@dataclass(slots=True)
class BackendStats:
    """Counts a server exports."""

    # Streams that have a place; 0 when nothing is being generated.
    running: int = 0
    # Streams that the engine has not begun, where it says so.
    waiting: int = 0
    # Ids, since the start.
    generated_tokens: int = 0
    # Of the KV cache, where the engine says so.
    kv_blocks_free: int | None = None
    # Why the engine is dead, where that is known, even if nobody is speaking.
    fault: str | None = None
    # What only this engine reports.
    extra: dict[str, float] = field(default_factory=dict)


@runtime_checkable
class Backend(Protocol):
    """One loaded language model that serves many streams, on one event loop.

    `stream()` yields `TokenChunk`s until one has `finish` set; its place is free by then. How ids
    are cut into chunks is the engine's affair and changes none of them.

    Closing the generator (`aclose()`), or cancelling the task that waits in it, ends the generation
    early. The place is free, and the request id can be used again, when that returns. Nothing else
    ends one stream alone, so whoever begins a stream closes it (`contextlib.aclosing`).

    The first chunk is where a request is refused (`backends.admission`): with SettingError for what
    cannot be served, a request id in flight among it, and with CapacityError, whose `retry_after`
    says when to come again, while every place is taken. What goes wrong in one generation alone is
    that stream's BackendError.

    When the engine dies, every open and later stream raises EngineDiedError, and so they do after
    `close()`, which frees the device and may be called twice.

    `tests/support/backend_conformance.py` holds every backend to this.
    """

    name: str
    capacity: Capacity

    def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]: ...

    def stats(self) -> BackendStats: ...

    async def close(self) -> None: ...


async def generate(
    backend: Backend, prompt: Prompt, sampling: Sampling, request_id: str
) -> list[int]:
    """All ids of a stream. Raises what the backend does."""
    chunks = backend.stream(prompt, sampling, request_id)
    async with contextlib.aclosing(chunks):
        return [token async for chunk in chunks for token in chunk.ids]
