"""The reference backend: Hugging Face `transformers`, on any device, for laptops, tests and CI.

One thread owns the model and advances every open stream by one token in turn, so that no stream
blocks another and nothing else touches the device. Streams are not batched: this backend is for
correctness, not for many callers.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import torch

from tensorrt_tts.backends import reference_weights
from tensorrt_tts.backends.admission import Admission, Place
from tensorrt_tts.backends.base import BackendStats, Capacity, Finish, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.backends.sampler import Sampler
from tensorrt_tts.backends.vocabulary import check_ids
from tensorrt_tts.errors import BackendError, EngineDiedError, reason

_ACCELERATOR_ERROR = getattr(torch, "AcceleratorError", ())
"""torch 2.8 and later raise it; before, it was a RuntimeError with the same words."""


class _Generation:
    """One stream: what the worker needs to advance it, and the way back to its event loop."""

    def __init__(
        self, prompt: torch.Tensor, sampling: Sampling, sampler: Sampler, place: Place
    ) -> None:
        self.sampling = sampling
        self.sampler = sampler
        self.place = place
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
        size = prompts.vocabulary.full_size if prompts else self._vocab_size
        self._admission = Admission(
            self.name, self.capacity, functools.partial(check_ids, size=size)
        )
        self._open: list[_Generation] = []
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
            generation.aborted = True
            self._forget(generation)

    def _admit(self, prompt: Prompt, sampling: Sampling, request_id: str) -> _Generation:
        with self._changed:
            place = self._admission.admit(prompt, sampling, request_id)
        try:
            generation = self._generation(prompt, sampling, place)
            with self._changed:
                if (over := self._admission.over()) is not None:
                    raise over
                self._open.append(generation)
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
        embedded, prompt_ids = None, list(prompt.ids)
        if self._prompts is not None:
            embedded = self._prompts.rows(prompt_ids).to(self._device, self._model.dtype)[None]
            prompt_ids = self._prompts.vocabulary.narrow_all(prompt_ids)
            sampling = self._prompts.vocabulary.narrow_sampling(sampling)
        tokens = torch.tensor([prompt_ids], device=self._device)
        sampler = Sampler(sampling, tokens[0], self._vocab_size, self._device)
        generation = _Generation(tokens, sampling, sampler, place)
        if embedded is not None:
            generation.input = {"inputs_embeds": embedded}
        return generation

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

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._open or self._admission.closed)
                    if self._admission.closed:
                        return
                    turn = list(self._open)
                for generation in turn:
                    if not generation.aborted:
                        self._advance(generation)
        except Exception as error:
            self._die(error)

    def _die(self, error: Exception) -> EngineDiedError:
        """Every open and later stream fails."""
        with self._changed:
            died = self._admission.die(reason(error))
            self._end_all(died)
        return died

    def _end_all(self, item: TokenChunk | Exception) -> None:
        for generation in list(self._open):
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
        with self._changed:
            if generation in self._open:
                self._open.remove(generation)
            self._admission.release(generation.place)

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
