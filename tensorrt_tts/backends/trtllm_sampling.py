"""`Sampling` in the words of TensorRT-LLM's `SamplingParams`: the keywords, and what they rest on.

Two sets, since the two backends honour different fields. On TensorRT engines the C++ sampler does
everything, and legal ids are a static bias. On the PyTorch backend the default sampler takes the
repetition penalty without a word and ignores it until 1.3.0rc24 (NVIDIA/TensorRT-LLM issue 9442,
pull request 16485), and an `embedding_bias` is not documented for it; there penalty and legal ids
are a logits processor of ours (`trtllm_logits`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tensorrt_tts.backends.protocol import LegalTokens, Sampling
from tensorrt_tts.backends.trtllm_logits import TokenRules

if TYPE_CHECKING:
    import torch

FORBIDDEN = -3.0e4
"""Bias of an illegal id: nothing survives a softmax at that distance, and it is still finite in
float16, whose sampler would otherwise meet inf − inf."""


def engine_keywords(sampling: Sampling, vocab_size: int) -> dict[str, Any]:
    """For an engine of the TensorRT backend. vocab_size: rows of its output head.

    Only the union of legal ids is enforced, with stops legal everywhere: a bias cannot change with
    the position, and a Python callback at every step would cost more than a broken frame.
    """
    keywords = _common(sampling)
    if sampling.repetition_penalty != 1.0:
        keywords["repetition_penalty"] = sampling.repetition_penalty
    if sampling.legal is not None:
        keywords["embedding_bias"] = legal_bias(sampling.legal, sampling.stop_ids, vocab_size)
    return keywords


def pytorch_keywords(sampling: Sampling, prompt_ids: Sequence[int]) -> dict[str, Any]:
    """For the PyTorch backend. `repetition_penalty` stays unset: a release that honours it would
    apply it twice."""
    keywords = _common(sampling)
    if sampling.repetition_penalty != 1.0 or sampling.legal is not None:
        keywords["logits_processor"] = TokenRules(
            len(prompt_ids), sampling.repetition_penalty, sampling.legal, sampling.stop_ids
        )
    return keywords


def _common(sampling: Sampling) -> dict[str, Any]:
    # Without an end_id TensorRT-LLM asks its tokenizer for one, and we give it none. −1 is its own
    # value for "never".
    end_id, *others = sampling.stop_ids or (-1,)
    keywords: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,  # its default is 32
        "end_id": end_id,
        "pad_id": end_id if end_id >= 0 else 0,
        "detokenize": False,
        # Its own default seed is 0: every request would draw the same.
        "seed": secrets.randbits(63) if sampling.seed is None else sampling.seed,
    }
    if others:
        keywords["stop_token_ids"] = others
    if sampling.temperature == 0:
        keywords["top_k"] = 1  # it takes no temperature of 0
    else:
        # Without top_k and top_p it would be greedy, whatever the temperature.
        keywords["temperature"] = sampling.temperature
        keywords["top_p"] = sampling.top_p
        if sampling.top_k > 0:
            keywords["top_k"] = sampling.top_k
    return keywords


@lru_cache(maxsize=8)
def legal_bias(legal: LegalTokens, stop_ids: tuple[int, ...], vocab_size: int) -> torch.Tensor:
    """float32 (vocab_size,): 0 for legal ids and stops, `FORBIDDEN` for the rest. Shared between
    requests; TensorRT-LLM copies it."""
    import torch

    bias = torch.full((vocab_size,), FORBIDDEN, dtype=torch.float32)
    for slot in legal.slots:
        bias[slot.start : slot.stop : slot.step] = 0.0
    bias[list(stop_ids)] = 0.0
    return bias
