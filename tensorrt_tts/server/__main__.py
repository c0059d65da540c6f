"""`python -m tensorrt_tts.server`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tensorrt_tts.errors import MissingDependencyError, TTSError


def main(arguments: Sequence[str] | None = None) -> int:
    """One line on stderr and the error's exit code for what can be foreseen."""
    try:
        try:
            from tensorrt_tts.server.serve import serve
            from tensorrt_tts.server.settings import read_settings
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"the server needs {error.name!r}; pip install 'tensorrt-tts[server]'"
            ) from error
        return serve(read_settings(arguments))
    except TTSError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
