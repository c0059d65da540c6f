"""The voice that ships, heard through Deepgram's and ElevenLabs' clients and written down again by
Whisper."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.scoring.wer import Transcriber, word_error_rate
from tensorrt_tts.checkpoint_folder import demo_folder
from tests.clients.demo_server import DemoServer

with warnings.catch_warnings():  # of their imports, which are theirs
    warnings.simplefilter("ignore")
    aiohttp = pytest.importorskip("aiohttp", reason="comes with pipecat-ai")
    httpx = pytest.importorskip("httpx", reason="comes with elevenlabs")
    pytest.importorskip("pipecat", reason="needs pipecat-ai: make test-clients")
    pytest.importorskip("livekit.agents", reason="needs livekit-agents: make test-clients")
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment
    from deepgram.speak.v1.types import SpeakV1Text
    from elevenlabs import ElevenLabs
    from livekit.plugins import deepgram, elevenlabs
    from pipecat.services.deepgram.tts import DeepgramTTSService
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService

    from tests.clients.pipecat_bot import pipecat_bot

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not demo_folder("lm").is_dir(), reason="needs the demo voice's weights"),
]

SENTENCE = "Good morning, my friend, and welcome to the city library."
RATE = 24_000


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = DemoServer()
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


def assert_understood(transcriber: Transcriber, pcm: bytes) -> None:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    heard = transcriber(samples, RATE)
    print(f"{len(samples) / RATE:.2f} s: {heard}")
    assert word_error_rate([SENTENCE], [heard]) == 0


@pytest.mark.parametrize("name", ["deepgram", "elevenlabs"])
async def test_pipecat(port: int, transcriber: Transcriber, name: str) -> None:
    url, voice = f"ws://127.0.0.1:{port}", "21m00Tcm4TlvDq8ikWAM"
    service: Any = DeepgramTTSService(api_key="none", base_url=url)
    if name == "elevenlabs":
        settings = ElevenLabsTTSService.Settings(voice=voice)
        service = ElevenLabsTTSService(api_key="none", url=url, settings=settings)
    async with pipecat_bot(service) as bot:
        await bot.say(*(f"{word} " for word in SENTENCE.split()))
        await bot.until_stopped()
    assert_understood(transcriber, bot.audio)


@pytest.mark.parametrize("name", ["deepgram", "elevenlabs"])
async def test_livekit(port: int, transcriber: Transcriber, name: str) -> None:
    address = f"http://127.0.0.1:{port}/v1"
    async with aiohttp.ClientSession() as session:
        common = {"api_key": "none", "http_session": session}
        if name == "deepgram":
            tts: Any = deepgram.TTS(base_url=f"{address}/speak", **common)
        else:
            tts = elevenlabs.TTS(base_url=address, encoding="pcm_24000", **common)
        stream = tts.stream()
        stream.push_text(SENTENCE)
        stream.end_input()
        audio = b"".join([bytes(event.frame.data) async for event in stream])
        await stream.aclose()
        await tts.aclose()
    assert_understood(transcriber, audio)


def test_deepgram_sdk(port: int, transcriber: Transcriber) -> None:
    http, ws = (f"{scheme}://127.0.0.1:{port}" for scheme in ("http", "ws"))
    where = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)
    with httpx.Client() as client:
        sdk = DeepgramClient(api_key="none", environment=where, httpx_client=client)
        with sdk.speak.v1.connect(model="aura-2-thalia-en", encoding="linear16") as socket:
            socket.send_text(SpeakV1Text(text=SENTENCE))
            socket.send_flush()
            audio = b""
            while isinstance(said := socket.recv(), bytes) or said.type != "Flushed":
                audio += said if isinstance(said, bytes) else b""
            socket.send_close()
    assert_understood(transcriber, audio)


def test_elevenlabs_sdk(port: int, transcriber: Transcriber) -> None:
    with httpx.Client() as client:
        sdk = ElevenLabs(base_url=f"http://127.0.0.1:{port}", api_key="none", httpx_client=client)
        parts = sdk.text_to_speech.stream(
            "21m00Tcm4TlvDq8ikWAM", text=SENTENCE, output_format="pcm_24000", seed=0
        )
        assert_understood(transcriber, b"".join(parts))
