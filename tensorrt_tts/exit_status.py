"""How a command line ends: one line on stderr, and the exit code of the failure's class."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tensorrt_tts.errors import TTSError

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
PIPE_CLOSED = 141  # 128 + SIGPIPE


def exit_status(command: Callable[[], object], interrupted: str = "stopped") -> int:
    """Run a command. Returns 0, the exit code of its TTSError, or a shell's code for a signal.

    interrupted: what to say on Ctrl-C. A bug still ends in a traceback.
    """
    try:
        command()
        return 0
    except TTSError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our stdout has gone, e.g. `| head`. Keep the interpreter from flushing into
        # the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
