"""The command line: `tensorrt-tts speak | voices | normalize | stability | key | validate`.

Progress and messages go to stderr, results to stdout. A failure is one line and the exit code of
its class in `tensorrt_tts.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tensorrt_tts import __version__
from tensorrt_tts.cli import key, normalize, speak, stability, validate, voices
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.exit_status import exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    parser = CommandParser(
        prog="tensorrt-tts", description="Streaming speech from text-to-speech language models."
    )
    parser.add_argument("--version", action="version", version=f"tensorrt-tts {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (speak, voices, normalize, stability, key, validate):
        module.add_command(commands)

    def command() -> None:
        parsed = parser.parse_args(arguments)  # inside: --help prints, on whatever stdout is
        parsed.run(parsed)

    return exit_status(command)
