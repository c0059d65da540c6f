"""OpenAI's own client against this server: nothing differs but the address.

pip install openai
python examples/openai_sdk.py "Good morning!" --output speech.mp3
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from openai import OpenAI


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak a text through OpenAI's client.")
    parser.add_argument("text")
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--voice", default="alloy", help="one of OpenAI's names or of the model's")
    parser.add_argument("--output", type=Path, default=Path("speech.mp3"))
    asked = parser.parse_args()

    # The client wants a key; this server asks for none.
    client = OpenAI(base_url=asked.base_url, api_key="none")
    began = time.perf_counter()
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice=asked.voice,
        input=asked.text,
        response_format="mp3",
    ) as response:
        size, first_s = 0, 0.0
        with asked.output.open("wb") as file:
            for part in response.iter_bytes():  # as it is being made: play it, or pass it on
                first_s = first_s or time.perf_counter() - began
                size += file.write(part)
    took_s = time.perf_counter() - began
    print(f"{asked.output}: {size} bytes in {took_s:.2f} s, the first after {first_s:.2f} s")


if __name__ == "__main__":
    main()
