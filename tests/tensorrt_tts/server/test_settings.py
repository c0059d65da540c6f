import json
from pathlib import Path

import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.serve import bind
from tensorrt_tts.server.settings import ServerSettings, effective, notes, read_settings


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
        (["--send-timeout-s", "1e9"], "send_timeout_s is '1e9'.*at most 86400"),
        (["--send-buffer-bytes", "99999999999"], "send_buffer_bytes is .*at most 1073741824"),
        (["--max-sockets", "9999999999"], "max_sockets is '9999999999'.*at most 1000000"),
        (["--host", ""], "host is ''.*--host or TTS_HOST"),  # the system's word for every address
    ],
)
def test_a_bad_value_is_one_line_with_name_value_and_remedy(
    arguments: list[str], says: str
) -> None:
    with pytest.raises(SettingError, match=says) as refused:
        read_settings(arguments)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--send-timeout-s", "86400"), ("--send-buffer-bytes", "1073741824")],
)
def test_the_largest_value_is_one_that_the_system_takes(flag: str, value: str) -> None:
    bind(read_settings([flag, value, "--port", "0"])).close()


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


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--slotz", "1"], r"unrecognized arguments: --slotz 1; did you mean --slots\?"),
        (["--max-quee=1"], r"--max-quee=1; did you mean --max-queued\?"),
        (["--temperature", "1"], "--temperature 1; `--help` lists the flags"),
        (["demo"], "unrecognized arguments: demo; `--help` lists the flags"),
        (["--port"], "argument --port: expected one argument; `--help` lists the flags"),
    ],
)
def test_a_wrong_flag_is_refused_in_one_line(
    flags: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingError, match=f"{says}$"):
        read_settings(flags)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("voice_names", '{"a":', r"voice_names: '\{\"a\":' is not JSON .* an object of names"),
        ("openai_voices", "alloy=leah", "openai_voices: 'alloy=leah' is not JSON"),
        ("openai_voices", '["alloy"]', r"openai_voices is \['alloy'\], not an object"),
        ("openai_models", '["tts-1"', r"openai_models: '\[\"tts-1\"' is not JSON .* or a, b"),
        ("voice_files", "[a.json]", r"voice_files: '\[a.json\]' is not JSON"),
        ("allowed_origins", "[x", r"allowed_origins: '\[x' is not JSON"),
    ],
)
def test_what_is_to_be_json(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    flag, variable = f"--{name.replace('_', '-')}", f"TTS_{name.upper()}"
    for flags in ([f"{flag}={value}"], []):
        with pytest.raises(SettingError, match=f"{says}.*; set it by {flag} or {variable}$"):
            read_settings(flags)
        monkeypatch.setenv(variable, value)


@pytest.mark.parametrize(
    "given", ["a b.json,c.json", " a b.json , c.json, ", '["a b.json", "c.json"]']
)
def test_a_list_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("TTS_OPENAI_MODELS", given)
    monkeypatch.setenv("TTS_OPENAI_VOICES", "")
    settings = read_settings([f"--voice-files={given}"])
    assert settings.voice_files == (Path("a b.json"), Path("c.json"))
    assert settings.openai_models == ("a b.json", "c.json")
    assert settings.openai_voices == {}


def test_an_env_file_that_the_system_does_not_hand_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").symlink_to("/proc/self/mem")  # a file whose reading fails, for root too
    with pytest.raises(SettingError, match=r"'\.env' cannot be read: .*check its permissions"):
        read_settings([])


def test_an_empty_variable_opens_no_server_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_HOST", "")  # as a container's configuration leaves it
    with pytest.raises(SettingError, match="host is ''"):
        read_settings([])


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--voice-files", "a #1.json,it's #2.json"),
        ("--openai-models", '["tts #1", "\\"two\\" \u00a0# \\\\"]'),
        ("--voice-names", '{"thalia #2": "tara"}'),
        ("--openai-voices", '{"a#b": "tara\t# leah"}'.replace("\t", "\\t")),
    ],
)
def test_a_list_with_what_begins_a_comment_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, value: str
) -> None:
    settings = read_settings([f"{flag}={value}"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("\n".join(effective(settings)), encoding="utf-8")
    assert read_settings([]) == settings != ServerSettings(_env_file=None)


def test_what_is_effective_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {
        "--slots": "3",
        "--warmup-text": 'Déjà vu:\nit\'s 5 # and "more".',
        "--voice-files": "a b.json,c.json",
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


def test_a_name_that_is_none_of_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert notes(read_settings([])) == []
    (tmp_path / ".env").write_text("TTS_SLOT=4\nTTS_PORT=8001\nHF_HOME=/x\n", encoding="utf-8")
    monkeypatch.setenv("TTS_LOGLEVEL", "debug")
    monkeypatch.setenv("tts_max_sockets", "9")  # in any case, as on Windows
    settings = read_settings([])
    assert (settings.port, settings.max_sockets) == (8001, 9)
    assert notes(settings) == [
        f"{name} is no setting of the server and has no effect; did you mean {meant}?"
        for name, meant in (("TTS_LOGLEVEL", "TTS_LOG_LEVEL"), ("TTS_SLOT", "TTS_SLOTS"))
    ]


def test_switches() -> None:
    assert not read_settings([]).metrics_need_key
    assert read_settings(["--metrics-need-key"]).metrics_need_key
    assert not read_settings(["--no-metrics-need-key"]).metrics_need_key
