"""Texts as people hand them over, as arguments or on stdin: UTF-8, whatever the locale says."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from tensorrt_tts.errors import TextError
from tensorrt_tts.files import decode
from tensorrt_tts.notice import notice


def argument_text(argument: str) -> str:
    """A command-line argument as the UTF-8 that its bytes are, where they are UTF-8; else as Python
    read it by the locale, and what it could not read is refused when the text is.

    For text and names; a path stays as it is, since its bytes are its name.
    """
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        return argument


def given_text(argument: str) -> str:
    """What an argument says, or what comes on stdin for "-". The name of a file is said as it
    stands, and a line on stderr tells whoever meant what is in it. Raises TextError."""
    if argument == "-":
        return stdin_text()
    with contextlib.suppress(OSError, ValueError):  # too long for a name; a NUL
        if Path(argument).is_file():
            notice(
                f"warning: '{argument}' is a file, and its name is taken for the text; for what is "
                "in it, give - as the text and the file on stdin"
            )
    return argument


def stdin_text() -> str:
    """All of stdin, decoded as `files.decode` does. Raises TextError."""
    if sys.stdin is None:
        raise TextError("stdin is closed; give the text as an argument")
    binary = getattr(sys.stdin, "buffer", None)
    if binary is None:  # replaced by something that holds text already
        return sys.stdin.read()
    return decode(binary.read(), "text on stdin", TextError, "convert it first")
