"""API keys: known by their SHA-256, which tells nobody the key. A key is 256 random bits, so a
plain hash is enough: there is nothing to guess.

One key a line, `NAME:SHA256`, then what of the limits is its own:

    # made by `tensorrt-tts key`
    alice:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8
    bot:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b streams=4
    house:… streams=unlimited characters_per_minute=60000

A name may stand on several lines: while a key is being replaced, both are good, and counted
together.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.errors import SettingError
from tensorrt_tts.files import read_text
from tensorrt_tts.server.identity import KeyLimits
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from tensorrt_tts.server.settings import ServerSettings

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
"""How often the file's date is looked at, at most."""

REMEDY = "write one NAME:SHA256 a line, as `tensorrt-tts key NAME` prints it"

_NAME = re.compile(r"[\w.@+-]{1,64}")
_LIMITS = tuple(field.name for field in fields(KeyLimits))


def check_name(name: str) -> str:
    """Raises SettingError."""
    if not _NAME.fullmatch(name):
        raise SettingError(f"name {shown(name)} is not 1 to 64 letters, digits and .@+-_")
    return name


def new_key() -> str:
    """Letters, digits, "-" and "_" only: it fits into any header, address and subprotocol."""
    return f"tts_{secrets.token_urlsafe(32)}"


def digest(key: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(key).hexdigest()


@dataclass(frozen=True, slots=True)
class ApiKey:
    name: str
    digest: str
    limits: KeyLimits


def parse_keys(lines: Iterable[str], source: str, limits: KeyLimits) -> tuple[ApiKey, ...]:
    """limits: of the keys that do not say otherwise. source: what the lines are of, for messages.

    Raises SettingError naming the line, never what may be a key.
    """
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        key = _parse(words, f"{source}, line {number}", limits)
        if key.digest in keys:
            raise SettingError(
                f"{source}, line {number}: {key.name} has the key of {keys[key.digest].name}; "
                "make another by `tensorrt-tts key NAME`"
            )
        keys[key.digest] = key
    return tuple(keys.values())


def _parse(words: list[str], where: str, limits: KeyLimits) -> ApiKey:
    name, _, hashed = words[0].partition(":")
    if not re.fullmatch("[0-9a-fA-F]{64}", hashed):
        raise SettingError(
            f"{where}: no SHA-256 of 64 hexadecimal digits follows a name and ':'; {REMEDY}, and "
            "never the key itself"
        )
    try:
        check_name(name)
    except SettingError as error:
        raise SettingError(f"{where}: {error}; {REMEDY}") from error
    for word in words[1:]:
        limit, _, value = word.partition("=")
        if limit not in _LIMITS:
            raise SettingError(
                f"{where}: limit {shown(limit)} is unknown; the limits are: {', '.join(_LIMITS)}"
            )
        if value != "unlimited" and not re.fullmatch("[1-9][0-9]{0,8}", value):
            raise SettingError(
                f"{where}: {limit} is {shown(value)}; use a whole number from 1 on, or unlimited"
            )
        limits = replace(limits, **{limit: None if value == "unlimited" else int(value)})
    return ApiKey(name, hashed.lower(), limits)


class ApiKeys:
    """The keys of the settings. The file is read again when it has changed; while it is missing or
    wrong, those that were read last stay good, and the log says so.

    clock: seconds, monotonic. Raises SettingError for a file that cannot be used, for one without
    a key, and for limits of keys where there are none.
    """

    def __init__(
        self, settings: ServerSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = KeyLimits(settings.key_streams, settings.key_characters_per_minute)
        self._path = settings.api_key_file
        given = settings.api_keys.get_secret_value().replace(",", "\n").splitlines()
        self._given = parse_keys(given, "api_keys", self._limits)
        self._clock = clock
        self._looked_at = clock()
        self._signature = self._look()
        self._keys = (*self._given, *self._read())
        if not self._keys and self._path is not None:
            raise SettingError(f"api_key_file '{self._path}' has no key in it; {REMEDY}")
        if not self._keys and self._limits != KeyLimits():
            raise SettingError(
                "key_streams and key_characters_per_minute are limits of keys, and there are none; "
                "set --api-key-file too"
            )
        self.needed = bool(self._keys)
        """For as long as the process lives: a file that becomes empty lets nobody in."""

    def find(self, given: Iterable[bytes]) -> ApiKey | None:
        """The first that is known. Every known one is compared, each in constant time."""
        found: ApiKey | None = None
        keys = self._current()
        for digested in map(digest, given):
            for key in keys:
                if hmac.compare_digest(key.digest, digested) and found is None:
                    found = key
        return found

    def _current(self) -> tuple[ApiKey, ...]:
        if self._path is None or self._clock() < self._looked_at + LOOK_EVERY_S:
            return self._keys
        self._looked_at = self._clock()
        signature = self._look()
        if signature != self._signature:
            self._signature = signature
            try:
                self._keys = (*self._given, *self._read())
                logger.info(
                    "api_key_file '%s' was read again: %d keys", self._path, len(self._keys)
                )
            except SettingError as error:
                logger.error("the keys read before stay good: %s", error)
        return self._keys

    def _look(self) -> tuple[int, ...] | None:
        """What changes when the file does, also where a link is turned to another."""
        try:
            found = os.stat(self._path) if self._path is not None else None
        except OSError:
            return None
        return found and (found.st_ino, found.st_size, found.st_mtime_ns)

    def _read(self) -> tuple[ApiKey, ...]:
        if self._path is None:
            return ()
        try:
            text = read_text(Path(self._path), SettingError, REMEDY)
        except FileNotFoundError as error:
            raise SettingError(
                f"api_key_file '{self._path}' is not there; make it with `tensorrt-tts key NAME "
                f">> {self._path}`"
            ) from error
        return parse_keys(text.splitlines(), f"api_key_file '{self._path}'", self._limits)
