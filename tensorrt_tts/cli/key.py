"""`tensorrt-tts key`: make an API key for the server."""

from __future__ import annotations

import argparse

from tensorrt_tts.notice import notice
from tensorrt_tts.server.api_keys import check_name, digest, new_key


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "key",
        help="make an API key for the server",
        description="Makes an API key. The key goes to stderr, once; its line for --api-key-file "
        "goes to stdout.",
    )
    parser.add_argument("name", metavar="NAME", help="whose it is: what log and limits call it")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    name = check_name(parsed.name)
    key = new_key()
    notice(f"key: {key}")
    print(f"{name}:{digest(key.encode())}")
