"""A LiveKit agent that speaks through this server: Cartesia's plugin, with another address.

pip install livekit-agents livekit-plugins-cartesia
python examples/livekit_agent.py "Good morning!" --output speech.wav

In a room it is `session.start(agent, room=context.room)`, and the room plays instead of a file.
"""

from __future__ import annotations

import argparse
import asyncio
import wave

import aiohttp
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities
from livekit.plugins import cartesia

RATE = 24_000


class Recorder(AudioOutput):
    def __init__(self, file: wave.Wave_write) -> None:
        can = AudioOutputCapabilities(pause=False)
        super().__init__(label="file", capabilities=can, sample_rate=RATE)
        self._file, self._seconds = file, 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._file.writeframes(bytes(frame.data))
        self._seconds += frame.duration

    def flush(self) -> None:
        super().flush()
        self.on_playback_finished(playback_position=self._seconds, interrupted=False)
        self._seconds = 0.0

    def clear_buffer(self) -> None:
        """What has been written stays."""


async def agent(text: str, url: str, voice: str, file: wave.Wave_write) -> None:
    async with aiohttp.ClientSession() as http:
        tts = cartesia.TTS(base_url=url, api_key="none", voice=voice, http_session=http)
        async with AgentSession(tts=tts) as session:
            session.output.audio = Recorder(file)
            await session.start(Agent(instructions="Read aloud what you are given."))
            await session.say(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak a text through a LiveKit agent.")
    parser.add_argument("text")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--voice", default="tara", help="one of the model's")
    parser.add_argument("--output", default="speech.wav")
    asked = parser.parse_args()
    with wave.open(asked.output, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        asyncio.run(agent(asked.text, asked.url, asked.voice, file))


if __name__ == "__main__":
    main()
