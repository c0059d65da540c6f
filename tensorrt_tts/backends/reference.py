"""The reference backend: a `transformers` model, on any device, for laptops, tests and CI.

One thread owns the model. It advances all open streams together, one id each a step (several steps
where there are more streams than `Decoder.rows`); between two steps streams leave, at most `CHUNK`
ids of one joining stream's prompt are read. While some are less than `LEAD_S` ahead of their
listeners, the others wait.
Whatever joins or leaves beside it, a stream's ids are the same as if it ran alone: see `decoders`.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from tensorrt_tts.backends import reference_weights
from tensorrt_tts.backends.admission import Admission, Place
from tensorrt_tts.backends.base import BackendStats, Capacity, Finish, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.decoders.base import CHUNK, State
from tensorrt_tts.backends.decoders.choose import decoder
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.backends.sampler import Sampler
from tensorrt_tts.backends.vocabulary import check_ids
from tensorrt_tts.errors import BackendError, EngineDiedError, reason

LEAD_S = 0.6
"""Seconds ahead of its listener from which on a stream waits for those that have less: one that has
just begun is then heard after a few steps of its own, which cost less than everybody's. About
0.35 s of it is what a codec looks ahead, which nobody hears yet; more than the rest makes the steps
of the others smaller, and all of them dearer, without anybody being heard sooner."""

_ACCELERATOR_ERROR = getattr(torch, "AcceleratorError", ())
"""torch 2.8 and later raise it; before, it was a RuntimeError with the same words."""

_Item = TokenChunk | Exception


class _Generation:
    """One stream: what the worker needs to advance it, and the way back to its event loop."""

    def __init__(
        self,
        prompt: torch.Tensor,
        sampling: Sampling,
        sampler: Sampler,
        place: Place,
        cache: Any,
        text: range,
    ) -> None:
        self.unread = prompt  # the part of the prompt that the model has not read
        self.sampling = sampling
        self.sampler = sampler
        self.place = place
        self.cache = cache
        self.text = text  # places of the prompt, see `Prompt.text`
        self.last: Any = None  # the id that the model reads next
        self.generated = 0
        self.began = 0.0  # when the first id was there
        self.aborted = False
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[_Item] = asyncio.Queue()

    def lead_s(self, now: float) -> float:
        """How far it is ahead of a listener who began with the first id; 0 where nobody knows."""
        pace = self.sampling.ids_per_s
        return self.generated / pace - (now - self.began) if pace and self.generated else 0.0


def _put(items: Sequence[tuple[_Generation, _Item]]) -> None:
    for generation, item in items:
        generation.queue.put_nowait(item)


def _device_lost(error: Exception) -> bool:
    """Whether the device answers no further call: CUDA's errors stay for as long as the process
    lives, but for a lack of memory, which torch calls "CUDA out of memory"."""
    return "CUDA error" in str(error) or isinstance(error, _ACCELERATOR_ERROR)


class ReferenceBackend:
    """See `base.Backend`. Build with `from_folder`."""

    name = "reference"

    def __init__(
        self,
        model: Any,
        max_streams: int = 16,
        max_sequence: int = 4096,
        prompts: PromptEmbedding | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """prompts: for a model whose vocabulary is cut (`backends.pruned_vocabulary`). clock:
        seconds, monotonic."""
        self._model = model.eval()
        self._prompts = prompts
        self._clock = clock
        self._vocab_size = int(model.config.vocab_size)
        self._device = model.device
        longest = getattr(model.config, "max_position_embeddings", max_sequence)
        max_sequence = min(max_sequence, longest)
        self._decoder = decoder(self._model, max_sequence, max_streams)
        cores = self._decoder.threads if self._device.type == "cpu" else 0
        self.capacity = Capacity(max_streams, max_sequence, cores)
        size = prompts.vocabulary.full_size if prompts else self._vocab_size
        check = functools.partial(check_ids, size=size)
        self._admission = Admission(self.name, self.capacity, check)
        self._open: dict[_Generation, None] = {}
        self._cached: list[_Generation] = []  # what the decoder keeps something of
        self._changed = threading.Condition()
        self._tokens = 0
        self._worker = threading.Thread(target=self._run, name="reference-backend", daemon=True)
        self._worker.start()

    @classmethod
    def from_folder(
        cls,
        folder: Path,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
        max_streams: int = 16,
    ) -> ReferenceBackend:
        """Raises what `reference_weights.load` raises."""
        model = reference_weights.load(folder, device, dtype)
        return cls(model, max_streams, prompts=PromptEmbedding.open(folder))

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        generation = self._admit(prompt, sampling, request_id)
        try:
            while True:
                item = await generation.queue.get()
                if isinstance(item, Exception):
                    raise item
                yield item
                if item.finish is not None:
                    return
        finally:
            self._forget(generation)

    def _admit(self, prompt: Prompt, sampling: Sampling, request_id: str) -> _Generation:
        with self._changed:
            place = self._admission.admit(prompt, sampling, request_id)
        try:
            generation = self._generation(prompt, sampling, place)
            with self._changed:
                if (over := self._admission.over()) is not None:
                    raise over
                self._open[generation] = None
                self._changed.notify()
        except Exception as error:
            with self._changed:
                self._admission.release(place)
            if _device_lost(error):
                raise self._die(error) from error
            raise
        return generation

    def _generation(self, prompt: Prompt, sampling: Sampling, place: Place) -> _Generation:
        """With its tensors on the device."""
        ids, rows = list(prompt.ids), None
        if self._prompts is not None:
            rows = self._prompts.rows(ids).to(self._device, self._model.dtype)
            ids = self._prompts.vocabulary.narrow_all(ids)
            sampling = self._prompts.vocabulary.narrow_sampling(sampling)
        sampler = Sampler(sampling, ids, self._vocab_size)
        unread = torch.tensor(ids, device=self._device) if rows is None else rows
        cache = self._decoder.open()
        return _Generation(unread, sampling, sampler, place, cache, prompt.text)

    def stats(self) -> BackendStats:
        with self._changed:
            return BackendStats(
                running=self._admission.taken,
                generated_tokens=self._tokens,
                fault=self._admission.fault,
            )

    async def close(self) -> None:
        with self._changed:
            self._end_all(self._admission.close())
            self._changed.notify()
        await asyncio.to_thread(self._worker.join)

    @torch.inference_mode()
    def _run(self) -> None:
        torch.set_num_threads(self._decoder.threads)  # this thread's; the codec's set their own
        try:
            while self._wait():
                self._turn()
        except Exception as error:
            self._die(error)

    def _wait(self) -> bool:
        """For a stream, or False for the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._admission.closed)
            return not self._admission.closed

    def _turn(self) -> None:
        """Some of one joining stream's prompt, and an id for those that are most in need of one."""
        streams = self._sweep()
        joining = next((one for one in streams if one.last is None), None)
        if joining is not None:
            self._attempt([joining], self._read)
        speaking = [one for one in streams if one.last is not None and not one.aborted]
        now = self._clock()
        self._advance([one for one in speaking if one.lead_s(now) < LEAD_S] or speaking)
        self._sweep()

    def _advance(self, speaking: list[_Generation]) -> None:
        for first in range(0, len(speaking), self._decoder.rows):
            self._attempt(speaking[first : first + self._decoder.rows], self._step)

    def _sweep(self) -> list[_Generation]:
        """The open streams. Frees the memory of those that have left, however long their listeners
        take to hear of it."""
        with self._changed:
            streams = list(self._open)
        for generation in self._cached:
            if generation not in streams:
                self._decoder.close(generation.cache)
        self._cached = streams
        return streams

    def _die(self, error: Exception) -> EngineDiedError:
        """Every open and later stream fails."""
        with self._changed:
            died = self._admission.die(reason(error))
            self._end_all(died)
        return died

    def _end_all(self, error: EngineDiedError) -> None:
        ended = list(self._open)
        for generation in ended:
            self._forget(generation)
        self._deliver([(generation, error) for generation in ended])

    def _attempt(
        self,
        group: list[_Generation],
        advance: Callable[[list[_Generation]], Sequence[State]],
    ) -> None:
        """One id more for each of a group. A stream's failure ends that stream alone, unless it
        took the device with it."""
        items: list[tuple[_Generation, _Item]] = []
        try:
            states = advance(group)
            for generation, state in zip(group, states, strict=False):
                items.append((generation, self._next(generation, state)))
        except Exception as error:
            if len(group) == 1 or _device_lost(error):
                items.append((group[0], self._failed(group[0], error)))
            else:  # whose failure is it?
                for generation in group:
                    self._attempt([generation], advance)
        finally:
            self._deliver(items)

    def _read(self, group: list[_Generation]) -> list[State]:
        """Empty while more of the prompt is left."""
        (generation,) = group
        state = self._decoder.read(generation.cache, generation.unread[:CHUNK])
        generation.unread = generation.unread[CHUNK:]
        return [] if len(generation.unread) else [state]

    def _step(self, group: list[_Generation]) -> Sequence[State]:
        return self._decoder.step(
            [generation.cache for generation in group],
            [generation.last for generation in group],
        )

    def _next(self, generation: _Generation, state: State) -> _Item:
        """What a stream's listener is told: the next id, or how it ended."""
        sampling = generation.sampling
        try:
            scores = self._decoder.scores(state, generation.sampler.legal)
            token = generation.sampler.choose(scores)
            looked = self._decoder.looked_at(generation.cache, state, generation.text)
        except Exception as error:
            return self._failed(generation, error)
        if token in sampling.grammar.stops:
            self._forget(generation)
            return TokenChunk((), Finish.STOP)
        looked_at = () if looked is None else (looked,)
        generation.last = token
        if self._prompts is not None:
            token = self._prompts.vocabulary.widen(token)
        if not generation.generated:
            generation.began = self._clock()
        generation.generated += 1
        self._tokens += 1
        length = generation.cache.length + 1
        if generation.generated >= sampling.max_tokens or length >= self.capacity.max_sequence:
            self._forget(generation)
            return TokenChunk((token,), Finish.LENGTH, looked_at)
        return TokenChunk((token,), looked_at=looked_at)

    def _failed(self, generation: _Generation, error: Exception) -> _Item:
        """Raises the error when the device is lost."""
        if _device_lost(error):
            raise error
        self._forget(generation)
        return BackendError(f"generation failed ({reason(error)}); try again")

    def _forget(self, generation: _Generation) -> None:
        generation.aborted = True
        with self._changed:
            self._open.pop(generation, None)
            self._admission.release(generation.place)

    def _deliver(self, items: list[tuple[_Generation, _Item]]) -> None:
        """One call into each loop. Listeners whose loop was closed are lost, and nothing else."""
        for loop in {generation.loop for generation, _ in items}:
            own = [item for item in items if item[0].loop is loop]
            try:
                loop.call_soon_threadsafe(_put, own)
            except RuntimeError:
                for generation, _ in own:
                    self._forget(generation)
