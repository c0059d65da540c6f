"""Our `Sampling` in vLLM's words. Pure."""

from __future__ import annotations

from typing import Any

from tensorrt_tts.backends.protocol import LegalTokens, Sampling

LEGAL = "legal_slots"
"""Key in SamplingParams.extra_args under which `LegalSlots` finds what a request may emit."""

Ranges = list[list[int]]
"""Legal ids as [start, stop) pairs."""


def legal_positions(legal: LegalTokens, stop_ids: tuple[int, ...]) -> list[Ranges]:
    """Position i of the output may hold the ids in element i modulo the number of elements."""
    slots = [[[slot.start, slot.stop]] for slot in legal.slots]
    stops = [[token, token + 1] for token in stop_ids]
    if not legal.per_slot:
        return [[pair for slot in slots for pair in slot] + stops]
    return [slots[0] + stops, *slots[1:]]


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
        arguments["extra_args"] = {LEGAL: legal_positions(sampling.legal, sampling.stop_ids)}
    return arguments
