"""This toolkit's own client: audio while it is being made, and when each word of it is heard.

python examples/python_client.py "Good morning!" --output speech.wav
"""

from __future__ import annotations

import argparse
import os
import wave

from tensorrt_tts.client import Client
from tensorrt_tts.errors import TTSError


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak a text through the toolkit's client.")
    parser.add_argument("text")
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/tts")
    parser.add_argument("--voice")
    parser.add_argument("--output", default="speech.wav")
    asked = parser.parse_args()
    try:
        with (
            Client.connect(asked.url, os.environ.get("TTS_API_KEY")) as client,
            wave.open(asked.output, "wb") as file,
        ):
            file.setparams((1, 2, client.sample_rate, 0, "NONE", ""))
            speech = client.speak(asked.text, voice=asked.voice, return_words=True)
            for pcm in speech:  # play it, or pass it on
                file.writeframes(pcm)
    except TTSError as error:  # what the server says is as typed as what it says in process
        raise SystemExit(f"{type(error).__name__}: {error}") from error
    for word in speech.words:
        print(f"{word.start_s:6.2f} s  {word.text}")
    assert speech.report is not None
    print(f"{asked.output}: {speech.report.duration_s:.2f} s, {speech.report.reason}")


if __name__ == "__main__":
    main()
