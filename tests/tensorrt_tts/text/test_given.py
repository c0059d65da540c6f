import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.given import argument_text, given_text, stdin_text

TEXT = "Déjà vu, ऋतिका."
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
READ = "import sys; from tensorrt_tts.text.given import stdin_text as f; said = f()"
READ_ARGUMENT = (
    "import sys; from tensorrt_tts.text.given import argument_text as f; said = f(sys.argv[1])"
)


def said(
    script: str, locale: dict[str, str], stdin: bytes = b"", arguments: Sequence[bytes] = ()
) -> str:
    command = [sys.executable, "-c", f"{script}; sys.stdout.buffer.write(said.encode())"]
    ended = subprocess.run(
        [*command, *arguments],
        input=stdin,
        stdout=subprocess.PIPE,
        env=os.environ | locale,
        check=True,
        timeout=60,
    )
    return ended.stdout.decode()


@pytest.mark.parametrize("locale", [ASCII, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONUTF8": "1"}])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_stdin_in_any_locale(encoding: str, locale: dict[str, str]) -> None:
    assert said(READ, locale, (TEXT + "\r\n").encode(encoding)).splitlines() == [TEXT]


@pytest.mark.parametrize("locale", [ASCII, {"PYTHONUTF8": "1"}])
def test_an_argument_in_any_locale(locale: dict[str, str]) -> None:
    assert said(READ_ARGUMENT, locale, arguments=[TEXT.encode()]) == TEXT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"caf\xe9", "text on stdin is not UTF-8: byte 3 is 0xe9; convert it first"),
        (b"\xef\xbb\xbfab\xff", "not UTF-8: byte 5 is 0xff"),
        ("ab".encode("utf-16")[:-1], "not UTF-16: byte 4 is 0x62"),
    ],
)
def test_stdin_that_is_no_text(monkeypatch: pytest.MonkeyPatch, content: bytes, says: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with pytest.raises(TextError, match=says):
        stdin_text()


def test_stdin_that_is_none_or_text_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(TEXT))
    assert stdin_text() == TEXT
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(TextError, match="stdin is closed; give the text as an argument"):
        stdin_text()


@pytest.mark.parametrize("argument", ["", "plain", TEXT, "caf\udce9", "\ud800"])
def test_what_is_no_utf_8_is_left_for_the_text_to_refuse(argument: str) -> None:
    assert argument_text(argument) == argument


@pytest.mark.parametrize("name", ["notes.txt", "a b.md", "Good morning."])
def test_the_name_of_a_file_is_said_and_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("What is in it.", encoding="utf-8")
    assert given_text(name) == name
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: '{name}' is a file, and its name is taken for the text;")


@pytest.mark.parametrize("text", ["Good morning.", "folder", "a" * 5000, "a\0b", "", "~", "/"])
def test_any_other_text_is_no_file(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    assert (given_text(text), capsys.readouterr().err) == (text, "")


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(TEXT))
    assert given_text("-") == TEXT
