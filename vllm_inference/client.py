"""Speak one text through a running server: `python -m vllm_inference.client --text …`.

The shortest useful client of `/ws/tts`. It writes the WAV file while audio arrives and says when
the first of it came. To measure a server, use `benchmarks`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorrt_tts.audio.wav import WavWriter
from tensorrt_tts.errors import BackendError, MissingDependencyError, SettingError
from tensorrt_tts.exit_status import exit_status

SAMPLE_RATE = 24_000
"""Of `/ws/tts`, in Hz; the samples are mono and 16 bits."""


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    return exit_status(lambda: run(parsed))


def run(parsed: argparse.Namespace) -> None:
    """Raises what `speak` and `header` raise."""
    request = {"text": parsed.text, "benchmark": parsed.benchmark}
    if parsed.voice is not None:
        request["voice"] = parsed.voice
    headers = dict(header(given) for given in parsed.header)
    summary = speak(parsed.url, request, parsed.output, parsed.timeout, headers)
    print(json.dumps(summary, indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vllm_inference.client", description="Speak one text through a server."
    )
    parser.add_argument("--text", required=True)
    parser.add_argument("--voice", help="default: the server's")
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/tts")
    parser.add_argument("--output", type=Path, default=Path("speech.wav"), metavar="WAV")
    parser.add_argument("--benchmark", action="store_true", help="ask for the server's timings")
    parser.add_argument(
        "--header", action="append", default=[], help="NAME:VALUE, such as a proxy's token"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds without a message")
    return parser


def header(given: str) -> tuple[str, str]:
    """Raises SettingError where there is no colon after a name."""
    name, colon, value = given.partition(":")
    if not (name.strip() and colon):
        raise SettingError(f"--header {given!r} is not of the form NAME:VALUE")
    return name.strip(), value.strip()


def speak(
    url: str,
    request: dict[str, Any],
    output: Path,
    timeout: float,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The server's last message, with `first_audio_ms` as seen from here (None without audio).

    Raises BackendError for a server that is not there, refuses, or stops answering, and OutputError
    where the file cannot be written. Nothing is left at `output` then.
    """
    try:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect
    except ImportError as error:
        raise MissingDependencyError(
            "the client needs websockets: pip install 'tensorrt-tts[server]'"
        ) from error
    try:
        with (
            connect(
                url, max_size=None, compression=None, proxy=None, additional_headers=headers
            ) as socket,
            WavWriter(output, SAMPLE_RATE) as wav,
        ):
            begun = time.perf_counter()
            first: float | None = None
            socket.send(json.dumps(request, ensure_ascii=False))
            while True:
                message = socket.recv(timeout)
                if isinstance(message, bytes):
                    first = first or time.perf_counter()
                    wav.write(np.frombuffer(message, "<i2"))
                    continue
                answer: dict[str, Any] = json.loads(message)
                if "error" in answer:
                    told = answer["error"]
                    raise BackendError(f"the server says {told['code']}: {told['message']}")
                if answer.get("done"):
                    waited = None if first is None else round(1000 * (first - begun), 1)
                    return {**answer, "first_audio_ms": waited}
    except TimeoutError as error:
        raise BackendError(f"{url} sent nothing for {timeout:g} s; is it overloaded?") from error
    except (OSError, ValueError, WebSocketException) as error:
        raise BackendError(
            f"{url} does not answer as a speech server ({error}); start one with `make serve`"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
