"""Speak one text through a running server: `python -m tensorrt_tts.client --text …`.

A small client of `/ws/tts`. It writes the file while audio arrives and says when the first of
it came. To measure a server, use `benchmarks`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorrt_tts.audio.audio_file import AUDIO_FILES, audio_writer, check_audio_path
from tensorrt_tts.client import Client, SpeechFields
from tensorrt_tts.client.handshake import sendable
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.errors import SettingError
from tensorrt_tts.exit_status import exit_status
from tensorrt_tts.text.given import argument_text


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    return exit_status(lambda: run(parsed))


def run(parsed: argparse.Namespace) -> None:
    """Raises what `speak`, `header` and `check_audio_path` raise."""
    fields: SpeechFields = {"voice": parsed.voice, "benchmark": parsed.benchmark}
    headers = dict(header(given) for given in parsed.header)
    check_audio_path(parsed.output)
    summary = speak(parsed.url, parsed.text, fields, parsed.output, parsed.timeout, headers)
    print(json.dumps(summary, indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m tensorrt_tts.client", description="Speak one text through a server."
    )
    parser.add_argument("--text", type=argument_text, required=True)
    parser.add_argument("--voice", type=argument_text, help="default: the server's")
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/tts")
    parser.add_argument(
        "--output", type=Path, default=Path("speech.wav"), metavar="FILE", help=AUDIO_FILES
    )
    parser.add_argument("--benchmark", action="store_true", help="ask for the server's timings")
    parser.add_argument(
        "--header", action="append", default=[], help="NAME:VALUE, such as a proxy's token"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds without a message")
    return parser


def header(given: str) -> tuple[str, str]:
    """Raises SettingError for what cannot be sent as a header of HTTP."""
    name, colon, value = (part.strip() for part in given.partition(":"))
    if not (colon and sendable(name, value)):
        raise SettingError(
            f"--header {given!r} is not of the form NAME:VALUE, in one line of plain ASCII; "
            "correct it"
        )
    return name, value


def speak(
    url: str,
    text: str,
    fields: SpeechFields,
    output: Path,
    timeout: float,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The server's last message, with `first_audio_ms` as seen from here (None without audio).

    Raises what `Client` and `Speech` raise, and OutputError where the file cannot be written.
    Nothing is left at `output` then.
    """
    first: float | None = None
    with (
        Client.connect(url, headers=headers, timeout=timeout) as client,
        audio_writer(output, client.sample_rate) as file,
    ):
        begun = time.perf_counter()
        speech = client.speak(text, **fields)
        for pcm in speech:
            first = first or time.perf_counter()
            file.write(np.frombuffer(pcm, "<i2"))
    assert speech.report is not None
    waited = None if first is None else round(1000 * (first - begun), 1)
    return {**speech.report.message, "first_audio_ms": waited}


if __name__ == "__main__":
    sys.exit(main())
