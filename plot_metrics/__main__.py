"""`python -m plot_metrics LOG [--out FOLDER]`: all figures and the report of a run log."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from plot_metrics.report import draw_all
from tensorrt_tts.exit_status import exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the path of each file it wrote. The exit code: 0, or the error's own."""
    parser = argparse.ArgumentParser(prog="python -m plot_metrics", description=__doc__)
    parser.add_argument("log", type=Path, help="a run log (.jsonl) that `benchmarks` wrote")
    parser.add_argument("--out", type=Path, help="folder (default: the log's own)")
    parsed = parser.parse_args(arguments)

    def draw() -> None:
        for path in draw_all(parsed.log, parsed.out or parsed.log.parent):
            print(path)

    return exit_status(draw)


if __name__ == "__main__":
    sys.exit(main())
