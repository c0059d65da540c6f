"""What every backend promises, whatever runs underneath. Pure: no torch, no engine imports.

A backend turns prompt ids into generated ids. It knows nothing of text, frames or audio. Ids, never
strings: detokenising audio tokens costs time and loses the exact sequence.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Finish(StrEnum):
    """Why a generation ended."""

    STOP = "stop"  # a stop id was sampled (it is not delivered)
    LENGTH = "length"  # max_tokens reached, or the engine's sequence limit
    ABORT = "abort"  # abort() was called for this request


@dataclass(frozen=True, slots=True)
class LegalTokens:
    """The ids a model may emit: position i of the output must lie in `slots[i % len(slots)]`.

    slots: one `range` of ids per slot of a frame (Orpheus: 7). Stop ids are legal only where a
        frame may begin (slot 0), so a sampled stop never cuts a frame.
    per_slot: enforce the slot of each position. When False (or where a backend cannot do it) only
        the union of the ranges is enforced, and stop ids are legal everywhere.
    """

    slots: tuple[range, ...]
    per_slot: bool = True

    def union(self) -> list[int]:
        """All ids of all slots, ascending, for backends that take a flat list."""
        return sorted({token for slot in self.slots for token in slot})


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample one generation.

    temperature: 0 means greedy. top_k: 0 means off. repetition_penalty: 1 means off; it applies to
        prompt and output ids as in Hugging Face and vLLM.
    seed: None draws a fresh one. Equal seeds give equal tokens on one backend, model and version.
    stop_ids: end the generation when sampled; never delivered.
    max_tokens: at most this many generated ids are delivered.
    """

    max_tokens: int
    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.1
    seed: int | None = None
    stop_ids: tuple[int, ...] = ()
    legal: LegalTokens | None = None


@dataclass(frozen=True, slots=True)
class TokenChunk:
    """Newly generated ids in order (any number, possibly none). The last chunk has `finish` set."""

    ids: tuple[int, ...]
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a backend can hold: streams generating at once, and ids (prompt + output) per stream."""

    max_streams: int
    max_sequence: int


@dataclass(slots=True)
class BackendStats:
    """Counts a server exports. `running` must be 0 when nothing is being generated.

    fault: why the engine is dead, where that is known, even if nobody is speaking.
    """

    running: int = 0
    waiting: int = 0
    generated_tokens: int = 0
    kv_blocks_free: int | None = None
    fault: str | None = None
    extra: dict[str, float] = field(default_factory=dict)


@runtime_checkable
class Backend(Protocol):
    """One loaded language model that serves many streams.

    `stream()` yields `TokenChunk`s until one has `finish` set. Closing it early with `aclose()` (or
    cancelling the task that waits in it) aborts the generation: a backend never goes on generating
    for nobody.
    `abort()` ends that request's stream with `Finish.ABORT`; an unknown id is not an error, since
    the request may just have finished. Request ids in flight are unique; a duplicate is a
    `SettingError`. When the engine underneath dies, every open and later stream raises
    `EngineDiedError`. `close()` aborts what is running, frees the device and may be called twice.
    """

    name: str
    capacity: Capacity

    def stream(
        self, prompt_ids: Sequence[int], sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]: ...

    async def abort(self, request_id: str) -> None: ...

    def stats(self) -> BackendStats: ...

    async def close(self) -> None: ...
