"""A client of `/ws/tts`, sync and async, and why a socket to a server did not open.

    with Client.connect("ws://127.0.0.1:8000/ws/tts") as client:
        for pcm in client.speak("Good morning!", voice="tara"):
            player.write(pcm)

Errors are those of `tensorrt_tts.errors`, whether the server or the way there failed. No torch is
imported, and `websockets` only to connect. docs/client.md has the whole.
"""

from tensorrt_tts.client.async_client import AsyncClient, AsyncSpeech
from tensorrt_tts.client.conversation import Report, SpeechFields
from tensorrt_tts.client.sync_client import Client, Speech

__all__ = ["AsyncClient", "AsyncSpeech", "Client", "Report", "Speech", "SpeechFields"]
