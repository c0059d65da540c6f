"""`Sampling` in the words of TensorRT-LLM's `SamplingParams`: the keywords, and what they rest on.

Where the library's sampler applies penalty and bias itself (engines, and the PyTorch backend from
1.3.0rc24), legal ids are a static bias. Older PyTorch backends take the penalty without a word and
ignore it (`releases`); there penalty and legal ids are a logits processor of ours.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.trtllm.logits import TokenRules
from tensorrt_tts.backends.trtllm.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

FORBIDDEN = -3.0e4
"""Bias of an illegal id: nothing survives a softmax at that distance, and it is still finite in
float16, whose sampler would otherwise meet inf − inf."""


def native_keywords(
    sampling: Sampling, vocabulary: Vocabulary, fresh_seed: bool = True
) -> dict[str, Any]:
    """For a sampler that applies everything itself. fresh_seed: draw one where the request has
    none (`_common`).

    Only the union of legal ids is enforced, with stops legal everywhere: a bias cannot change with
    the position, and a Python callback at every step would cost more than a broken frame. Padded
    rows are illegal in any case.
    """
    keywords = _common(sampling, fresh_seed)
    if sampling.repetition_penalty != 1.0:
        keywords["repetition_penalty"] = sampling.repetition_penalty
    if sampling.grammar.cycle or vocabulary.padded:
        keywords["embedding_bias"] = legal_bias(sampling.grammar, vocabulary)
    return keywords


def processor_keywords(sampling: Sampling, prompt_length: int) -> dict[str, Any]:
    """For a sampler that ignores the repetition penalty, which stays unset: a release that honours
    it would apply it twice."""
    keywords = _common(sampling, fresh_seed=True)
    if sampling.repetition_penalty != 1.0 or sampling.grammar.cycle:
        keywords["logits_processor"] = TokenRules(
            prompt_length, sampling.repetition_penalty, sampling.grammar
        )
    return keywords


def _common(sampling: Sampling, fresh_seed: bool) -> dict[str, Any]:
    # Without an end_id TensorRT-LLM asks its tokenizer for one, and we give it none. −1 is its own
    # value for "never".
    end_id, *others = sampling.grammar.stops or (-1,)
    keywords: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,  # its default is 32
        "end_id": end_id,
        "pad_id": end_id if end_id >= 0 else 0,
        "detokenize": False,
    }
    # The C++ sampler's own default is 0: every request would draw the same. TorchSampler draws for
    # the whole batch from one generator, and a single seed in it costs every request (TensorRT-LLM,
    # sampler/seed_manager.py). It keeps seeds in 63 bits and fails in the engine's loop at more.
    if sampling.seed is not None:
        keywords["seed"] = sampling.seed % (1 << 63)
    elif fresh_seed:
        keywords["seed"] = secrets.randbits(63)
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
def legal_bias(grammar: Grammar, vocabulary: Vocabulary) -> torch.Tensor:
    """float32 (rows of the head,): 0 for what is legal at any position (all of the vocabulary
    where everything is), `FORBIDDEN` for the rest. Shared between requests; TensorRT-LLM copies
    it."""
    import torch

    bias = torch.full((vocabulary.rows,), FORBIDDEN, dtype=torch.float32)
    for row in grammar.rows or ((range(vocabulary.size or 0),),):
        for ids in row:
            bias[ids.start : ids.stop] = 0.0
    return bias
