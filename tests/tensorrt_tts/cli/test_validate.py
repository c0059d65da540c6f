import json
import socket
from pathlib import Path

import pytest

from tensorrt_tts import cli
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.server.api_keys import digest
from tests.support.tiny_extension import write_extension
from tests.support.tiny_orpheus import tiny_model_folders


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no `.env`
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def validated(
    capsys: pytest.CaptureFixture[str], *flags: str
) -> tuple[int, dict[str, str | None], list[str]]:
    """(exit code, settings as printed, lines on stderr)."""
    code = cli.main(["validate", "--port", "0", *flags])
    out, err = capsys.readouterr()
    settings: dict[str, str | None] = {}
    for line in out.splitlines():
        name, _, value = line.removeprefix("# ").partition("=")
        settings[name] = None if line.startswith("# ") else value
    return code, settings, err.splitlines()


def test_the_voice_that_ships_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, settings, said = validated(capsys, "--slots", "3")
    assert (code, said) == (0, ["nothing is wrong with it"])
    assert settings["TTS_SLOTS"] == "3"
    assert settings["TTS_MODEL"] == "demo"
    assert settings["TTS_API_KEY_FILE"] is None
    assert settings["TTS_METRICS_NEED_KEY"] == "false"
    assert settings["TTS_BANDWIDTH_EXTENSION"] is None
    assert settings["TTS_ACCOUNTANT"] is None


def test_an_extension_and_an_accountant(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, name = write_extension(tmp_path / "a"), "tests.support.accountants:poor"
    flags = ("--bandwidth-extension", str(folder), "--accountant", name)
    code, settings, said = validated(capsys, *flags)
    assert (code, said) == (0, ["nothing is wrong with it"])
    assert settings["TTS_BANDWIDTH_EXTENSION"] == str(folder)
    assert settings["TTS_ACCOUNTANT"] == name


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["--slots", "0"], 2, "slots is '0'"),
        (["--api-key-file", "nothing"], 2, "api_key_file 'nothing' is not there"),
        (["--key-streams", "2"], 2, "limits of keys, and there are none"),
        (["--backend", "nothing"], 2, "backend 'nothing' is unknown"),
        (["--device", "gpu"], 2, "device 'gpu' is not cpu, cuda or cuda:N"),
        (["--device", ""], 2, "device '' is not cpu"),
        (["--device", "cuda:x"], 2, "device 'cuda:x' is not cpu"),
        (["--warmup-text", ""], 2, "warmup_text '': text has nothing to speak"),
        (["--warmup-text", " … "], 2, "warmup_text ' … ': text has nothing to speak"),
        (["--max-characters", "3"], 2, "warmup_text 'Ready to speak.': text "),
        (["--spec", "nothing"], 2, "spec 'nothing' is unknown"),
        (["--model", "./nothing"], 3, "no folder './nothing'"),
        (["--model", "nothing"], 3, "no folder 'nothing'"),
        (["--codec", "/nothing"], 3, "no folder '/nothing'"),
        (["--model", "orpheus-3b", "--codec", "./no"], 3, "no folder './no'"),
        (["--openai-voices", '{"alloy": "nobody"}'], 2, "the voice 'nobody'"),
        (["--allowed-origins", "site"], 2, "'site' is no origin"),
        (["--host", "192.0.2.1"], 2, "cannot listen on host '192.0.2.1'"),
        (["--bandwidth-extension", "/nothing"], 3, "no config.json in bandwidth extension"),
        (["--accountant", "nothing:at_all"], 2, "accountant 'nothing:at_all' cannot be opened"),
        (["--accountant", "json:dumps"], 2, "accountant 'json:dumps' cannot be opened"),
        (["--log-format", "xml"], 2, "log_format is 'xml'"),
    ],
)
def test_what_is_wrong_is_a_line_and_an_exit_code(
    flags: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, _, (line,) = validated(capsys, *flags)
    assert ended == code
    assert line.startswith("error: ")
    assert says in line


@pytest.mark.parametrize("model", ["orpheus-3b", "Spark-0.5B", "owner/name"])
def test_what_is_on_a_hub_is_not_asked_for(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert validated(capsys, "--model", model, "--device", "cuda")[0] == 0


def test_voices_are_known_before_a_model_is_downloaded(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--model", "orpheus-3b", "--openai-voices")
    assert validated(capsys, *flags, '{"alloy": "leah"}')[0] == 0
    code, _, (line,) = validated(capsys, *flags, '{"alloy": "nobody"}')
    assert (code, "'nobody'" in line) == (2, True)


def test_all_that_is_wrong_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--key-streams", "2", "--backend", "nothing", "--model", "./nothing")
    code, _, lines = validated(capsys, *flags)
    assert code == 3
    assert [line.split()[1] for line in lines] == ["key_streams", "backend", "no"]


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, _, (line,) = validated(capsys, "--port", port)
    assert (code, f"port {port}" in line) == (2, True)


def test_folders(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, codec = map(str, tiny_model_folders())
    assert validated(capsys, "--model", folder, "--codec", codec)[0] == 0
    assert validated(capsys, "--model", folder)[0] == 0  # its codec is on the hub
    cut = tmp_path / "cut"
    cut.mkdir()
    for path in Path(folder).iterdir():
        (cut / path.name).write_bytes(path.read_bytes())
    (cut / "model.safetensors").write_bytes(b"\x00" * 100)
    code, _, (line,) = validated(capsys, "--model", str(cut), "--codec", codec)
    assert (code, "model.safetensors" in line) == (3, True)
    (cut / "model.safetensors").unlink()
    code, _, (line,) = validated(capsys, "--model", str(cut))
    assert (code, "no weights in" in line) == (3, True)
    (cut / "config.json").unlink()
    assert validated(capsys, "--model", str(cut), "--codec", codec)[0] == 3


def test_the_voice_that_ships_with_another_codec(capsys: pytest.CaptureFixture[str]) -> None:
    assert validated(capsys, "--codec", str(demo_folder("codec")))[0] == 0
    code, _, (line,) = validated(capsys, "--codec", str(demo_folder("codec") / "config.json"))
    assert (code, "is a file; give the folder" in line) == (3, True)


def test_secrets_are_masked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlalchemy")
    monkeypatch.setenv("TTS_API_KEYS", f"alice:{digest(b'A')}")
    monkeypatch.setenv("TTS_REQUEST_LOG", "sqlite:///log.db")
    code, settings, said = validated(capsys, "--key-streams", "2")
    assert (code, said) == (0, ["nothing is wrong with it"])
    assert settings["TTS_API_KEYS"] == "…"
    assert settings["TTS_REQUEST_LOG"] == "sqlite:///log.db"
    assert not Path("log.db").exists()  # nothing was connected to


def test_a_misspelt_setting_is_told_and_no_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTS_SLOT", "4")
    Path(".env").write_text("TTS_MAX_QUEUE=1\n", encoding="utf-8")
    code, settings, said = validated(capsys, "--openai-models", "a.json")
    assert [line.partition(" has no effect; ")[2] for line in said[:2]] == [
        "did you mean TTS_MAX_QUEUED?",
        "did you mean TTS_SLOTS?",
    ]
    assert all(line.startswith("warning: TTS_") for line in said[:2])
    assert (code, said[2:]) == (0, ["nothing is wrong with it"])
    assert (settings["TTS_SLOTS"], settings["TTS_OPENAI_MODELS"]) == (None, '["a.json"]')


@pytest.mark.parametrize(
    ("model", "content", "says"),
    [
        ("spark-0.5b", None, "no voice file 'a.json'"),
        ("spark-0.5b", "{", "'a.json' is not JSON"),
        ("spark-0.5b", '{"family": "spark"}', "'a.json': name is missing"),
        ("orpheus-3b", "{}", "has no voice files"),
        ("demo", "{}", "has no voice files"),
    ],
)
def test_voice_files_are_read(
    capsys: pytest.CaptureFixture[str], model: str, content: str | None, says: str
) -> None:
    if content is not None:
        Path("a.json").write_text(content, encoding="utf-8")
    code, _, said = validated(capsys, "--model", model, "--voice-files", "a.json")
    assert code == 2
    assert [line for line in said if says in line]
    assert all(line.startswith("error: ") for line in said)


def test_a_gpu_is_not_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, settings, said = validated(capsys, "--device", "cuda:3")
    assert (code, said) == (0, ["nothing is wrong with it"])
    assert settings["TTS_DEVICE"] == "cuda:3"


def test_a_voice_file_that_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    speaker = {"family": "spark", "name": "Jos\u00e9", "language": "en", "globals": [7] * 32}
    Path("a #1.json").write_text(json.dumps(speaker), encoding="utf-8")
    code, _, said = validated(capsys, "--model", "spark-0.5b", "--voice-files", "a #1.json")
    assert (code, said) == (0, ["nothing is wrong with it"])


@pytest.mark.parametrize("address", ["nothing", "nothing://me:secret@host/name", "://"])
def test_what_is_no_database(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sqlalchemy")
    code, settings, (line,) = validated(capsys, "--request-log", address)
    assert (code, "request_log is not the address" in line) == (2, True)
    assert "secret" not in line + json.dumps(settings)


def test_help_is_the_server_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["validate", "--help"])
    assert ended.value.code == 0
    assert "--api-key-file" in capsys.readouterr().out
