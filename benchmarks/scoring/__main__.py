"""`python -m benchmarks.scoring FILE.wav … [--said TEXT]`: what Whisper tiny.en hears in a file."""

from __future__ import annotations

import argparse
import sys
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.wer import Transcriber, word_error_rate
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.errors import MissingDependencyError, SettingError
from tensorrt_tts.exit_status import exit_status


def read_wav(path: Path) -> tuple[NDArray[np.float32], int]:
    """int16 mono as float32 (samples,), full scale 1, and its rate. Raises SettingError."""
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise SettingError(f"'{path}' is not 16-bit mono; convert it first")
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return pcm.astype(np.float32) / np.float32(32768), file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise SettingError(
            f"'{path}' is not a readable WAV file ({error}); check the path"
        ) from error


def main() -> int:
    parser = CommandParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--said", help="the text, to print the word error rate against it")
    # Inside: a terminal may not have all the letters of the help.
    return exit_status(lambda: _run(parser.parse_args()))


def _run(parsed: argparse.Namespace) -> None:
    transcribe = _transcriber()
    for path in parsed.files:
        heard = transcribe(*read_wav(path))
        print(f"{path}: Whisper tiny.en hears: {heard}")
        if parsed.said:
            print(f"word error rate {word_error_rate([parsed.said], [heard]):.0%}")


def _transcriber() -> Transcriber:
    try:
        return Transcriber()
    except ImportError as error:
        raise MissingDependencyError(
            f"transcribing needs the package {error.name}; install the 'dev' extra"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
