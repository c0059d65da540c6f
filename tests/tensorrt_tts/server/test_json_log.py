import json
import logging
import sys
from datetime import datetime, timedelta

import pytest

from tensorrt_tts.server import serve
from tensorrt_tts.server.json_log import JsonFormatter
from tensorrt_tts.server.settings import ServerSettings


def formatted(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord(
        {"name": "tensorrt_tts.x", "levelname": "INFO", "msg": "%s\n%d", "args": ('é"', 7), **extra}
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    content = json.loads(line)
    assert isinstance(content, dict)
    return content


def test_a_line_is_an_object() -> None:
    content = formatted()
    when = datetime.fromisoformat(str(content.pop("time")))
    assert when.utcoffset() == timedelta(0)
    assert content == {"level": "info", "logger": "tensorrt_tts.x", "message": 'é"\n7'}


def test_its_fields_are_beside_its_message() -> None:
    assert formatted(fields={"outcome": "completed", "audio_s": 1.5})["audio_s"] == 1.5


@pytest.mark.parametrize("odd", [object(), {1, 2}, b"\xff", ValueError("x")])
def test_a_value_that_is_no_json_loses_no_line(odd: object) -> None:
    assert formatted(fields={"odd": odd})["odd"] == str(odd)


def test_an_exception_is_in_it() -> None:
    try:
        raise ZeroDivisionError("why")
    except ZeroDivisionError:
        content = formatted(exc_info=sys.exc_info())
    assert "ZeroDivisionError: why" in str(content["exception"])


@pytest.mark.parametrize("format_", ["json", "text"])
def test_the_setting_chooses(
    format_: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    serve.log_to_stderr(ServerSettings(_env_file=None, log_format=format_))
    logging.getLogger("a.b").info("said %s", "it", extra={"fields": {"n": 1}})
    line = capsys.readouterr().err.strip()
    if format_ == "json":
        content = json.loads(line)
        assert (content["message"], content["n"]) == ("said it", 1)
    else:
        assert line.endswith("INFO a.b: said it")
