"""`tensorrt-tts speak --url` against a real server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts import cli
from tensorrt_tts.cli.speak import HERE
from tensorrt_tts.server.api_keys import digest
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until

SHORT = Behaviour(frames=6)
SPEAKING = Behaviour(endless=True, rate=300)
SAMPLES = 6 * 2048


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TTS_API_KEY", raising=False)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=SHORT)
    with serving(backend, NullCodec(), slots=1, max_queued=0) as running:
        yield running


def speak(server: ServerThread, *arguments: str) -> int:
    return cli.main(["speak", "--url", server.url, *arguments])


@pytest.mark.parametrize("name", ["x.wav", "x.flac", "x.mp3", "x.opus"])
def test_every_format(
    server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture, name: str
) -> None:
    path = tmp_path / name
    assert speak(server, "Hello.", "--voice", "leo", "-o", str(path)) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"0.51 s of speech in {path}\n")
    _, _, rate, samples = decoded(path)
    assert 0 <= len(samples) * 24_000 / rate - SAMPLES <= 1152


def test_the_same_seed_is_the_same_speech(server: ServerThread, tmp_path: Path) -> None:
    audio = []
    for name in ("a.wav", "b.wav"):
        assert speak(server, "Hello.", "--seed", "7", "-o", str(tmp_path / name)) == 0
        with wave.open(str(tmp_path / name)) as file:
            audio.append(np.frombuffer(file.readframes(SAMPLES), "<i2"))
    assert np.array_equal(*audio)


def test_timing_and_json(
    server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert speak(server, "Hello.", "--timing", "--json", "--warm", "-o", f"{tmp_path}/x.wav") == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert (report["reason"], report["bytes"]) == ("completed", 2 * SAMPLES)
    assert 0 < report["first_audio_s"] <= report["total_s"]
    rows = dict(line.strip().split("  ", 1) for line in err.splitlines()[1:])
    assert rows["tokens"] == str(report["metrics"]["tokens"]) == "42"
    assert rows["first audio"] == f"{1000 * report['first_audio_s']:.0f} ms"
    assert rows["total"] == f"{report['total_s']:.2f} s for 0.51 s of audio"
    assert rows["codec"].endswith(f"in {report['chunks']} chunks")
    assert set(rows) >= {"first token", "audible onset", "real-time factor"}


def test_another_rate(server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "x.wav"
    assert speak(server, "Hello.", "--sample-rate", "8000", "--json", "-o", str(path)) == 0
    assert json.loads(capsys.readouterr().out)["sr_applied"] == "soxr"
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, SAMPLES // 3)
    assert speak(server, "Hello.", "--sample-rate", "7999", "-o", str(path)) != 0
    assert "--sample-rate 7999" in capsys.readouterr().err


def test_nothing_is_measured_unless_asked(
    server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert speak(server, "Hello.", "--timing", "-o", f"{tmp_path}/x.wav") == 0
    assert "tokens  42" in capsys.readouterr().err
    assert speak(server, "Hello.", "-o", f"{tmp_path}/x.wav") == 0
    assert "tokens" not in capsys.readouterr().err


def test_what_was_left_out_is_said(
    server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert speak(server, "Hello 😀.", "-o", f"{tmp_path}/x.wav") == 0
    first = capsys.readouterr().err
    assert speak(server, "Hello.", "-o", f"{tmp_path}/x.wav") == 0
    assert "warning" not in capsys.readouterr().err
    server.backend.behaviour = Behaviour(endless=True)
    assert speak(server, "Hello.", "-o", f"{tmp_path}/x.wav") == 0
    assert "warning: the speech ended before the model was done" in capsys.readouterr().err
    assert first.startswith("0.51 s")


def command(server: ServerThread, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tensorrt_tts", "speak", "--url", server.url, *arguments]


def test_raw_pcm_comes_while_the_server_speaks(server: ServerThread) -> None:
    """And a reader that goes away frees the slot."""
    server.backend.behaviour = SPEAKING
    asked = command(server, "This never ends.", "--raw")
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(2000)) == 2000
        assert process.poll() is None
        process.stdout.close()
        assert process.wait(240) == 141
        assert process.stderr.read() == b""
    wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_nobody_reads(
    server: ServerThread, number: signal.Signals, code: int
) -> None:
    """It frees the slot, too."""
    server.backend.behaviour = SPEAKING
    asked = command(server, "This never ends.", "--raw")
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.send_signal(number)
        assert process.wait(240) == code
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    wait_until(lambda: server.service.slots.active == 0)


def test_stdin(server: ServerThread, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    asked = command(server, "-", "-o", str(path))
    subprocess.run(asked, input="Grüße!".encode(), check=True, capture_output=True)
    assert len(decoded(path)[3]) == SAMPLES


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["", "-o", "{}/x.wav"], 2, "the server says invalid_text: "),
        (["Hi.", "--voice", "julia", "-o", "{}/x.wav"], 2, "the server says unknown_voice: "),
        (["Hi.", "--temperature", "9", "-o", "{}/x.wav"], 2, "temperature 9.0 is out of range"),
        (["caf\udce9", "-o", "{}/x.wav"], 2, "not valid UTF-8"),
        (["Hi.", "--api-key", "a b", "-o", "{}/x.wav"], 2, "the API key is empty, or has spaces"),
        (["Hi.", "-o", "{}"], 6, "not a regular file"),
        (["Hi.", "-o", "-"], 6, "use --raw"),
        (["Hi.", "-o", "{}/x.xyz"], 6, "says no audio format"),
        (["Hi.", "-o", "{}/none/x.wav"], 6, "no folder"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_file(
    server: ServerThread,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    given = (argument.replace("{}", str(tmp_path)) for argument in arguments)
    assert speak(server, *given) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_every_option_of_a_model_here_is_refused(capsys: pytest.CaptureFixture) -> None:
    """Before anybody is asked, also where it says what is so anyway."""
    for name, default in HERE.items():
        option = f"--{name.replace('_', '-')}"
        value = [] if default is False else ["4" if default is None else str(default)]
        assert cli.main(["speak", "Hi.", "--url", "ws://127.0.0.1:1/", option, *value]) == 2
        said = f"error: {option} cannot be combined with --url, whose server has its own model and"
        assert capsys.readouterr().err == f"{said} settings; leave out one or the other\n"


def test_those_that_are_refused_are_named(capsys: pytest.CaptureFixture) -> None:
    more = ("--hop", "4", "--model", "demo")
    assert cli.main(["speak", "Hi.", "--url", "ws://127.0.0.1:1/", *more]) == 2
    assert "error: --hop, --model cannot be combined with --url" in capsys.readouterr().err


def test_a_key_without_a_server(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["speak", "Hi.", "--api-key", "x", "--model", "./nowhere"]) == 2
    assert "--api-key is a server's; give its address by --url" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "127.0.0.1:8000/ws/tts", ""])
def test_what_is_no_address(capsys: pytest.CaptureFixture, url: str) -> None:
    assert cli.main(["speak", "Hi.", "--url", url]) == 2
    assert f"error: url {url!r} is not the address of a WebSocket" in capsys.readouterr().err


def test_no_server(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "x.wav"
    assert cli.main(["speak", "Hi.", "--url", "ws://127.0.0.1:1/ws/tts", "-o", str(path)]) == 8
    assert "cannot be reached" in capsys.readouterr().err


def test_a_full_server(server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    server.backend.behaviour = SPEAKING
    busy = command(server, "This never ends.", "--raw")
    with subprocess.Popen(busy, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        assert speak(server, "Hi.", "-o", f"{tmp_path}/x.wav") == 7
        process.terminate()
    assert "the server says overloaded: " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_model_that_fails_in_mid_speech(
    server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    assert speak(server, "Hi.", "-o", f"{tmp_path}/x.wav") == 8
    assert "the server says no_audio: " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = f"alice:{digest(b'tts_A')}"
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), api_keys=keys) as server:
        path = str(tmp_path / "x.wav")
        assert speak(server, "Hi.", "-o", path) == 2
        assert "the server says invalid_api_key: an API key is needed" in capsys.readouterr().err
        assert speak(server, "Hi.", "--api-key", "tts_A", "-o", path) == 0
        monkeypatch.setenv("TTS_API_KEY", "tts_A")
        assert speak(server, "Hi.", "-o", path) == 0
        assert speak(server, "Hi.", "--api-key", "tts_B", "-o", path) == 2
        assert "not known here" in capsys.readouterr().err
        monkeypatch.setenv("TTS_API_KEY", "")  # as good as none
        assert speak(server, "Hi.", "-o", path) == 2
        assert "an API key is needed" in capsys.readouterr().err
