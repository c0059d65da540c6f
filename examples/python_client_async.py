"""The same with asyncio, and interrupted: what had been heard by then?

python examples/python_client_async.py "A long story about a dog." --interrupt-after 1.5
"""

from __future__ import annotations

import argparse
import asyncio
import os

from tensorrt_tts.client import AsyncClient, AsyncSpeech


async def interrupt(speech: AsyncSpeech, after_s: float) -> None:
    """As a voice agent does when its caller begins to talk."""
    await asyncio.sleep(after_s)
    await speech.cancel()


async def talk(url: str, texts: list[str], after_s: float) -> None:
    async with await AsyncClient.connect(url, os.environ.get("TTS_API_KEY")) as client:
        # Asked for ahead: one begins where the one before it has ended.
        speeches = [await client.speak(text, return_words=True) for text in texts]
        for speech in speeches:
            interruption = asyncio.create_task(interrupt(speech, after_s))
            size = 0
            async for pcm in speech:  # play it
                size += len(pcm)
            interruption.cancel()
            assert speech.report is not None
            seconds = size / 2 / speech.sample_rate
            print(f"{speech.report.reason} after {seconds:.2f} s, heard: {speech.report.heard}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak texts one after the other.")
    parser.add_argument("text", nargs="+")
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/tts")
    parser.add_argument("--interrupt-after", type=float, default=60.0, metavar="SECONDS")
    asked = parser.parse_args()
    asyncio.run(talk(asked.url, asked.text, asked.interrupt_after))


if __name__ == "__main__":
    main()
