"""What streams see when the real engine's process is killed under them."""

import asyncio

import pytest

from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.errors import EngineDiedError
from tests.support.tiny_orpheus import tiny_model_folders
from tests.vllm_inference.engine_fixtures import engine, engine_processes, generate, tokens
from vllm_inference.options import VLLMOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(1800, func_only=True),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

ENDLESS = Sampling(1900, temperature=0.0)


async def test_every_open_and_later_stream_is_told():
    options = VLLMOptions(max_streams=4, max_sequence=2000)
    async with engine(tiny_model_folders()[0], options) as backend:
        tasks = [
            asyncio.create_task(generate(backend, [5, 6, 7], ENDLESS, name)) for name in "abcd"
        ]
        while backend.stats().generated_tokens < 40:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.01)
        victims = engine_processes()
        assert victims
        for process in victims:
            process.kill()
        async with asyncio.timeout(60):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [EngineDiedError] * 4
        with pytest.raises(EngineDiedError, match="restart the process"):
            await tokens(backend, [5, 6, 7], ENDLESS, "later")
        assert backend.stats().running == 0
