"""Files that people give: bytes to text, JSON and YAML to a typed value, or one clear line about
why not.

Every failure is of the class that the caller names, CorruptCheckpointError by default, and ends in
the caller's remedy. Only FileNotFoundError passes through: what a missing file means is the
caller's to say.
"""

from __future__ import annotations

import codecs
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tensorrt_tts.errors import CorruptCheckpointError, OutputError, TTSError, reason
from tensorrt_tts.validation import first_problem

T = TypeVar("T")

_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def decode(content: bytes, source: str, error: type[TTSError], remedy: str) -> str:
    """UTF-8, or what a byte order mark says; never what the locale says. The mark is dropped.

    source: what the content is, for the message. Raises `error` with the offset of the first byte
    that is wrong.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as found:
        # utf-8-sig counts from behind its mark
        offset = found.start + (len(content) - len(found.object))
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise error(
            f"{source} is not {name}: byte {offset} is 0x{content[offset]:02x}; {remedy}"
        ) from found


def read_text(
    path: Path,
    error: type[TTSError] = CorruptCheckpointError,
    remedy: str = "download it again",
) -> str:
    """A text file, decoded as `decode` does. Raises FileNotFoundError or `error`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except IsADirectoryError as found:
        raise error(f"'{path}' is a folder, not a file; {remedy}") from found
    except OSError as found:
        raise unreadable(path, found, error) from found
    return decode(content, f"'{path}'", error, remedy)


def unreadable(path: Path, why: OSError, error: type[TTSError]) -> TTSError:
    """What to raise for a file that is there and that the system does not hand out."""
    return error(
        f"'{path}' cannot be read: {why.strerror or reason(why)}; check its permissions and the "
        "disk"
    )


def read_json(
    path: Path,
    kind: type[T] | TypeAdapter[T],
    error: type[TTSError] = CorruptCheckpointError,
    remedy: str = "download it again",
) -> T:
    """A JSON file as a value of `kind` (anything pydantic knows), types strict: "1" and true are no
    numbers.

    Raises FileNotFoundError, or `error` naming the file, the field, its value and the remedy.
    """
    return _typed(path, read_text(path, error, remedy), kind, error, remedy)


def read_yaml(path: Path, kind: type[T] | TypeAdapter[T]) -> T:
    """As `read_json`, for a checkpoint's YAML file, whose content JSON could hold too."""
    import yaml

    error, remedy = CorruptCheckpointError, "download it again"
    text = read_text(path, error, remedy)
    try:
        content = json.dumps(yaml.safe_load(text))
    except (yaml.YAMLError, TypeError, ValueError) as found:
        raise error(f"'{path}' is not YAML ({reason(found)}); {remedy}") from found
    return _typed(path, content, kind, error, remedy)


def _typed(
    path: Path,
    text: str,
    kind: type[T] | TypeAdapter[T],
    error: type[TTSError],
    remedy: str,
) -> T:
    adapter: TypeAdapter[Any] = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        value: T = adapter.validate_json(text, strict=True)
    except ValidationError as found:
        problem = found.errors(include_url=False)[0]
        if problem["type"] == "json_invalid":
            raise error(f"'{path}' is not JSON ({problem['ctx']['error']}); {remedy}") from found
        raise error(f"'{path}': {first_problem(found)}; {remedy}") from found
    return value


@contextlib.contextmanager
def writing(path: Path, remedy: str, kind: str = "") -> Iterator[None]:
    """A file is written inside; its folder is made. kind: what to call it. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        name = f"{kind} '{path}'".lstrip()
        raise OutputError(f"{name} cannot be written ({error.strerror}); {remedy}") from error
