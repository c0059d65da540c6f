"""A file that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Self

from tensorrt_tts.errors import OutputError


def check_output_path(path: Path) -> Path:
    """Where the file will lie: a symbolic link is followed. Raises OutputError where none can."""
    try:
        path = path.resolve()
        if not path.parent.is_dir():
            raise OutputError(
                f"no folder '{path.parent}' for the output; create it or choose another --output"
            )
        if path.exists() and not path.is_file():
            raise OutputError(
                f"'{path}' is not a regular file and cannot be replaced by one; give a file name, "
                "or use --raw and redirect"
            )
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a NUL in the name
        raise failure(path, error) from error
    return path


class WholeFile:
    """Context manager: bytes into a temporary file beside `path`, renamed when all went well.

    Raises OutputError where the file cannot be made or written (no such folder, no permission, disk
    full). After any failure nothing is left behind and an older file at `path` is untouched.
    """

    def __init__(self, path: Path) -> None:
        self.path = check_output_path(path)
        try:
            handle, name = tempfile.mkstemp(
                prefix=".", suffix=f"{path.suffix[:20]}.part", dir=self.path.parent
            )
        except OSError as error:
            raise failure(path, error) from error
        self._part = Path(name)
        self.handle = os.fdopen(handle, "wb")

    def finish(self) -> None:
        """For what has to be written last. Called once, also where the file is dropped."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.finish()
            self.handle.close()
            if error is None:
                os.chmod(self._part, 0o666 & ~_umask())
                os.replace(self._part, self.path)
        except OSError as found:
            if error is None:
                raise failure(self.path, found) from found
        finally:
            self.drop()

    def drop(self) -> None:
        try:
            self.handle.close()
        except OSError:
            pass  # a full disk again, on the last buffer of a file that is being dropped
        finally:
            self._part.unlink(missing_ok=True)


def failure(path: Path, error: Exception) -> OutputError:
    why = getattr(error, "strerror", None) or error
    return OutputError(
        f"cannot write '{_shown(path)}': {why}; choose another --output or free some space"
    )


def _shown(path: Path, limit: int = 120) -> str:
    text = str(path)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
