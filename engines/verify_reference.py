"""The reference that an engine is compared with: the checkpoint itself, in float32."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from engines.agreement import RANKED, NextId
from engines.verify_prompts import SpokenPrompt
from tensorrt_tts.backends import reference_weights
from tensorrt_tts.backends.base import Prompt, generate
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.errors import CorruptCheckpointError


class Reference:
    """device: "cpu" or "cuda". Between its turns it lies in the host's memory (`rest`), so that an
    engine beside it has the device for itself."""

    def __init__(self, checkpoint: Path, device: str) -> None:
        """Raises CorruptCheckpointError."""
        self._folder = checkpoint
        self._device = device
        self._model: Any = reference_weights.load(checkpoint, device)
        self._prompts = PromptEmbedding.open(checkpoint)
        self.max_sequence = int(self._model.config.max_position_embeddings)

    @property
    def ids(self) -> tuple[range, ...]:
        """Every id it can say."""
        if self._prompts is not None:
            return self._prompts.vocabulary.kept
        return (range(int(self._model.config.vocab_size)),)

    async def speech(self, wanted: SpokenPrompt, count: int) -> list[int]:
        """`count` ids after a prompt, sampled as in production. Raises CorruptCheckpointError as
        `_rows`, before a sampler meets what is no number."""
        self.ranking(wanted.prompt)
        backend = ReferenceBackend(self._model, prompts=self._prompts)
        try:
            sampling = replace(wanted.sampling, max_tokens=count)
            return await generate(backend, Prompt(tuple(wanted.prompt)), sampling, "reference")
        finally:
            await backend.close()

    def rest(self) -> None:
        """Leaves the device. Without CUDA there is nothing to do."""
        self._model.to("cpu")
        gc.collect()
        torch.cuda.empty_cache()

    def resume(self) -> None:
        self._model.to(self._device)

    @torch.inference_mode()
    def rate(self, prompt: Sequence[int], ids: Sequence[int], said: dict[int, int]) -> list[NextId]:
        """said: what an engine said after the prompt and that many of `ids`."""
        if not said:
            return []
        rows = self._rows(prompt, ids)
        return [self._next(rows[at], token) for at, token in said.items()]

    @torch.inference_mode()
    def ranking(self, prompt: Sequence[int]) -> tuple[int, ...]:
        """The RANKED likeliest ids after a prompt, likeliest first."""
        return tuple(self._wide(one) for one in self._rows(prompt, ())[0].topk(RANKED).indices)

    def _next(self, row: torch.Tensor, said: int) -> NextId:
        """row: logits, float32 (vocabulary,)."""
        index = self._narrow(said)
        outside = not 0 <= index < len(row) or bool(row[index].isneginf())
        top = row.argmax()
        worst = row[row.isfinite()].min() if outside else row[index]
        return NextId(said, self._wide(top), float(row[top] - worst), outside)

    def _rows(self, prompt: Sequence[int], ids: Sequence[int]) -> torch.Tensor:
        """Logits after the prompt and after each of `ids`: float32 (1 + ids, vocabulary).

        Raises CorruptCheckpointError where some are no numbers: nothing can be held to those.
        """
        model: Any = self._model
        keep = len(ids) + 1
        if self._prompts is None:
            tokens = torch.tensor([[*prompt, *ids]], device=self._device)
            found = model(input_ids=tokens, logits_to_keep=keep, use_cache=False)
        else:
            rows = self._prompts.rows([*prompt, *ids]).to(self._device, model.dtype)
            found = model(inputs_embeds=rows[None], logits_to_keep=keep, use_cache=False)
        logits: torch.Tensor = found.logits[0].float()
        if not bool(logits.isfinite().all()):
            raise CorruptCheckpointError(
                f"the checkpoint '{self._folder}' itself computes NaN or infinity after "
                f"{len(prompt)} ids: its weights are damaged; download or train it again"
            )
        if self._prompts is not None:
            logits[:, 0] = -torch.inf  # the row that stands for what was cut off
        return logits

    def _narrow(self, token: int) -> int:
        return token if self._prompts is None else self._prompts.vocabulary.narrow(token)

    def _wide(self, index: torch.Tensor) -> int:
        token = int(index)
        return token if self._prompts is None else self._prompts.vocabulary.widen(token)
