"""A WAV file that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
import wave
from pathlib import Path
from types import TracebackType

import numpy as np

from tensorrt_tts.errors import OutputError


def check_wav_path(path: Path) -> Path:
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
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
        raise _failure(path, error) from error
    return path


class WavWriter:
    """Context manager: int16 mono into a temporary file beside `path`, renamed when all went well.

    Raises OutputError where the file cannot be made or written (no such folder, no permission, disk
    full). After any failure nothing is left behind and an older file at `path` is untouched.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self._path = check_wav_path(path)
        try:
            handle, name = tempfile.mkstemp(prefix=".", suffix=".wav.part", dir=self._path.parent)
        except OSError as error:
            raise _failure(path, error) from error
        self._part = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 - closed in __exit__
        self._wave.setnchannels(1)
        self._wave.setsampwidth(2)
        self._wave.setframerate(sample_rate)

    def write(self, pcm: np.ndarray) -> None:
        try:
            self._wave.writeframes(pcm.astype("<i2").tobytes())
        except OSError as error:
            raise _failure(self._path, error) from error

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._wave.close()  # patches the sizes in the header
            self._file.close()
            if error is None:
                os.chmod(self._part, 0o666 & ~_umask())
                os.replace(self._part, self._path)
        except OSError as failure:
            if error is None:
                raise _failure(self._path, failure) from failure
        finally:
            self._drop()

    def _drop(self) -> None:
        try:
            self._file.close()
        except OSError:
            pass  # a full disk again, on the last buffer of a file that is being dropped
        finally:
            self._part.unlink(missing_ok=True)


def _failure(path: Path, error: Exception) -> OutputError:
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
