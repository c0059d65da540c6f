"""How a command line ends: one line on stderr, and the exit code of the failure's class."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from tensorrt_tts.errors import InputError, OutputError, TTSError
from tensorrt_tts.notice import notice
from tensorrt_tts.validation import shown

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
PIPE_CLOSED = 141  # 128 + SIGPIPE

WRITE_FAILURES = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EIO))
"""Met while printing, which names no file; what is written to files has errors of its own."""

PATH_FAILURES = frozenset((errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.EROFS))
"""What the system says of a path that somebody gave, or of one below it."""


def exit_status(command: Callable[[], object], interrupted: str = "stopped") -> int:
    """Run a command. Returns 0, the exit code of its TTSError, or a shell's code for a signal.

    interrupted: what to say on Ctrl-C. A bug still ends in a traceback.
    """
    _end_tidily_on(signal.SIGTERM, signal.SIGHUP)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without the letters of a voice's name must not end the command.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        command()
        if sys.stdout is not None:  # None: started with it closed
            sys.stdout.flush()
        return 0
    except TTSError as error:
        notice(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        notice(interrupted)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our stdout has gone, e.g. `| head`
        _drop_stdout()
        return PIPE_CLOSED
    except OSError as error:
        if error.errno in PATH_FAILURES and error.filename is not None:
            notice(
                f"error: {shown(error.filename, 120)}: {error.strerror}; check the path, and "
                "whether this user may use it"
            )
            return InputError.exit_code
        if error.errno not in WRITE_FAILURES or error.filename is not None:
            raise
        _drop_stdout()
        notice(
            f"error: cannot write to stdout: {error.strerror}; free some space or write elsewhere"
        )
        return OutputError.exit_code


def _end_tidily_on(*signals: signal.Signals) -> None:
    """Unwind on these as on Ctrl-C, so that no half-written file stays behind. One that is ignored
    stays so: `nohup` means it."""
    if threading.current_thread() is threading.main_thread():
        for number in signals:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _drop_stdout() -> None:
    """Keep the interpreter from flushing what is left into it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
