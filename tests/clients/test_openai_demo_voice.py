"""The voice that ships, heard through OpenAI's client and written down again by Whisper."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.scoring.wer import Transcriber, word_error_rate
from tensorrt_tts.checkpoint_folder import demo_folder
from tests.clients.demo_server import DemoServer
from tests.support.audio_files import decoded

openai = pytest.importorskip("openai", reason="needs the openai package: make test-clients")

pytestmark = pytest.mark.skipif(
    not demo_folder("lm").is_dir(), reason="needs the demo voice's weights"
)

SENTENCE = "Good morning, my friend, and welcome to the city library."


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = DemoServer()
    server.start()
    try:
        address = f"http://127.0.0.1:{server.port}/v1"
        with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as client:
            yield client
    finally:
        server.stop()


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_every_format_is_understood(client: Any, transcriber: Transcriber, name: str) -> None:
    body = client.audio.speech.create(
        model="tts-1",
        voice="alloy",
        input=SENTENCE,
        response_format=name,
        extra_body={"seed": 0},
    ).content
    if name == "pcm":
        rate, samples = 24000, np.frombuffer(body, "<i2").astype(np.int16)
    else:
        _, _, rate, samples = decoded(body)
    heard = transcriber(samples.astype(np.float32) / 32768, rate)
    print(f"{name}: {len(body)} bytes, {len(samples) / rate:.2f} s: {heard}")
    assert word_error_rate([SENTENCE], [heard]) == 0


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_another_speed_is_understood(client: Any, transcriber: Transcriber, speed: float) -> None:
    body = client.audio.speech.create(
        model="tts-1",
        voice="alloy",
        input=SENTENCE,
        response_format="pcm",
        speed=speed,
        extra_body={"seed": 0},
    ).content
    samples = np.frombuffer(body, "<i2").astype(np.float32) / 32768
    heard = transcriber(samples, 24000)
    print(f"speed {speed}: {len(samples) / 24000:.2f} s: {heard}")
    assert word_error_rate([SENTENCE], [heard]) == 0
