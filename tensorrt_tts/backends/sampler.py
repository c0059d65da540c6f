"""One sampled id from one row of logits. Pure torch; used by the reference backend.

Only the legal ids are looked at, so a slot of 4096 codes costs no sort over 157k logits.
Penalty, temperature, top-k and top-p follow Hugging Face's definitions, in its order.
"""

from __future__ import annotations

import torch

from tensorrt_tts.backends.base import Ranges, Sampling


def legal_scores(row: torch.Tensor, legal: Ranges) -> torch.Tensor:
    """What a row over the vocabulary holds for the legal ids, in their order; all of it where
    `legal` is empty."""
    return torch.cat([row[ids.start : ids.stop] for ids in legal]) if legal else row


class Sampler:
    """The state of one generation: which ids have been seen, and the random generator.

    prompt_ids: they count for the repetition penalty, as in Hugging Face and vLLM.
    """

    def __init__(
        self, sampling: Sampling, prompt_ids: torch.Tensor, vocab_size: int, device: torch.device
    ) -> None:
        self._sampling = sampling
        self._seen = torch.zeros(vocab_size, dtype=torch.bool, device=device)
        self._seen[prompt_ids] = True
        self._generator = torch.Generator(device=device)
        if sampling.seed is not None:
            self._generator.manual_seed(sampling.seed)
        else:
            self._generator.seed()
        self._position = 0

    @property
    def legal(self) -> Ranges:
        """The ids that may come next; () where all may."""
        return self._sampling.grammar.legal(self._position)

    def sample(self, logits: torch.Tensor) -> int:
        """logits: float (vocab,), not modified."""
        return self.choose(legal_scores(logits, self.legal))

    def choose(self, logits: torch.Tensor) -> int:
        """logits: float, of the `legal` ids alone, not modified."""
        legal = self.legal
        scores = logits.float()
        sampling = self._sampling
        if sampling.repetition_penalty != 1.0:
            seen = legal_scores(self._seen, legal)
            penalised = torch.where(
                scores < 0,
                scores * sampling.repetition_penalty,
                scores / sampling.repetition_penalty,
            )
            scores = torch.where(seen, penalised, scores)
        index = self._pick(scores)
        token = _nth(legal, index) if legal else index
        self._seen[token] = True
        self._position += 1
        return token

    def _pick(self, scores: torch.Tensor) -> int:
        sampling = self._sampling
        if sampling.temperature == 0:
            return int(scores.argmax())
        probabilities, order = torch.sort(
            torch.softmax(scores / sampling.temperature, dim=-1), descending=True, stable=True
        )
        if 0 < sampling.top_k < len(order):
            probabilities = probabilities[: sampling.top_k]
            probabilities = probabilities / probabilities.sum()
        if sampling.top_p < 1.0:
            # Keep ids until their sum reaches top_p, at least one: what stands before is below it.
            before = probabilities.cumsum(0) - probabilities
            probabilities = probabilities[: max(1, int((before < sampling.top_p).sum()))]
        return int(order[torch.multinomial(probabilities, 1, generator=self._generator)])


def _nth(ranges: Ranges, index: int) -> int:
    for ids in ranges:
        if index < len(ids):
            return ids[index]
        index -= len(ids)
    raise IndexError(index)
