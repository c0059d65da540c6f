"""A checkpoint with a cut vocabulary on the real vLLM engine, against masking the whole one."""

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

import vllm_inference.backend
from engines.vocabulary import cut, kept_ids
from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.loading import load_model
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.engine_fixtures import first_logprobs, tokens, with_logprobs
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import VLLMOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

STRICT = (True, False)
PENALTIES = (1.0, 1.3)
STARTS = (0, 20)
TOKENS = 35


@dataclass
class Outcome:
    """What one engine made of the same requests, in ids of the whole vocabulary.

    greedy: by (strict, penalty, start). together: by start, all at once. logprobs: by strict.
    """

    greedy: dict[tuple[bool, float, int], list[int]] = field(default_factory=dict)
    together: list[list[int]] = field(default_factory=list)
    logprobs: dict[bool, dict[int, float]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def ids() -> OrpheusTokens:
    folder, codec = tiny_model_folders()
    return load_model(str(folder), str(codec)).family.tokens


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes(ids, tmp_path_factory) -> tuple[Outcome, Outcome]:
    """(whole checkpoint with masks, cut checkpoint)."""
    whole = tiny_model_folders()[0]
    narrow = tmp_path_factory.mktemp("cut") / "lm"
    cut(whole, kept_ids(ids.grammar()), narrow)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vllm_inference.backend, "engine_arguments", with_logprobs)
        return await outcome(whole, ids), await outcome(narrow, ids)


async def outcome(folder: Path, ids: OrpheusTokens) -> Outcome:
    found = Outcome()
    options = VLLMOptions(max_streams=4, max_sequence=512)
    backend = await asyncio.to_thread(VLLMBackend.from_folder, folder, options)
    try:
        for strict in STRICT:
            for penalty in PENALTIES:
                chosen = sampling(ids, grammar=ids.grammar(strict), repetition_penalty=penalty)
                for start in STARTS:
                    key = strict, penalty, start
                    found.greedy[key] = await tokens(backend, prompt(ids, start), chosen)
            chosen = sampling(ids, temperature=1.0, grammar=ids.grammar(strict), top_p=1.0, seed=1)
            name = f"logprobs-{strict}"
            found.logprobs[strict] = await first_logprobs(backend, prompt(ids, 5), chosen, name)
        found.together = await asyncio.gather(
            *(tokens(backend, prompt(ids, s), sampling(ids), f"together-{s}") for s in STARTS)
        )
    finally:
        await backend.close()
    return found


def prompt(ids: OrpheusTokens, start: int, length: int = 150) -> list[int]:
    """Longer than a KV block, and it holds a stop id, as Orpheus prompts do."""
    text = [3 + (start + 7 * i) % 60 for i in range(length)]
    return [ids.start_of_human, *text, ids.end_of_text, ids.start_of_ai, ids.start_of_speech]


def sampling(ids: OrpheusTokens, **changes) -> Sampling:
    settings = {
        "max_tokens": TOKENS,
        "temperature": 0.0,
        "repetition_penalty": 1.3,
        "grammar": ids.grammar(),
    }
    return Sampling(**(settings | changes))


@pytest.mark.parametrize("strict", STRICT)
@pytest.mark.parametrize("penalty", PENALTIES)
async def test_greedy_tokens_are_the_same(outcomes, strict, penalty):
    masked, ours = outcomes
    for start in STARTS:
        key = strict, penalty, start
        assert ours.greedy[key] == masked.greedy[key]
        assert len(ours.greedy[key]) == TOKENS


async def test_prompts_of_one_length_do_not_share_a_prefix(outcomes):
    """Their ids are all placeholders: the cache has to tell them apart by their embeddings."""
    masked, ours = outcomes
    assert ours.together == masked.together
    assert ours.together == [ours.greedy[True, 1.3, start] for start in STARTS]
    assert len({tuple(result) for result in ours.together}) == len(STARTS)


@pytest.mark.parametrize("strict", STRICT)
async def test_distribution_over_legal_ids_is_the_same(outcomes, ids, strict):
    """After everything that shapes it: the penalty counts the stop in the prompt."""
    masked, ours = (outcome.logprobs[strict] for outcome in outcomes)
    assert ours.keys() == masked.keys()
    assert set(ids.stop_ids) <= ours.keys()
    assert len(ours) == len(ids.stop_ids) + (1 if strict else 7) * ids.codebook_size
    assert math.isclose(sum(math.exp(p) for p in ours.values()), 1, abs_tol=1e-4)
    assert all(math.isclose(ours[t], masked[t], abs_tol=1e-4) for t in masked)
