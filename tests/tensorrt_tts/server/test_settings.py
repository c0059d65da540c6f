import json
from pathlib import Path

import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.settings import ServerSettings, effective, read_settings


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


def test_openai_s_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings([]).openai_voices == {}
    assert "tts-1-hd" in read_settings([]).openai_models
    monkeypatch.setenv("TTS_OPENAI_VOICES", '{"alloy": "leah"}')
    monkeypatch.setenv("TTS_OPENAI_MODELS", '["tts-1"]')
    settings = read_settings([])
    assert (settings.openai_voices, settings.openai_models) == ({"alloy": "leah"}, ("tts-1",))
    assert read_settings(["--openai-voices", '{"ash": "leo"}']).openai_voices["ash"] == "leo"


@pytest.mark.parametrize("level", ["INFO", "info", " Info"])
def test_a_log_level_in_any_case(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("TTS_LOG_LEVEL", level)
    assert read_settings([]).log_level == "info"
    assert read_settings(["--log-level", "Error"]).log_level == "error"


def test_an_env_file_with_a_byte_order_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("\ufeffTTS_WARMUP_TEXT=Déjà\r\nTTS_SLOTS=3\r\n".encode())
    settings = read_settings([])
    assert (settings.warmup_text, settings.slots) == ("Déjà", 3)


@pytest.mark.parametrize(
    ("content", "byte"), [("TTS_SLOTS=3".encode("utf-16"), 0), (b"TTS_MODEL=\xe9", 10)]
)
def test_an_env_file_of_another_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, byte: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingError, match=rf"'\.env' .* is not UTF-8 \(byte {byte}\); convert"):
        read_settings([])


def test_a_message_has_room_for_the_longest_text() -> None:
    assert read_settings([]).message_bytes == 65536
    book = read_settings(["--max-characters", "50000"])
    assert book.message_bytes >= len(json.dumps({"text": "😀" * 50_000}))
    small = ["--max-message-bytes", "4096", "--max-characters", "50000"]
    assert read_settings(small).message_bytes == 4096


def test_unknown_flag_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        read_settings(["--slotz", "1"])
    assert refused.value.code == 2
    assert "--slotz" in capsys.readouterr().err


def test_what_is_effective_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {
        "--slots": "3",
        "--warmup-text": 'Déjà vu: it\'s 5 # and "more".',
        "--openai-voices": '{"alloy": "leah"}',
        "--openai-models": '["tts-1", "tts-2"]',
        "--allowed-origins": "https://a.example,https://b.example",
        "--api-key-file": "/etc/keys",
        "--measure-s": "0",
    }
    settings = read_settings(
        [f"{name}={value}" for name, value in flags.items()] + ["--metrics-need-key"]
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("\n".join(effective(settings)), encoding="utf-8")
    assert read_settings([]) == settings
    usual = ServerSettings(_env_file=None)
    (tmp_path / ".env").write_text("\n".join(effective(usual)), encoding="utf-8")
    assert read_settings([]) == usual


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql+psycopg://me:secret@host:5432/name", "postgresql+psycopg://…@host:5432/name"),
        ("postgresql://me:se@cret@host/name?sslmode=no", "postgresql://…@host/name"),
        ("sqlite:///requests.db", "sqlite:///requests.db"),
        ("secret", "…"),
        ("", ""),
    ],
)
def test_secrets_are_not_shown(address: str, shown: str) -> None:
    lines = effective(ServerSettings(_env_file=None, request_log=address, api_keys="alice:hash"))
    assert f"TTS_REQUEST_LOG={shown}" in lines or (not shown and "# TTS_REQUEST_LOG=" in lines)
    assert "TTS_API_KEYS=…" in lines
    assert "secret" not in str(ServerSettings(_env_file=None, request_log=address))


def test_switches() -> None:
    assert not read_settings([]).metrics_need_key
    assert read_settings(["--metrics-need-key"]).metrics_need_key
    assert not read_settings(["--no-metrics-need-key"]).metrics_need_key
