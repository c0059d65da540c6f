"""The benchmarks' command line. Progress on stderr; results, one JSON line last, on stdout."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.commands import codecs, device, host, speech
from benchmarks.commands.load import SUITES
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.exit_status import exit_status

COMMANDS = (
    *SUITES,
    *(speech.quality, codecs.decode_cost, speech.text, speech.word_times, speech.voice_identity),
    *(
        codecs.stability,
        codecs.codec_golden,
        codecs.clone_cost,
        codecs.extension_cost,
        codecs.seams,
    ),
    *(host.host_overhead, host.protocol_overhead, host.soak, host.capacity),
    device.device,
)
"""As `--help` lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or the error's own."""
    parser = CommandParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)

    def run() -> None:
        parsed = parser.parse_args(arguments)
        parsed.run(parsed)

    return exit_status(run)
