"""argparse, whose errors are one line as all others are: a page of usage hides what is wrong."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from tensorrt_tts.errors import InputError
from tensorrt_tts.notice import notice


class CommandParser(argparse.ArgumentParser):
    """Its subcommands are of the same kind."""

    def error(self, message: str) -> NoReturn:
        notice(f"error: {message}; `{self.prog} --help` lists what may be given")
        sys.exit(InputError.exit_code)
