"""Spark's vocabulary, cut, on the real vLLM engine, against masking the whole one."""

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

import vllm_inference.backend
from engines.vocabulary import cut, kept_ids
from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.loading import load_model
from tensorrt_tts.speech_model import SpeechModel
from tests.support.tiny_spark import tiny_spark_folder
from tests.vllm_inference.engine_fixtures import first_logprobs, tokens, with_logprobs
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import VLLMOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

PENALTIES = (1.0, 1.3)
TOKENS = 60
"""The values of pitch and speed, 32 of the speaker, and some of the speech."""


@dataclass
class Outcome:
    """What one engine made of the same requests, in ids of the whole vocabulary. greedy: by voice
    and penalty. logprobs: of a voice's first id."""

    greedy: dict[tuple[str, float], list[int]] = field(default_factory=dict)
    logprobs: dict[str, dict[int, float]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    folder = tiny_spark_folder()
    return load_model(str(folder / "LLM"), str(folder / "BiCodec"), "spark")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes(model, tmp_path_factory) -> tuple[Outcome, Outcome]:
    """(whole checkpoint with masks, cut checkpoint)."""
    narrow = tmp_path_factory.mktemp("cut") / "lm"
    vocabulary = cut(model.folder, kept_ids(model.family.grammar), narrow)
    assert vocabulary.size < vocabulary.full_size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vllm_inference.backend, "engine_arguments", with_logprobs)
        return await outcome(model.folder, model), await outcome(narrow, model)


async def outcome(folder: Path, model: SpeechModel) -> Outcome:
    found = Outcome()
    options = VLLMOptions(max_streams=2, max_sequence=512)
    backend = await asyncio.to_thread(VLLMBackend.from_folder, folder, options)
    try:
        for voice in model.spec.voices[:2]:
            prompt = list(model.family.prompt("Hello there.", voice).ids)
            grammar = model.family.grammar_of(voice)
            for penalty in PENALTIES:
                chosen = Sampling(TOKENS, 0.0, repetition_penalty=penalty, grammar=grammar)
                key = voice.name, penalty
                found.greedy[key] = await tokens(backend, prompt, chosen, f"{voice.name}-{penalty}")
            chosen = Sampling(1, 1.0, repetition_penalty=1.3, seed=1, grammar=grammar)
            found.logprobs[voice.name] = await first_logprobs(
                backend, prompt, chosen, f"first-{voice.name}"
            )
    finally:
        await backend.close()
    return found


async def test_greedy_tokens_are_the_same(outcomes):
    masked, ours = outcomes
    assert ours.greedy == masked.greedy
    assert all(len(found) == TOKENS for found in ours.greedy.values())
    assert len({tuple(found) for found in ours.greedy.values()}) > 1


async def test_distribution_over_legal_ids_is_the_same(outcomes):
    masked, ours = outcomes
    assert ours.logprobs.keys() == masked.logprobs.keys()
    for voice, found in ours.logprobs.items():
        expected = masked.logprobs[voice]
        assert found.keys() == expected.keys()
        assert len(found) > 1
        assert math.isclose(sum(math.exp(p) for p in found.values()), 1, abs_tol=1e-4)
        assert all(math.isclose(found[t], expected[t], abs_tol=1e-4) for t in expected)
