"""`python -m tensorrt_tts.server`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tensorrt_tts.errors import MissingDependencyError
from tensorrt_tts.exit_status import exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    """One line on stderr and the error's exit code for what can be foreseen."""
    ended = 0

    def run() -> None:
        nonlocal ended
        try:
            from tensorrt_tts.server.serve import serve
            from tensorrt_tts.server.settings import read_settings
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"the server needs {error.name!r}; pip install 'tensorrt-tts[server]'"
            ) from error
        ended = serve(read_settings(arguments))

    return exit_status(run) or ended


if __name__ == "__main__":
    sys.exit(main())
