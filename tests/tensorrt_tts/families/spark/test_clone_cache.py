"""What recordings were encoded to, kept: found again, and what is wrong with a file."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tensorrt_tts.families.spark.clone_cache import (
    CloneCache,
    EncodedReference,
    cache_folder,
)

CODES = EncodedReference.of(range(32), (4, 5, 6))


def test_what_is_kept_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = CloneCache(tmp_path / "clones")
    assert cache.find("a") is None
    cache.keep("a", CODES)
    cache.keep("b", EncodedReference.of(range(32)))
    found = CloneCache(tmp_path / "clones").find("a")
    assert found == CODES
    assert found is not None
    assert (found.globals, found.semantics) == (tuple(range(32)), (4, 5, 6))
    other = cache.find("b")
    assert other is not None
    assert other.semantics == ()
    assert sorted(path.name for path in (tmp_path / "clones").iterdir()) == ["a.json", "b.json"]
    assert stat.S_IMODE((tmp_path / "clones").stat().st_mode) == 0o700
    assert capsys.readouterr().err == ""


def changed(field: str, value: object) -> str:
    return json.dumps(CODES.model_dump(mode="json") | {field: value})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not JSON"),
        (CODES.model_dump_json()[:-20], "is not JSON"),
        (changed("globals", list(range(31))), "globals is .*; it is made again"),
        (changed("globals", [*range(31), -1]), "globals.31 is -1, which must be at least 0"),
        (changed("globals", [*range(31), 30]), "check is not that of the codes; the file was ch"),
        (changed("semantics", [4, 5, 7]), "check is not that of the codes"),
        (changed("semantics", []), "check is not that of the codes"),
        (changed("check", "0"), "check is not that of the codes"),
        (changed("more", 1), "more is not a field that is known here"),
    ],
)
def test_a_damaged_file_is_as_good_as_none_and_said(
    tmp_path: Path, content: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = CloneCache(tmp_path)
    (tmp_path / "a.json").write_text(content)
    assert cache.find("a") is None
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    import re

    assert re.search(rf"^warning: .*a.json'.*{says}", said[0]), said
    cache.keep("a", CODES)
    assert cache.find("a") == CODES


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    cache = CloneCache(tmp_path / "file" / "clones")
    cache.keep("a", CODES)
    said = capsys.readouterr().err
    assert "a cloned voice cannot be kept in" in said
    assert "set TENSORRT_TTS_CACHE to another folder" in said
    assert said.count("\n") == 1


def test_a_reader_sees_all_of_a_file_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that stops while it writes leaves no file of that name."""
    import os

    cache = CloneCache(tmp_path)

    def stop(*_: object) -> None:
        assert list(tmp_path.glob("a.json")) == []
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", stop)
    cache.keep("a", CODES)
    assert list(tmp_path.iterdir()) == []
    assert "No space left on device" in capsys.readouterr().err


def test_where_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORRT_TTS_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("TENSORRT_TTS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tensorrt-tts"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "tensorrt-tts"


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("TENSORRT_TTS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert cache_folder().name == "tensorrt-tts"
