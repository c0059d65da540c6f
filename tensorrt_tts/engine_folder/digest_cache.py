"""SHA-256 of large files, remembered while a file's size, inode and times stay what they were.

The weights of three billion parameters are 6 GB, and every start needs their digest to find the
engine that was built from them. Nothing rests on the cache: where it is missing, damaged or cannot
be written, files are read again.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tensorrt_tts.engine_folder.manifest import digest
from tensorrt_tts.errors import EngineError
from tensorrt_tts.files import read_json

NAME = ".digests.cache"
"""Of the cache in a folder of engines, where names with a dot are no engines."""

MOST_FILES = 256
"""Entries kept, the latest hashed: some twenty checkpoints."""

SETTLED_NS = 2_000_000_000
"""A file younger than this when its hashing began could be written again within one tick of its
file system's clock (2 s on FAT, the coarsest) and look the same, so its digest is not kept."""


class _Entry(BaseModel):
    """A file as it was hashed. changed_ns: ctime, which tools that restore times cannot set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    inode: int
    modified_ns: int
    changed_ns: int
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _Entries(BaseModel):
    """files: by real path, hence one entry a file; the latest hashed last."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    files: dict[str, _Entry] = Field(default_factory=dict)


class DigestCache:
    """folder: where the cache is kept. clock: nanoseconds since the epoch."""

    def __init__(self, folder: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = folder / NAME
        self._clock = clock
        self._known = self._read()
        self._new: dict[str, _Entry] = {}

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, hex. Reads it only when nothing is known of the file as it is now."""
        real = path.resolve()
        began, before = self._clock(), real.stat()
        known = self._known.get(str(real))
        if known is not None and known == _entry(before, known.sha256):
            return known.sha256
        fresh = _entry(before, digest(real))
        settled = began - max(before.st_mtime_ns, before.st_ctime_ns) > SETTLED_NS
        if settled and _entry(real.stat(), fresh.sha256) == fresh:  # nobody wrote to it meanwhile
            self._new[str(real)] = fresh
        return fresh.sha256

    def save(self) -> None:
        """Adds what was hashed to the file, by one rename. Of two processes that save at once one
        may lose its entries, and hashes again."""
        if not self._new:
            return
        older = {name: entry for name, entry in self._read().items() if name not in self._new}
        kept = dict([*older.items(), *self._new.items()][-MOST_FILES:])
        with contextlib.suppress(OSError):  # a read-only or full disk
            self._write(_Entries(files=kept).model_dump_json(indent=1))
        self._new = {}

    def _read(self) -> dict[str, _Entry]:
        try:
            return read_json(self._path, _Entries, EngineError).files
        except (FileNotFoundError, EngineError):
            return {}

    def _write(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, work = tempfile.mkstemp(prefix=f"{NAME}.", dir=self._path.parent)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(work, 0o644)  # a server's user may use what a builder's hashed
            os.replace(work, self._path)
        except BaseException:
            os.unlink(work)
            raise


def _entry(stat: os.stat_result, sha256: str) -> _Entry:
    return _Entry(
        bytes=stat.st_size,
        inode=stat.st_ino,
        modified_ns=stat.st_mtime_ns,
        changed_ns=stat.st_ctime_ns,
        sha256=sha256,
    )
