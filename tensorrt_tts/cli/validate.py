"""`tensorrt-tts validate`: is the server's configuration right? Before a GPU is rented for it."""

from __future__ import annotations

import argparse

from tensorrt_tts.errors import MissingDependencyError
from tensorrt_tts.notice import notice


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "validate",
        help="check the server's configuration; takes the server's flags",
        add_help=False,
        prefix_chars="\0",  # whatever follows is the server's to read, --help too
    )
    parser.add_argument("flags", nargs="*")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    """Prints the effective settings, then on stderr what may be wrong and what is, a line each.
    Raises the last of it."""
    try:
        from tensorrt_tts.server.preflight import problems
        from tensorrt_tts.server.settings import effective, notes, read_settings
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"the server needs {error.name!r}; pip install 'tensorrt-tts[server]'"
        ) from error
    settings = read_settings(parsed.flags)
    print("\n".join(effective(settings)))
    for note in notes(settings):
        notice(f"warning: {note}")
    found = list(problems(settings))
    if not found:
        notice("nothing is wrong with it")
        return
    for problem in found[:-1]:
        notice(f"error: {problem}")
    raise found[-1]
