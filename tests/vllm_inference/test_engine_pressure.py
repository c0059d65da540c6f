"""The real engine with too few KV blocks and prompts too long for one step, on either runner."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.loading import load_model
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.engine_fixtures import engine, idle_stats, tokens
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import CPU_BLOCK, VLLMOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800, func_only=True),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

STREAMS = 4
BLOCKS = 10
"""Of 128 ids. Each stream begins with 2 and ends with 3, and vLLM keeps one."""
BLOCK_BYTES = 2 * 2 * 1 * 32 * 4 * CPU_BLOCK
"""K and V, layers, heads, head_dim and bytes of `tiny_orpheus`."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend() -> AsyncIterator[VLLMBackend]:
    options = VLLMOptions(
        max_streams=STREAMS,
        max_sequence=512,
        prefix_caching=False,
        kv_cache_gib=BLOCKS * BLOCK_BYTES / 2**30,
    )
    async with engine(tiny_model_folders()[0], options) as started:
        yield started


async def test_preempted_and_chunked_streams_say_what_they_would_have_said(backend):
    """What a preempted request had generated is read again, as if it were prompt; a prompt of which
    a step reads only a part begins where it ends. Slots and penalty go on as if nothing was."""
    folder, codec = tiny_model_folders()
    ids = load_model(str(folder), str(codec)).family.tokens
    prompts = [
        [ids.start_of_human, *(3 + (seed + 7 * i) % 50 for i in range(240)), ids.start_of_speech]
        for seed in range(STREAMS)
    ]
    sampling = Sampling(60, temperature=0.0, repetition_penalty=1.3, grammar=ids.grammar())
    reference = ReferenceBackend.from_folder(folder)
    expected = [await tokens(reference, prompt, sampling) for prompt in prompts]
    await reference.close()
    found = await asyncio.gather(
        *(tokens(backend, prompt, sampling, f"p{at}") for at, prompt in enumerate(prompts))
    )
    assert found == expected
    assert all(len(stream) == 60 for stream in found)
    stats = await idle_stats(backend)
    assert stats.extra["preemptions"] > 0
    assert stats.kv_blocks_free == BLOCKS - 1
