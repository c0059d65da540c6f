"""`python -m plot_metrics LOG [--out FOLDER]`: all figures and the report of a run log, or the
figure of a result of `benchmarks stability`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from plot_metrics import error_curve
from plot_metrics.report import draw_all
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.exit_status import exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the path of each file it wrote. The exit code: 0, or the error's own."""
    parser = CommandParser(prog="python -m plot_metrics", description=__doc__)
    parser.add_argument("log", type=Path, help="a run log (.jsonl) or a stability.json")
    parser.add_argument("--out", type=Path, help="folder (default: the log's own)")
    parsed = parser.parse_args(arguments)

    def draw() -> None:
        folder = parsed.out or parsed.log.parent
        if parsed.log.suffix == ".json":
            print(error_curve.draw(parsed.log, folder))
            return
        for path in draw_all(parsed.log, folder):
            print(path)

    return exit_status(draw)


if __name__ == "__main__":
    sys.exit(main())
