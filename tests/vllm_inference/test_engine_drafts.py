"""The real engine with speculative decoding, which vLLM's V2 runner allows beside our processor."""

import asyncio
from typing import Any

import pytest

import vllm_inference.backend
from tensorrt_tts.backends.protocol import LegalTokens, Sampling
from tensorrt_tts.loading import load_model
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.engine_fixtures import INTERPRETED, engine, tokens
from vllm_inference.options import VLLMOptions, engine_arguments

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(1800, func_only=True),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
    pytest.mark.skipif(not INTERPRETED, reason="vLLM's V1 runner refuses it"),
]

NGRAM = {
    "method": "ngram_gpu",
    "num_speculative_tokens": 3,
    "prompt_lookup_min": 2,
    "prompt_lookup_max": 4,
}


def with_drafts(*arguments: Any, **keywords: Any) -> dict[str, Any]:
    return engine_arguments(*arguments, **keywords) | {"speculative_config": NGRAM}


async def test_every_draft_is_masked_at_its_own_position(monkeypatch):
    """One legal id a slot: what was said comes again, so that n-grams are guessed right, and a mask
    of another position would have let only a wrong id through."""
    monkeypatch.setattr(vllm_inference.backend, "engine_arguments", with_drafts)
    folder, codec = tiny_model_folders()
    ids = load_model(str(folder), str(codec)).tokens
    options = VLLMOptions(max_streams=4, max_sequence=512)
    async with engine(folder, options) as backend:
        accepted = []
        record = backend._engine_stats.record

        def count(scheduler_stats: Any, *others: Any, **more: Any) -> None:
            drafts = getattr(scheduler_stats, "spec_decoding_stats", None)
            accepted.append(drafts.num_accepted_tokens if drafts else 0)
            record(scheduler_stats, *others, **more)

        backend._engine_stats.record = count  # type: ignore[method-assign]

        async def said(code: int) -> tuple[list[int], list[int]]:
            only = tuple(range(slot.start + code, slot.start + code + 1) for slot in slots)
            sampling = Sampling(60, repetition_penalty=1.0, legal=LegalTokens(only))
            found = await tokens(backend, [5, 6, 7, 8 + code], sampling, f"code {code}")
            return found, [only[at % 7].start for at in range(60)]

        slots = ids.legal().slots
        for found, expected in await asyncio.gather(*map(said, range(4))):
            assert found == expected
        assert sum(accepted) > 100
