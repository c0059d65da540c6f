"""stdout for what a command answers with, and for nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO


@contextmanager
def own_stdout() -> Iterator[TextIO | None]:
    """The real stdout. Whatever else writes there meanwhile goes to stderr: engines log on stdout,
    from Python, from C++ and from their child processes, and PCM or JSON must not be mixed with it.
    None where the command was started with stdout closed; with stderr closed nothing is moved."""
    stdout = sys.stdout
    if stdout is None or sys.stderr is None:
        yield stdout
        return
    with redirect_stdout(sys.stderr):
        try:
            shared, errors = stdout.fileno(), sys.stderr.fileno()
        except (OSError, ValueError):  # no files, as in a notebook
            yield stdout
            return
        stdout.flush()
        # Stays open: a thread that still waits for a slow reader must not write anywhere else.
        own = os.dup(shared)
        os.dup2(errors, shared)
        try:
            with open(
                own, "w", encoding=stdout.encoding, errors=stdout.errors, closefd=False
            ) as answers:
                yield answers
        finally:
            os.dup2(own, shared)
