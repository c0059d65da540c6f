"""A command: a function of its parsed options, with the options declared beside it."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.errors import SettingError

Declare = Callable[[argparse.ArgumentParser], object]
Run = Callable[[argparse.Namespace], None]


@dataclass(frozen=True)
class Command:
    name: str
    about: str
    options: tuple[Declare, ...]
    run: Run

    def add_to(self, commands: argparse._SubParsersAction[CommandParser]) -> None:
        parser = commands.add_parser(self.name, help=self.about, description=self.about)
        for declare in self.options:
            declare(parser)
        parser.set_defaults(run=self.run)


def command(about: str, *options: Declare) -> Callable[[Run], Command]:
    """What runs it becomes the command of its name."""
    return lambda run: Command(run.__name__.replace("_", "-"), about, options, run)


def option(name: str, **settings: Any) -> Declare:
    """As `add_argument`."""
    return lambda parser: parser.add_argument(name, **settings)


def above_zero(name: str, kind: Callable[[str], Any] = int, **settings: Any) -> Declare:
    """An option that would ask for nothing at 0 or below: SettingError then."""

    @functools.wraps(kind)
    def checked(text: str) -> Any:
        found = kind(text)
        for value in found if isinstance(found, tuple) else (found,):
            if value <= 0:
                raise SettingError(f"{name} {value:g}: must be above 0")
        return found

    return option(name, type=checked, **settings)


def numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))
