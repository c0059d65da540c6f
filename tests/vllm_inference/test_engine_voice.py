"""The voice that ships, spoken by the real vLLM engine: the same sound as the reference backend."""

import asyncio
import subprocess
import sys

import numpy as np
import pytest

from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.speech import SpeechRequest
from tests.vllm_inference.engine_fixtures import idle_stats

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
    pytest.mark.skipif(not demo_folder("lm").is_dir(), reason="the demo voice has no weights yet"),
]

TEXTS = (
    "The boat left the harbour before dawn.",
    "Oh!",
    "Seven engineers listened, and then they agreed.",
    "What did you hear?",
)


async def test_greedy_speech_is_the_reference_backend_s_alone_and_together():
    requests = [SpeechRequest(text, temperature=0.0, seed=5) for text in TEXTS]
    reference = await asyncio.to_thread(open_synthesizer, "demo", "reference")
    expected = [(await reference.synthesize(request))[0] for request in requests]
    await reference.close()
    assert all(len(pcm) > 0 for pcm in expected)

    vllm = await asyncio.to_thread(open_synthesizer, "demo", "vllm", max_streams=4)
    try:
        alone = [(await vllm.synthesize(request))[0] for request in requests]
        together = [
            pcm for pcm, _ in await asyncio.gather(*(vllm.synthesize(each) for each in requests))
        ]
        stats = await idle_stats(vllm.backend)
    finally:
        await vllm.close()
    assert [np.array_equal(*pair) for pair in zip(alone, expected, strict=True)] == [True] * 4
    for pcm, wanted in zip(together, expected, strict=True):  # decoded in batches
        np.testing.assert_allclose(pcm, wanted, rtol=0, atol=1)
    assert stats.running == 0


async def test_raw_speech_on_stdout_is_pcm_and_nothing_else():
    command = [sys.executable, "-m", "tensorrt_tts", "speak", TEXTS[1], "--raw", "--seed", "5"]
    command += ["--temperature", "0", "--backend", "vllm"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr.decode()
    reference = await asyncio.to_thread(open_synthesizer, "demo", "reference")
    expected, _ = await reference.synthesize(SpeechRequest(TEXTS[1], temperature=0.0, seed=5))
    await reference.close()
    assert np.array_equal(np.frombuffer(done.stdout, "<i2"), expected)
