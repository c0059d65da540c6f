"""TensorRT-LLM behind the `Backend` protocol: the adapter, for engines and for its PyTorch backend.

`generate_async(streaming=True)` yields the same object at every step, changed in place, with all
ids so far: one step may bring several, a final step may bring none, and a stop may shorten the list
below what was there. So one task per request follows the list with a cursor of its own and hands
on whole frames; the event loop wakes a caller once a frame, not once a token.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tensorrt_tts.backends.admission import Admission, Check, Place
from tensorrt_tts.backends.base import BackendStats, Capacity, Finish, Prompt, Sampling, TokenChunk
from tensorrt_tts.errors import BackendError, EngineDiedError, SettingError, reason

log = logging.getLogger(__name__)

STREAM_INTERVAL = 7
"""Ids in a chunk, TensorRT-LLM's own word for it: one codec frame of Orpheus."""

FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH}

REFUSALS = (ValueError, TypeError, NotImplementedError, OverflowError)
"""What a submission raises for one request's values, beside `RequestError`. An executor that is
gone has shut itself down (TensorRT-LLM's executor.py, `_handle_background_error`) and says so by
other types, at the latest at the next submission."""

DRAIN_S = 5.0
"""How long a closed stream waits for the engine to confirm that it stopped. A step takes
milliseconds; an engine that needs longer hangs."""

STATS_S = 1.0
"""Seconds between looks at the executor's statistics while something is running."""

Parameters = Callable[[Sampling, Prompt], Any]
"""To a `SamplingParams`."""


@dataclass(slots=True, eq=False)
class _Generation:
    """One request: what the engine has answered and what its stream has been given."""

    place: Place
    stops: frozenset[int]
    # At most this many ids are taken.
    limit: int
    # TensorRT-LLM's, the same object at every step.
    result: Any
    # What the stream waits at.
    queue: asyncio.Queue[TokenChunk | Exception] = field(default_factory=asyncio.Queue)
    # Follows `result` to its end.
    task: asyncio.Task[None] | None = None
    # How far into the engine's list it has been read.
    cursor: int = 0
    # Ids taken so far, and those of them that fill no chunk yet.
    taken: int = 0
    pending: list[int] = field(default_factory=list)
    # A stop id has come.
    stopped: bool = False
    # The last item is in the queue, or nobody listens any more.
    ended: bool = False

    def take(self, token_ids: Sequence[int]) -> int:
        """Takes ids new in the engine's list, up to a stop id or the limit; returns how many."""
        if self.stopped or len(token_ids) <= self.cursor:
            return 0  # a stop has shortened the list: what was cut off was never delivered
        new = list(token_ids[self.cursor : self.cursor + self.limit - self.taken])
        self.cursor = len(token_ids)
        for index, token in enumerate(new):
            if token in self.stops:
                del new[index:]
                self.stopped = True
                break
        self.taken += len(new)
        self.pending += new
        return len(new)

    def send(self, interval: int) -> None:
        """Whole multiples of `interval` pending ids, if there are any."""
        count = len(self.pending) // interval * interval
        if count and not self.ended:
            self.queue.put_nowait(TokenChunk(tuple(self.pending[:count])))
            del self.pending[:count]

    def end(self, finish: Finish | Exception) -> None:
        """The last item, once: what is pending and why it ended, or the error."""
        if self.ended:
            return
        self.ended = True
        if isinstance(finish, Exception):
            self.queue.put_nowait(finish)
        else:
            self.queue.put_nowait(TokenChunk(tuple(self.pending), finish))
        self.pending.clear()


class TensorRTLLMBackend:
    """See `base.Backend`. Build with `opening`.

    llm: a `tensorrt_llm` LLM. parameters: makes its sampling parameters. check: what the model
    cannot be asked. stream_interval: ids in a chunk; 1 for every token as it comes, which costs
    throughput when many streams run.
    """

    def __init__(
        self,
        llm: Any,
        capacity: Capacity,
        parameters: Parameters,
        name: str = "trtllm",
        stream_interval: int = STREAM_INTERVAL,
        check: Check | None = None,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self._llm = llm
        self._parameters = parameters
        self._stream_interval = stream_interval
        self._admission = Admission(name, capacity, check)
        self._open: set[_Generation] = set()
        self._stats = BackendStats()
        self._observer: asyncio.Task[None] | None = None

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        place = self._admission.admit(prompt, sampling, request_id)
        try:
            generation = self._begin(prompt, sampling, place)
            try:
                while True:
                    item = await generation.queue.get()
                    if isinstance(item, Exception):
                        raise item
                    yield item
                    if item.finish is not None:
                        return
            finally:
                await self._end(generation)
        finally:
            self._admission.release(place)

    def stats(self) -> BackendStats:
        """`running` counts what this adapter has open, the rest is the executor's latest report."""
        return replace(
            self._stats,
            running=self._admission.taken,
            fault=self._admission.fault,
            extra=dict(self._stats.extra),
        )

    async def close(self) -> None:
        if self._admission.closed:
            return
        closed = self._admission.close()
        tasks = []
        for generation in self._open:
            self._cancel(generation)
            generation.end(closed)
            tasks.append(generation.task)
        if self._observer is not None:
            self._observer.cancel()
            tasks.append(self._observer)
        if waiting := [task for task in tasks if task is not None]:
            await asyncio.wait(waiting, timeout=DRAIN_S)
        with contextlib.suppress(Exception):  # a dead engine's shutdown fails as it likes
            await asyncio.to_thread(self._llm.shutdown)

    def _begin(self, prompt: Prompt, sampling: Sampling, place: Place) -> _Generation:
        # It refuses what does not fit instead of ending with "length".
        limit = min(sampling.max_tokens, place.room)
        parameters = self._parameters(replace(sampling, max_tokens=limit), prompt)
        try:
            result = self._llm.generate_async(
                inputs=list(prompt.ids), sampling_params=parameters, streaming=True
            )
        except Exception as error:
            if isinstance(error, REFUSALS) or _is_request_error(error):
                raise SettingError(f"TensorRT-LLM refuses the request: {reason(error)}") from error
            raise self._die(error) from error
        generation = _Generation(place, frozenset(sampling.grammar.stops), limit, result)
        self._open.add(generation)
        generation.task = asyncio.create_task(self._follow(generation))
        if self._observer is None or self._observer.done():
            self._observer = asyncio.create_task(self._observe())
        return generation

    async def _follow(self, generation: _Generation) -> None:
        """Reads one request's answers to their end, also after its stream was closed: the slot is
        free when the engine says so."""
        finish: Finish | None = None
        try:
            async for step in generation.result:
                finish = self._take(generation, step) or finish
            if finish is None:
                raise BackendError("TensorRT-LLM ended a request without a reason")
            generation.end(finish)
        except BackendError as error:
            generation.end(error)
        except Exception as error:
            if _is_request_error(error):
                generation.end(BackendError(f"generation failed: {reason(error)}"))
            else:
                self._die(error)
        finally:
            generation.end(BackendError("generation failed: its task was cancelled; try again"))
            self._open.discard(generation)
            self._admission.release(generation.place)

    def _take(self, generation: _Generation, step: Any) -> Finish | None:
        """One answer. Raises BackendError where it cannot be read: that request's failure."""
        try:
            completion = step.outputs[0]
            self._stats.generated_tokens += generation.take(completion.token_ids)
            ended = completion.finish_reason
        except Exception as error:
            self._cancel(generation)
            raise BackendError(f"TensorRT-LLM's answer is unreadable: {reason(error)}") from error
        generation.send(self._stream_interval)
        if ended is not None:
            return self._finish(generation, ended)
        if generation.stopped:
            self._cancel(generation)  # it was told this id as a stop, and goes on
        return None

    def _finish(self, generation: _Generation, ended: str) -> Finish:
        if generation.stopped:
            return Finish.STOP  # a stop id among the ids decides, whatever ended it here
        if ended in FINISHES:
            return FINISHES[ended]
        raise BackendError(f"TensorRT-LLM ended the request with {ended!r}")

    async def _end(self, generation: _Generation) -> None:
        """The caller is done with it. Waits for the engine's confirmation, within reason."""
        generation.ended = True
        task = generation.task
        if task is None or task.done():
            return
        self._cancel(generation)
        await asyncio.wait({task}, timeout=DRAIN_S)
        if not task.done():
            log.warning("%s: no end within %.0f s", generation.place.request_id, DRAIN_S)
            task.cancel()

    def _cancel(self, generation: _Generation) -> None:
        """Its `abort` fails once the executor is gone, which the following task then reports."""
        with contextlib.suppress(Exception):
            generation.result.abort()

    def _die(self, error: Exception) -> EngineDiedError:
        """The engine is gone: every open and later stream fails."""
        first = self._admission.fault is None
        died = self._admission.die(reason(error))
        if first:
            log.error("%s", died)
        for generation in list(self._open):
            generation.end(died)
            if generation.task is not None and generation.task is not asyncio.current_task():
                generation.task.cancel()  # the others' answers will never come
        return died

    async def _observe(self) -> None:
        """Executor statistics while something runs. `get_stats` blocks, hence a thread; where a
        release has none to give, the counts of our own remain."""
        try:
            while self._open:
                await asyncio.sleep(STATS_S)
                for entry in await asyncio.to_thread(self._llm.get_stats, timeout=0.1):
                    self._report(entry)
        except Exception as error:
            log.info("no executor statistics: %s", reason(error))

    def _report(self, entry: dict[str, Any]) -> None:
        """One iteration's statistics, as the executor's JSON names them."""
        stats, cache = self._stats, entry.get("kvCacheStats") or {}
        stats.waiting = int(entry.get("numQueuedRequests", 0))
        if "freeNumBlocks" in cache:
            stats.kv_blocks_free = int(cache["freeNumBlocks"])
        for key, value in (
            ("active_requests", entry.get("numActiveRequests")),
            ("gpu_memory_bytes", entry.get("gpuMemUsage")),
            ("iteration_ms", entry.get("iterLatencyMS")),
            ("kv_blocks_used", cache.get("usedNumBlocks")),
        ):
            if value is not None:
                stats.extra[key] = float(value)


def _is_request_error(error: Exception) -> bool:
    """By name: `tensorrt_llm.executor.RequestError` is not imported here."""
    return "RequestError" in {kind.__name__ for kind in type(error).__mro__}
