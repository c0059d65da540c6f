"""The backend on the real vLLM engine, CPU, with a random checkpoint of the Orpheus layout.

Run by `make test-vllm`, once on each of vLLM's model runners. One engine serves all tests of the
module, as it serves all streams.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest
import pytest_asyncio

from tensorrt_tts.backends.base import Finish, Grammar, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.loading import load_model
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.engine_fixtures import (
    INTERPRETED,
    engine,
    generate,
    idle_stats,
    tokens,
)
from vllm_inference.backend import VLLMBackend
from vllm_inference.bindings import LEGAL_SLOTS, LEGAL_SLOTS_V1
from vllm_inference.legal_rule import LegalRule
from vllm_inference.options import VLLMOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800, func_only=True),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

STREAMS = 4 if INTERPRETED else 16
MAX_SEQUENCE = 512


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend() -> AsyncIterator[VLLMBackend]:
    options = VLLMOptions(max_streams=STREAMS, max_sequence=MAX_SEQUENCE, singly_below=0)
    async with engine(tiny_model_folders()[0], options) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reference() -> AsyncIterator[ReferenceBackend]:
    started = ReferenceBackend.from_folder(tiny_model_folders()[0])
    yield started
    await started.close()


@pytest.fixture(scope="module")
def ids() -> OrpheusTokens:
    folder, codec = tiny_model_folders()
    return load_model(str(folder), str(codec)).family.tokens


def prompt(ids: OrpheusTokens, seed: int, length: int = 30) -> list[int]:
    text = [random.Random(seed).randrange(3, 60) for _ in range(length)]
    return [ids.start_of_human, ids.begin_of_text, *text, ids.start_of_ai, ids.start_of_speech]


def greedy(ids: OrpheusTokens, count: int = 70, strict: bool = True, **changes: object) -> Sampling:
    settings: dict = {
        "max_tokens": count,
        "temperature": 0.0,
        "repetition_penalty": 1.1,
        "grammar": ids.grammar(strict),
    }
    return Sampling(**(settings | changes))


def joined(chunks: list[TokenChunk]) -> list[int]:
    return [token for chunk in chunks for token in chunk.ids]


async def test_the_processor_is_the_runner_s(backend):
    v2 = backend._engine.vllm_config.use_v2_model_runner
    assert v2 or not INTERPRETED
    chosen = backend._engine.vllm_config.model_config.logits_processors
    assert chosen == [LEGAL_SLOTS if v2 else LEGAL_SLOTS_V1]


@pytest.mark.parametrize("seed", range(2 if INTERPRETED else 4))
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("penalty", [1.0, 1.3])
async def test_greedy_equals_the_reference(backend, reference, ids, seed, strict, penalty):
    sampling = greedy(ids, strict=strict, repetition_penalty=penalty)
    expected = await tokens(reference, prompt(ids, seed), sampling)
    assert await tokens(backend, prompt(ids, seed), sampling) == expected
    assert len(expected) == 70


async def test_greedy_without_legal_tokens_equals_the_reference(backend, reference, ids):
    sampling = greedy(ids, grammar=Grammar())
    expected = await tokens(reference, prompt(ids, 5), sampling)
    assert await tokens(backend, prompt(ids, 5), sampling) == expected


async def test_a_stop_id_ends_both_at_the_same_place(backend, reference, ids):
    free = await tokens(backend, prompt(ids, 1), greedy(ids))
    sampling = greedy(ids, grammar=replace(ids.grammar(), stops=(free[14],)))
    for other in (backend, reference):
        chunks = await generate(other, prompt(ids, 1), sampling, "stopped")
        assert joined(chunks) == free[: free.index(free[14])]
        assert chunks[-1].finish is Finish.STOP


async def test_the_sequence_limit_ends_both_at_the_same_place(backend, reference, ids):
    reference.capacity = backend.capacity
    sampling = greedy(ids, count=2000)
    ours = await generate(backend, prompt(ids, 2, length=450), sampling, "long")
    theirs = await generate(reference, prompt(ids, 2, length=450), sampling, "long")
    assert joined(ours) == joined(theirs)
    assert ours[-1].finish is theirs[-1].finish is Finish.LENGTH


async def test_a_prompt_longer_than_the_sequence(backend, ids):
    with pytest.raises(SettingError, match="does not fit"):
        await tokens(backend, prompt(ids, 2, length=MAX_SEQUENCE), greedy(ids))


async def test_vllm_refuses_in_our_words(backend, ids):
    with pytest.raises(SettingError, match="top_p"):
        await tokens(backend, prompt(ids, 2), greedy(ids, top_p=7.0))


async def test_frames_are_handed_on_whole(backend, ids):
    """The first id at once, then seven at a time; several times seven where we read late."""
    chunks = await generate(backend, prompt(ids, 1), greedy(ids, count=70), "frames")
    first, *between, last = [len(chunk.ids) for chunk in chunks]
    assert first % 7 == 1
    assert between
    assert all(count % 7 == 0 for count in between)
    assert first + sum(between) + last == 70


async def test_every_id_is_in_its_slot_however_hot(backend, ids):
    sampling = greedy(ids, count=100, temperature=2.0, top_p=1.0)
    spoken = await asyncio.gather(
        *(tokens(backend, prompt(ids, seed), sampling, f"hot{seed}") for seed in range(STREAMS))
    )
    for stream in spoken:
        assert all(token in ids.slot_range(at % 7) for at, token in enumerate(stream))
    # It is hot: these are not the few likeliest ids. (Of one stream alone: it may stop at once.)
    assert len(set().union(*spoken)) > 7 * ids.codebook_size / 2


async def test_a_prefix_comes_once_and_then_the_cycle(backend, ids):
    """As a grammar of global ids before the frames has it."""
    first, second = ids.slot_range(6), ids.slot_range(3)
    rule = LegalRule(
        tuple(((start, start + 3),) for start in first[:10]),
        (((second.start, second.stop),), ((first.start, first.stop),)),
    )
    params = backend._vllm.sampling_params(
        max_tokens=30, temperature=1.5, seed=3, detokenize=False, extra_args=rule.to_extra_args()
    )
    found: list[int] = []
    inputs = {"prompt_token_ids": prompt(ids, 4)}
    async with aclosing(backend._engine.generate(inputs, params, "prefix")) as outputs:
        async for output in outputs:
            found += output.outputs[0].token_ids
    assert len(found) == 30
    beginning = zip(found[:10], first[:10], strict=True)
    assert all(token in range(start, start + 3) for token, start in beginning)
    assert all(token in (second, first)[at % 2] for at, token in enumerate(found[10:]))


async def test_a_malformed_rule_fails_its_request_alone(backend, ids):
    params = backend._vllm.sampling_params(max_tokens=3, extra_args={"legal_slots": [[1, 2]]})
    with pytest.raises(backend._vllm.request_invalid, match="legal_slots must hold"):
        await anext(backend._engine.generate({"prompt_token_ids": [1, 2]}, params, "malformed"))
    assert len(await tokens(backend, prompt(ids, 1), greedy(ids, count=7))) == 7


@pytest.mark.parametrize("cut", [{"top_k": 1}, {"top_p": 1e-6}])
async def test_nothing_but_the_likeliest_id_is_greedy(backend, ids, cut):
    expected = await tokens(backend, prompt(ids, 6), greedy(ids, count=21))
    hot = greedy(ids, count=21, temperature=1.5, seed=1, **cut)
    assert await tokens(backend, prompt(ids, 6), hot) == expected


async def test_stops_only_where_a_frame_begins(backend, ids):
    """Three stop ids against one code per slot: sampled hot, they come soon where legal."""
    whole = ids.grammar()
    narrow = replace(whole, cycle=tuple(slot[:1] for slot in whole.cycle))
    sampling = greedy(ids, count=700, temperature=2.0, top_p=1.0, grammar=narrow)
    lengths = []
    for seed in range(4 if INTERPRETED else 12):
        chunks = await generate(backend, prompt(ids, seed), sampling, "narrow")
        assert chunks[-1].finish is Finish.STOP
        lengths.append(len(joined(chunks)))
    assert all(length % 7 == 0 for length in lengths)
    assert len(set(lengths)) > 1


async def test_seeds(backend, ids):
    def hot(seed: int | None) -> Sampling:
        return greedy(ids, count=35, temperature=1.0, seed=seed)

    first, again, other = [
        await tokens(backend, prompt(ids, 3), hot(seed)) for seed in (11, 11, 12)
    ]
    assert first == again
    assert first != other
    fresh = [await tokens(backend, prompt(ids, 3), hot(None)) for _ in range(2)]
    assert fresh[0] != fresh[1]
    negative = [await tokens(backend, prompt(ids, 3), hot(-1)) for _ in range(2)]
    assert negative[0] == negative[1]


async def test_concurrent_streams_do_not_disturb_each_other(backend, ids):
    """Greedy and seeded streams of many lengths, alone and then all at once, start staggered."""
    work = [
        (
            prompt(ids, number, length=5 + 7 * number),
            greedy(ids, count=40 + 5 * number, temperature=(number % 2) * 0.8, seed=number),
        )
        for number in range(STREAMS)
    ]
    alone = [await tokens(backend, *each) for each in work]

    async def staggered(number: int) -> list[int]:
        await asyncio.sleep(0.03 * number)
        return await tokens(backend, *work[number], f"beside{number}")

    together = await asyncio.gather(*(staggered(number) for number in range(STREAMS)))
    assert list(together) == alone


async def test_random_cancels_leave_nothing_behind(backend, ids):
    """Many streams at once, in rounds; each is left to itself, closed or its task cancelled,
    after a random number of hand-ons. Every block is free again afterwards."""
    length, rounds, least = (60, 8, 0) if INTERPRETED else (300, 5, 5)
    dice = random.Random(7)
    free = (await idle_stats(backend)).kv_blocks_free
    expected = await tokens(backend, prompt(ids, 0), greedy(ids))
    ends: Counter[str] = Counter()

    async def listen(name: str, way: str, after: int) -> None:
        stream = backend.stream(Prompt(tuple(prompt(ids, after))), greedy(ids, count=length), name)
        async with aclosing(stream):
            received = 0
            async for chunk in stream:
                received += len(chunk.ids)
                if chunk.finish is not None:
                    ends[chunk.finish] += 1
                elif received > after and way == "close":
                    ends["close"] += 1
                    break

    for turn in range(rounds):
        tasks = []
        for number in range(STREAMS):
            way = ("leave", "close", "cancel")[dice.randrange(3)]
            name = f"random{turn}.{number}"
            task = asyncio.create_task(listen(name, way, dice.randrange(length // 3)))
            tasks.append((way, task))
        for way, task in tasks:
            if way == "cancel":
                await asyncio.sleep(dice.random() * 0.1)
                task.cancel()
        results = await asyncio.gather(*(task for _, task in tasks), return_exceptions=True)
        assert [result for result in results if isinstance(result, Exception)] == []
        ends["cancel"] += sum(isinstance(r, asyncio.CancelledError) for r in results)
    assert min(ends[way] for way in (Finish.LENGTH, "close", "cancel")) > least
    stats = await idle_stats(backend)
    assert (stats.running, stats.waiting) == (0, 0)
    assert (stats.extra["engine_running"], stats.kv_blocks_free) == (0, free)
    assert await tokens(backend, prompt(ids, 0), greedy(ids)) == expected


async def test_prefix_caching_saves_the_prompt_and_changes_nothing(backend, ids):
    long = prompt(ids, 9, length=300)  # more than two of the CPU backend's blocks of 128 ids
    first = await tokens(backend, long, greedy(ids))
    before = backend.stats().extra["prefix_hits"]
    assert await tokens(backend, long, greedy(ids)) == first
    assert backend.stats().extra["prefix_hits"] - before >= 256
