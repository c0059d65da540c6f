"""Our `Sampling` in vLLM's words. Pure."""

from __future__ import annotations

from typing import Any

from tensorrt_tts.backends.base import LegalTokens, Sampling
from vllm_inference.legal_rule import LegalRule, Ranges


def legal_rule(legal: LegalTokens, stop_ids: tuple[int, ...]) -> LegalRule:
    """The slots of a frame in turn; stop ids where a frame may begin. Without slots, their union
    and the stops everywhere."""
    slots: list[Ranges] = [((slot.start, slot.stop),) for slot in legal.slots]
    stops: Ranges = tuple((token, token + 1) for token in stop_ids)
    if not legal.per_slot:
        return LegalRule((), (sum(slots, ()) + stops,))
    return LegalRule((), (slots[0] + stops, *slots[1:]))


def sampling_arguments(sampling: Sampling) -> dict[str, Any]:
    """Keyword arguments of vLLM's SamplingParams, without how output is handed on."""
    arguments: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
        "stop_token_ids": list(sampling.stop_ids),
        "ignore_eos": True,  # stop_ids are the whole truth, whatever the checkpoint's files say
        "detokenize": False,
    }
    if sampling.seed is not None:
        # vLLM reads −1 as "no seed" and torch takes 63 bits.
        arguments["seed"] = sampling.seed % (1 << 63)
    if sampling.legal is not None:
        rule = legal_rule(sampling.legal, sampling.stop_ids)
        arguments["extra_args"] = rule.to_extra_args()
    return arguments
