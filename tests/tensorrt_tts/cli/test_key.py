import pytest

from tensorrt_tts import cli
from tensorrt_tts.server.api_keys import digest, parse_keys
from tensorrt_tts.server.identity import KeyLimits


def test_the_line_is_of_the_key_that_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["key", "alice@home"]) == 0
    out, err = capsys.readouterr()
    (known,) = parse_keys([out], "stdout", KeyLimits())
    key = err.strip().removeprefix("key: ")
    assert (known.name, known.digest) == ("alice@home", digest(key.encode()))
    assert key not in out


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a#", "x" * 65, "é\n"])
def test_a_name_that_is_none(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["key", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "is not 1 to 64 letters, digits and .@+-_" in err
    assert "key:" not in err
