"""The command line: `tensorrt-tts speak | voices | stability`.

Progress and messages go to stderr, results to stdout. A failure is one line and the exit code of
its class in `tensorrt_tts.errors`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tensorrt_tts.cli import speak, stability, voices
from tensorrt_tts.errors import TTSError


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="tensorrt-tts", description="Streaming speech from text-to-speech language models."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (speak, voices, stability):
        module.add_command(commands)
    parsed = parser.parse_args(arguments)
    try:
        parsed.run(parsed)
        return 0
    except TTSError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our stdout has gone, e.g. `| head`. Keep the interpreter from flushing into
        # the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # 128 + SIGPIPE, as a shell reports it
