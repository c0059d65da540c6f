"""The voice that ships, heard through Cartesia's package, Pipecat and LiveKit, and written down
again by Whisper."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.scoring.wer import Transcriber, word_error_rate
from tensorrt_tts.checkpoint_folder import demo_folder
from tests.clients.demo_server import DemoServer

aiohttp = pytest.importorskip("aiohttp", reason="comes with pipecat-ai")
cartesia = pytest.importorskip("cartesia", reason="needs the cartesia package: make test-clients")
pytest.importorskip("pipecat", reason="needs pipecat-ai: make test-clients")
pytest.importorskip("livekit.agents", reason="needs livekit-agents: make test-clients")

from livekit.plugins import cartesia as livekit_cartesia  # noqa: E402
from pipecat.frames.frames import TTSTextFrame  # noqa: E402
from pipecat.services.cartesia.tts import CartesiaTTSService  # noqa: E402

from tests.clients.pipecat_bot import pipecat_bot  # noqa: E402

pytestmark = pytest.mark.skipif(
    not demo_folder("lm").is_dir(), reason="needs the demo voice's weights"
)

SENTENCE = "Good morning, my friend, and welcome to the city library."
RATE = 24_000


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    server = DemoServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


async def through_cartesia(server: DemoServer) -> tuple[bytes, str]:
    address = f"127.0.0.1:{server.port}"
    async with (
        cartesia.AsyncCartesia(
            api_key="none", base_url=f"http://{address}", websocket_base_url=f"ws://{address}"
        ) as client,
        client.tts.websocket_connect() as connection,
    ):
        context = connection.context(
            model_id="sonic-3",
            voice={"mode": "id", "id": server.service.synthesizer.voices[0].name},
            output_format={"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
            add_timestamps=True,
        )
        await context.push(SENTENCE, continue_=False)
        audio, words = b"", []
        async for event in context.receive():
            if event.type == "chunk":
                audio += event.audio
            elif event.type == "timestamps":
                words += event.word_timestamps.words
    return audio, " ".join(words)


async def through_pipecat(server: DemoServer) -> tuple[bytes, str]:
    service = CartesiaTTSService(
        api_key="none", url=f"ws://127.0.0.1:{server.port}/tts/websocket", sample_rate=RATE
    )
    async with pipecat_bot(service) as bot:
        await bot.say(*(f"{word} " for word in SENTENCE.split()))
        await bot.until_stopped()
        frames = bot.frames
    return bot.audio, " ".join(f.text.strip() for f in frames if isinstance(f, TTSTextFrame))


async def through_livekit(server: DemoServer) -> tuple[bytes, str]:
    async with aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.port}"
        tts = livekit_cartesia.TTS(base_url=address, api_key="none", http_session=session)
        stream = tts.stream()
        for word in SENTENCE.split():
            stream.push_text(f"{word} ")
        stream.end_input()
        audio, words = b"", ""
        async for event in stream:
            audio += event.frame.data.tobytes()
            words += "".join(event.frame.userdata.get("lk.timed_transcripts", []))
        await stream.aclose()
        await tts.aclose()
    return audio, " ".join(words.split())


@pytest.mark.parametrize("through", [through_cartesia, through_pipecat, through_livekit])
async def test_it_is_understood_and_its_words_are_those_that_were_sent(
    server: DemoServer, transcriber: Transcriber, through: Any
) -> None:
    audio, words = await through(server)
    samples = np.frombuffer(audio, "<i2").astype(np.float32) / 32768
    heard = transcriber(samples, RATE)
    print(f"{through.__name__}: {len(samples) / RATE:.2f} s: {heard}")
    assert word_error_rate([SENTENCE], [heard]) == 0
    assert words == SENTENCE
