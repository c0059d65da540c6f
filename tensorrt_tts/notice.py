"""What goes to stderr for whoever reads along. Nobody has to: a stderr that is closed, full or no
longer read loses lines and nothing else. What they are about has been done, or goes on."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, TextIO

_UNREAD = (OSError, ValueError)
"""ValueError: closed since."""


def notice(line: str, end: str = "\n") -> None:
    """One line on stderr."""
    if sys.stderr is None:  # started with it closed: print would write to stdout instead
        return
    with suppress(*_UNREAD):
        print(line, end=end, file=sys.stderr, flush=True)


class LossyStream:
    """A text stream for a library that shows progress on it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(*_UNREAD):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(*_UNREAD):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
