import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.settings import read_settings


def test_flags_over_environment_over_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_SLOTS", "7")
    monkeypatch.setenv("TTS_PORT", "9000")
    settings = read_settings(["--port", "9001", "--max-queued", "0"])
    assert (settings.slots, settings.port, settings.max_queued) == (7, 9001, 0)
    assert (settings.model, settings.backend) == ("demo", "reference")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--slots", "0"], "slots is '0'.*--slots or TTS_SLOTS"),
        (["--port", "high"], "port is 'high'"),
        (["--send-timeout-s", "0"], "send_timeout_s is '0'.*--send-timeout-s"),
        (["--send-timeout-s", "inf"], "send_timeout_s is 'inf'"),
        (["--log-level", "loud"], "log_level is 'loud'"),
    ],
)
def test_a_bad_value_is_one_line_with_name_value_and_remedy(
    arguments: list[str], says: str
) -> None:
    with pytest.raises(SettingError, match=says) as refused:
        read_settings(arguments)
    assert "\n" not in str(refused.value)


def test_unknown_flag_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        read_settings(["--slotz", "1"])
    assert refused.value.code == 2
    assert "--slotz" in capsys.readouterr().err
