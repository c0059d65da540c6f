from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tensorrt_tts.errors import CorruptCheckpointError, EngineError, SettingError
from tensorrt_tts.files import decode, read_json, read_text


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    width: int = Field(gt=0)
    rates: tuple[int, ...] = ()
    scale: float = 1.0


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "shape.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le with a mark"]
)
def test_any_encoding_that_says_what_it_is(tmp_path: Path, encoding: str) -> None:
    text = '{"name": "ऋतिका", "width": 3}'
    if encoding.endswith("mark"):
        content = ("\ufeff" + text).encode("utf-16-le")
    else:
        content = text.encode(encoding)
    assert read_json(write(tmp_path, content), dict[str, Any])["name"] == "ऋतिका"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"caf\xe9", "is not UTF-8: byte 3 is 0xe9; convert it"),
        (b"\xef\xbb\xbfcaf\xe9", "is not UTF-8: byte 6 is 0xe9; convert it"),
        (b"\xff\xfea\x00b", "is not UTF-16: byte 4 is 0x62; convert it"),
        (b"a\x80b", "is not UTF-8: byte 1 is 0x80; convert it"),
    ],
)
def test_the_first_wrong_byte_is_named(content: bytes, says: str) -> None:
    with pytest.raises(SettingError, match=f"^that {says}$"):
        decode(content, "that", SettingError, "convert it")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"is not JSON \(EOF while parsing a value at line 1 column 0\)"),
        ("{", "is not JSON"),
        ("[1]", r"the content is \[1\], not an object"),
        ("null", "the content is None, not an object"),
        ("{}", "width is missing"),
        ('{"width": 0}', "width is 0, which must be above 0"),
        ('{"width": "3"}', "width is '3', not a whole number"),
        ('{"width": 3.0}', r"width is 3\.0, not a whole number"),
        ('{"width": true}', "width is True, not a whole number"),
        ('{"width": null}', "width is None, not a whole number"),
        ('{"width": 1, "rates": [1, "2"]}', r"rates\.1 is '2', not a whole number"),
        ('{"width": 1, "scale": "wide"}', "scale is 'wide', not a number"),
        ('{"width": 1, "colour": "red"}', "colour is not a field that is known here"),
    ],
)
def test_file_field_value_and_remedy(tmp_path: Path, content: str, says: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(EngineError, match=rf"^'{path}'.*{says}.*; build it again$") as raised:
        read_json(path, Shape, EngineError, "build it again")
    assert "\n" not in str(raised.value)


def test_what_is_right_is_typed(tmp_path: Path) -> None:
    shape = read_json(write(tmp_path, '{"width": 3, "rates": [8, 4], "scale": 2}'), Shape)
    assert shape == Shape(width=3, rates=(8, 4), scale=2.0)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError, match=r"is a folder, not a file; download it again"):
        read_text(tmp_path)
    with pytest.raises(CorruptCheckpointError, match="cannot be read: File name too long"):
        read_text(tmp_path / ("x" * 300))
    with pytest.raises(CorruptCheckpointError, match="cannot be read: Not a directory"):
        read_text(write(tmp_path, "") / "x")
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")


def test_permission_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a double: the superuser, who may run the tests, is never refused."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SettingError, match="cannot be read: Permission denied; check its perm"):
        read_text(tmp_path / "x", SettingError)
