"""One sampled id from one row of logits. Pure; used by the reference backend.

Only the legal ids are looked at, so a slot of 4096 codes costs no sort over 157k logits.
Penalty, temperature, top-k and top-p follow Hugging Face's definitions, in its order. In numpy:
these are some twenty operations on few numbers, and torch takes ten times as long to call them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from tensorrt_tts.backends.base import Ranges, Sampling


def legal_scores(row: np.ndarray, legal: Ranges) -> np.ndarray:
    """What a row over the vocabulary holds for the legal ids, in their order; all of it where
    `legal` is empty."""
    if not legal:
        return row
    parts = [row[ids.start : ids.stop] for ids in legal]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Sampler:
    """The state of one generation: which ids have been seen, and the random generator.

    prompt_ids: they count for the repetition penalty, as in Hugging Face and vLLM.
    """

    def __init__(self, sampling: Sampling, prompt_ids: Sequence[int], vocab_size: int) -> None:
        self._sampling = sampling
        self._seen = np.zeros(vocab_size, bool)
        self._seen[list(prompt_ids)] = True
        self._generator = torch.Generator()
        if sampling.seed is not None:
            self._generator.manual_seed(sampling.seed)
        else:
            self._generator.seed()
        self._position = 0

    @property
    def legal(self) -> Ranges:
        """The ids that may come next; () where all may."""
        return self._sampling.grammar.legal(self._position)

    def sample(self, logits: np.ndarray) -> int:
        """logits: float32 (vocab,), not modified."""
        return self.choose(legal_scores(logits, self.legal))

    def choose(self, logits: np.ndarray) -> int:
        """logits: float32, of the `legal` ids alone, not modified.

        Raises FloatingPointError where none of them is above −∞, or one is not a number.
        """
        legal, scores = self.legal, logits
        penalty = self._sampling.repetition_penalty
        if penalty != 1.0:
            penalised = np.where(scores < 0, scores * penalty, scores / penalty)
            scores = np.where(legal_scores(self._seen, legal), penalised, scores)
        index = self._pick(scores)
        token = _nth(legal, index) if legal else index
        self._seen[token] = True
        self._position += 1
        return token

    def _pick(self, scores: np.ndarray) -> int:
        sampling = self._sampling
        if sampling.temperature != 0:
            scores = scores / sampling.temperature
        best = scores.max()
        if not np.isfinite(best):
            raise FloatingPointError("the model's logits are not finite")
        if sampling.temperature == 0:
            return int(scores.argmax())
        weights = np.exp(scores - best)
        order = np.argsort(-weights, kind="stable")
        probabilities = weights[order] / weights.sum()
        if 0 < sampling.top_k < len(order):
            probabilities = probabilities[: sampling.top_k]
            probabilities = probabilities / probabilities.sum()
        if sampling.top_p < 1.0:
            # Keep ids until their sum reaches top_p, at least one: what stands before is below it.
            before = probabilities.cumsum() - probabilities
            probabilities = probabilities[: max(1, int((before < sampling.top_p).sum()))]
        # What torch.multinomial does for one draw.
        noise = torch.empty(len(probabilities)).exponential_(generator=self._generator)
        return int(order[(probabilities / noise.numpy()).argmax()])


def _nth(ranges: Ranges, index: int) -> int:
    for ids in ranges:
        if index < len(ids):
            return ids[index]
        index -= len(ids)
    raise IndexError(index)
