"""Our `Sampling` in vLLM's words. Pure."""

from __future__ import annotations

from typing import Any

from tensorrt_tts.backends.base import Grammar, Sampling
from vllm_inference.legal_rule import LegalRule


def legal_rule(grammar: Grammar) -> LegalRule:
    """grammar: one that restricts anything."""
    rows = [tuple((ids.start, ids.stop) for ids in row) for row in grammar.rows]
    begun = len(grammar.prefix) if grammar.strict else 0
    return LegalRule(tuple(rows[:begun]), tuple(rows[begun:]))


def sampling_arguments(sampling: Sampling) -> dict[str, Any]:
    """Keyword arguments of vLLM's SamplingParams, without `stream_interval`."""
    arguments: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
        "stop_token_ids": list(sampling.grammar.stops),
        "ignore_eos": True,  # the stops are the whole truth, whatever the checkpoint's files say
        "detokenize": False,
    }
    if sampling.seed is not None:
        # vLLM reads −1 as "no seed" and torch takes 63 bits.
        arguments["seed"] = sampling.seed % (1 << 63)
    if sampling.grammar.cycle:
        arguments["extra_args"] = legal_rule(sampling.grammar).to_extra_args()
    return arguments
