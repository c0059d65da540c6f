"""The reference backend: Hugging Face `transformers`, on any device, for laptops, tests and CI.

One thread owns the model and advances every open stream by one token in turn, so that no stream
blocks another and nothing else touches the device. Streams are not batched: this backend is for
correctness, not for many callers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import torch

from tensorrt_tts.backends import reference_weights
from tensorrt_tts.backends.base import BackendStats, Capacity, Finish, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.backends.sampler import Sampler
from tensorrt_tts.backends.vocabulary import check_ids
from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    EngineDiedError,
    SettingError,
    reason,
)

_ACCELERATOR_ERROR = getattr(torch, "AcceleratorError", ())
"""torch 2.8 and later raise it; before, it was a RuntimeError with the same words."""


class _Generation:
    """One stream: what the worker needs to advance it, and the way back to its event loop."""

    def __init__(
        self, prompt: torch.Tensor, sampling: Sampling, sampler: Sampler, request_id: str
    ) -> None:
        self.sampling = sampling
        self.sampler = sampler
        self.request_id = request_id
        self.input = {"input_ids": prompt}
        self.cache: Any = None
        self.generated = 0
        self.aborted = False
        self._loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[TokenChunk | Exception] = asyncio.Queue()

    def send(self, item: TokenChunk | Exception) -> None:
        """Called by the worker. Raises RuntimeError once the loop has been closed, by a caller that
        is gone."""
        self._loop.call_soon_threadsafe(self.queue.put_nowait, item)


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
    ) -> None:
        """prompts: for a model whose vocabulary is cut (`backends.pruned_vocabulary`)."""
        self._model = model.eval()
        self._prompts = prompts
        self._vocab_size = int(model.config.vocab_size)
        self._device = model.device
        longest = getattr(model.config, "max_position_embeddings", max_sequence)
        self.capacity = Capacity(max_streams, min(max_sequence, longest))
        self._open: dict[str, _Generation] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._dead: Exception | None = None
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
            generation.aborted = True
            self._forget(generation)

    def _admit(self, prompt: Prompt, sampling: Sampling, request_id: str) -> _Generation:
        self._refuse_if_over()
        room = self.capacity.max_sequence - len(prompt.ids)
        if not prompt.ids or room < 1:
            raise SettingError(
                f"prompt of {len(prompt.ids)} ids does not fit a sequence of "
                f"{self.capacity.max_sequence}; shorten the text"
            )
        cut = self._prompts
        check_ids(prompt, sampling, cut.vocabulary.full_size if cut else self._vocab_size)
        try:
            generation = self._generation(prompt, sampling, request_id)
        except Exception as error:
            if _device_lost(error):
                raise self._die(error) from error
            raise
        with self._changed:
            self._refuse_if_over()
            if request_id in self._open:
                raise SettingError(f"request_id {request_id!r} is already in flight; use a new one")
            if len(self._open) >= self.capacity.max_streams:
                raise CapacityError(
                    f"all {self.capacity.max_streams} streams are busy; try again", retry_after=1.0
                )
            self._open[request_id] = generation
            self._changed.notify()
        return generation

    def _refuse_if_over(self) -> None:
        if self._dead is not None:
            raise EngineDiedError(f"the reference backend died: {reason(self._dead)}; restart it")
        if self._closed:
            raise EngineDiedError("the reference backend is closed; open a new one")

    def _generation(self, prompt: Prompt, sampling: Sampling, request_id: str) -> _Generation:
        """With its tensors on the device."""
        embedded, prompt_ids = None, list(prompt.ids)
        if self._prompts is not None:
            embedded = self._prompts.rows(prompt_ids).to(self._device, self._model.dtype)[None]
            prompt_ids = self._prompts.vocabulary.narrow_all(prompt_ids)
            sampling = self._prompts.vocabulary.narrow_sampling(sampling)
        tokens = torch.tensor([prompt_ids], device=self._device)
        sampler = Sampler(sampling, tokens[0], self._vocab_size, self._device)
        generation = _Generation(tokens, sampling, sampler, request_id)
        if embedded is not None:
            generation.input = {"inputs_embeds": embedded}
        return generation

    async def abort(self, request_id: str) -> None:
        with self._changed:
            generation = self._open.pop(request_id, None)
        if generation is not None:
            generation.aborted = True
            self._send(generation, TokenChunk((), Finish.ABORT))

    def stats(self) -> BackendStats:
        with self._changed:
            return BackendStats(
                running=len(self._open),
                generated_tokens=self._tokens,
                fault=None if self._dead is None else reason(self._dead),
            )

    async def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        await asyncio.to_thread(self._worker.join)

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._open or self._closed)
                    if self._closed:
                        self._end_all(TokenChunk((), Finish.ABORT))
                        return
                    turn = list(self._open.values())
                for generation in turn:
                    if not generation.aborted:
                        self._advance(generation)
        except Exception as error:
            self._die(error)

    def _die(self, error: Exception) -> EngineDiedError:
        """Every open and later stream fails."""
        died = EngineDiedError(f"the reference backend died: {reason(error)}; restart it")
        with self._changed:
            self._dead = error
            self._end_all(died)
        return died

    def _end_all(self, item: TokenChunk | Exception) -> None:
        for generation in list(self._open.values()):
            self._finish(generation, item)

    def _advance(self, generation: _Generation) -> None:
        """One token. A failure of one stream's forward pass ends that stream alone, unless it took
        the device with it."""
        try:
            token = self._step(generation)
        except Exception as error:
            if _device_lost(error):
                raise
            self._finish(
                generation, BackendError(f"generation failed ({reason(error)}); try again")
            )
            return
        sampling = generation.sampling
        if token in sampling.grammar.stops:
            self._finish(generation, TokenChunk((), Finish.STOP))
            return
        if self._prompts is not None:
            token = self._prompts.vocabulary.widen(token)
        generation.generated += 1
        self._tokens += 1
        length = generation.cache.get_seq_length() + 1
        if generation.generated >= sampling.max_tokens or length >= self.capacity.max_sequence:
            self._finish(generation, TokenChunk((token,), Finish.LENGTH))
        else:
            self._send(generation, TokenChunk((token,)))

    def _send(self, generation: _Generation, item: TokenChunk | Exception) -> None:
        """A listener whose loop was closed is lost, and nothing else."""
        try:
            generation.send(item)
        except RuntimeError:
            generation.aborted = True
            self._forget(generation)

    def _forget(self, generation: _Generation) -> None:
        """Once aborted, its id may belong to another generation already."""
        with self._changed:
            if self._open.get(generation.request_id) is generation:
                del self._open[generation.request_id]

    def _finish(self, generation: _Generation, item: TokenChunk | Exception) -> None:
        self._forget(generation)
        generation.aborted = True
        self._send(generation, item)

    @torch.inference_mode()
    def _step(self, generation: _Generation) -> int:
        output = self._model(
            **generation.input,
            past_key_values=generation.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        generation.cache = output.past_key_values
        token = generation.sampler.sample(output.logits[0, -1])
        generation.input = {"input_ids": torch.tensor([[token]], device=self._device)}
        return token
