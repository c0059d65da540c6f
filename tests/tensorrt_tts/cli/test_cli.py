import json
import os
import shlex
import signal
import subprocess
import sys
import time
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from tensorrt_tts import cli
from tensorrt_tts.families.base import Voice
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.families.registry import DEMO_SPEC
from tests.support.audio_files import decoded
from tests.support.tiny_extension import write_extension
from tests.support.tiny_orpheus import tiny_model_folders

TEXT = "The rain had stopped."


def model_options() -> list[str]:
    folder, codec = tiny_model_folders()
    return ["--model", str(folder), "--codec", str(codec)]


def speak(*arguments: str) -> int:
    return cli.main(["speak", *arguments, *model_options()])


def test_speak_writes_a_wav_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "out.wav"
    assert speak(TEXT, "-o", str(path), "--seed", "1", "--json", "--timing") == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    with wave.open(str(path)) as file:
        assert file.getnframes() == report["samples"] == report["frames"] * 2048
        assert (file.getframerate(), file.getnchannels()) == (24000, 1)
    for row in ("first token", "first audio", "audible onset", "real-time factor"):
        assert row in err


def test_raw_pcm_comes_while_generating(tmp_path: Path) -> None:
    """A reader sees the first samples long before the process ends."""
    long = " ".join([TEXT] * 20)
    command = [sys.executable, "-m", "tensorrt_tts", "speak", long, "--raw", *model_options()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(2000)) == 2000
        assert process.poll() is None
        process.stdout.close()  # like `| head`
        assert process.wait(240) == 141
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["", "-o", "{}/x.wav"], 2, "nothing to speak"),
        (["a" * 10_000, "-o", "{}/x.wav"], 2, "10000 characters, the limit is 5000"),
        (["Hi.", "--voice", "julia", "-o", "{}/x.wav"], 2, "choose one of: tara"),
        (["bell\a", "-o", "{}/x.wav"], 2, "U+0007"),
        (["say <custom_token_28>", "-o", "{}/x.wav"], 2, "<custom_token_28>"),
        (["Hi.", "--hop", "0", "-o", "{}/x.wav"], 2, "hop 0"),
        (["Hi.", "--threads", "0", "-o", "{}/x.wav"], 2, "--threads 0"),
        (["Hi.", "--threads", "9" * 12, "-o", "{}/x.wav"], 2, "use 1 to 1024"),
        (["Hi.", "--device", "banana", "-o", "{}/x.wav"], 2, "device 'banana'"),
        (["Hi.", "--lookahead", "9", "--stateful", "-o", "{}/x.wav"], 2, "cannot be combined"),
        (["Hi.", "--sample-rate", "44", "-o", "{}/x.wav"], 2, "--sample-rate 44 is out of range"),
        (["Hi.", "--sample-rate", "96000", "-o", "{}/x.wav"], 2, "use 8000 to 48000 Hz"),
        (["Hi.", "--bandwidth-extension", "/no", "-o", "{}/x.wav"], 3, "no config.json in"),
        (["caf\udce9", "-o", "{}/x.wav"], 2, "not valid UTF-8"),
        (["Hi.", "-o", "{}"], 6, "not a regular file"),
        (["Hi.", "-o", "-"], 6, "use --raw"),
        (["Hi.", "-o", "{}/" + "x" * 300 + ".wav"], 6, "File name too long"),
        (["Hi.", "-o", "{}/none/x.wav"], 6, "no folder"),
        (["Hi.", "-o", "/dev/null"], 6, "not a regular file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_file(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    assert speak(*(argument.replace("{}", str(tmp_path)) for argument in arguments)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "magic"),
    [("x.mp3", b"ID3"), ("X.FLAC", b"fLaC"), ("x.opus", b"OggS"), ("x.wav.ogg", b"OggS")],
)
def test_the_ending_says_what_is_written(tmp_path: Path, name: str, magic: bytes) -> None:
    assert speak(TEXT, "-o", str(tmp_path / "x.wav"), "--seed", "1") == 0
    assert speak(TEXT, "-o", str(tmp_path / name), "--seed", "1") == 0
    assert (tmp_path / name).read_bytes().startswith(magic)
    with wave.open(str(tmp_path / "x.wav")) as file:
        samples = file.getnframes()
    _, _, rate, found = decoded(tmp_path / name)
    assert 0 <= len(found) * 24000 / rate - samples <= 1152


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x.xyz", "'x.xyz' has the ending '.xyz', which says no audio format; use one of: .wav"),
        ("speech", "'speech' has no ending, which says no audio format; use one of: .wav .flac"),
        ("x.mp3.txt", "has the ending '.txt'"),
    ],
)
def test_an_unknown_ending_is_refused_before_a_model_is_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture, name: str, says: str
) -> None:
    path = tmp_path / name
    assert cli.main(["speak", "Hi.", "-o", str(path), "--model", "./nowhere"]) == 6
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert not path.exists()


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""The locale as it is, without Python's own help for it."""


def run_in(locale: dict[str, str], *arguments: str | bytes, stdin: bytes = b"") -> tuple[str, str]:
    """stdout and stderr of the command in another locale."""
    command = [sys.executable, "-m", "tensorrt_tts", *arguments]
    ended = subprocess.run(
        command, input=stdin, capture_output=True, env=os.environ | locale, timeout=100
    )
    return ended.stdout.decode(), ended.stderr.decode()


def test_text_in_a_locale_without_letters(tmp_path: Path) -> None:
    """From stdin and as an argument, into a file with a name of the kind."""
    text = "Déjà vu, ऋतिका."
    path = str(tmp_path / "é.flac").encode()
    options = [*model_options(), "--seed", "1", "--json", "--voice", "tara", "-o", path]
    for given, stdin in (("-", text.encode("utf-8-sig")), (text.encode(), b"")):
        out, err = run_in(ASCII, "speak", given, *options, stdin=stdin)
        assert "Traceback" not in err
        assert json.loads(out)["segments"][0]["text"] == text
        assert decoded(tmp_path / "é.flac")[1] == "flac"


def test_stdin_that_is_not_utf_8(tmp_path: Path) -> None:
    out, err = run_in(
        {"PYTHONIOENCODING": "latin-1"}, "speak", "-", "-o", f"{tmp_path}/x.wav", stdin=b"caf\xe9"
    )
    assert out == ""
    assert err == "error: text on stdin is not UTF-8: byte 3 is 0xe9; convert it first\n"


@pytest.mark.parametrize("arguments", [["voices"], ["voices", "--json"], ["speak", "--help"]])
def test_output_in_a_locale_without_letters(arguments: list[str]) -> None:
    out, err = run_in(ASCII, *arguments)
    assert err == ""
    assert out.isascii()
    if "--json" in arguments:
        assert "ऋतिका" in str(json.loads(out))


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_corrupt_checkpoints(tmp_path: Path, capsys: pytest.CaptureFixture, file: str) -> None:
    import shutil

    folder, codec = tiny_model_folders()
    shutil.copytree(folder, tmp_path / "lm")
    (tmp_path / "lm" / file).write_bytes(b"garbage")
    out = tmp_path / "x.wav"
    options = ["--model", str(tmp_path / "lm"), "--codec", str(codec), "-o", str(out)]
    assert cli.main(["speak", "Hi.", *options]) == 3
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "download it again" in err
    assert err.count("\n") == 1
    assert not out.exists()


def test_a_request_is_refused_before_its_model_is_looked_for(
    capsys: pytest.CaptureFixture,
) -> None:
    assert cli.main(["speak", "Hi.", "--model", "orpheus-3b", "--voice", "julia"]) == 2
    assert "choose one of: tara" in capsys.readouterr().err


def test_a_link_is_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "target.wav", tmp_path / "link.wav"
    link.symlink_to(target)
    assert speak("Hi.", "-o", str(link), "--seed", "1") == 0
    assert link.is_symlink()
    assert target.stat().st_size > 1000


def test_what_was_cut_short_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenBudget, "tokens", lambda self, text: 22)
    assert speak(TEXT, "-o", str(tmp_path / "x.wav"), "--seed", "1") == 0
    assert f"warning: 1 of 1 parts ended before the model was done, or without audio: {TEXT!r}" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("arguments", [["speak", "Hi.", "--raw"], ["speak", "-"]])
def test_closed_standard_streams(arguments: list[str]) -> None:
    command = shlex.join([sys.executable, "-m", "tensorrt_tts", *arguments, *model_options()])
    ended = subprocess.run(["sh", "-c", f"{command} <&- >&-"], stderr=subprocess.PIPE, timeout=240)
    assert ended.returncode in (2, 6)
    assert ended.stderr.startswith(b"error: std")
    assert ended.stderr.count(b"\n") == 1


def test_ctrl_c_while_nobody_reads() -> None:
    """The pipe is full and the writer blocked: it must not keep the process."""
    long = " ".join([TEXT] * 20)
    command = [sys.executable, "-m", "tensorrt_tts", "speak", long, "--raw", *model_options()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(240) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"stopped\n"


def test_a_signal_leaves_no_partial_file(tmp_path: Path) -> None:
    long = " ".join([TEXT] * 200)
    command = [sys.executable, "-m", "tensorrt_tts", "speak", long, *model_options()]
    with subprocess.Popen([*command, "-o", str(tmp_path / "x.wav")]) as process:
        while not list(tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(240) == 143
    assert not list(tmp_path.iterdir())


def test_missing_checkpoint(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["speak", "Hi.", "--model", "./nowhere"]) == 3
    assert "no folder './nowhere'" in capsys.readouterr().err


def test_voices(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["voices"]) == 0
    assert "tara, leah" in capsys.readouterr().out
    assert cli.main(["voices", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert models[0]["model"] == "demo"
    assert models[0]["voices"] == [{"name": "heart", "language": "en"}]
    assert models[1]["model"] == "demo-hi"
    names = [voice.get("friendly_name", voice["name"]) for voice in models[1]["voices"]]
    assert names == ["Asha", "heart", "Kabir"]
    assert "ऋतिका" in str(models)


def test_friendly_names_and_other_languages(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = Voice("hf_alpha", "hi", also=("en",), friendly_name="Asha")
    spec = replace(DEMO_SPEC, voices=(*DEMO_SPEC.voices, asha))
    monkeypatch.setattr("tensorrt_tts.cli.voices.known_spec", lambda name: spec)
    assert cli.main(["voices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["  en: heart", "  hi: hf_alpha (Asha; also en)"]
    assert cli.main(["voices", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["voices"][1] == {
        "name": "hf_alpha",
        "language": "hi",
        "friendly_name": "Asha",
        "also": ["en"],
    }


def test_stability(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["stability", "--text", "Hi.", *model_options()]) == 0
    rows = capsys.readouterr().out.splitlines()
    full = next(row for row in rows if "(full)" in row)
    assert full.endswith("yes")
    assert "18 tok" in full
    assert next(row for row in rows if row.startswith("28-token")).endswith("no")


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_the_rate_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture, rate: int
) -> None:
    path = tmp_path / "out.wav"
    asked = ("--sample-rate", str(rate), "--json", "--seed", "1")
    assert speak(TEXT, "-o", str(path), *asked) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sr_applied"] == ("none" if rate == 24000 else "soxr")
    with wave.open(str(path)) as file:
        assert file.getframerate() == rate
        assert file.getnframes() == round(report["samples"] * rate / 24000)


def test_an_extension_that_takes_another_rate_is_said_to_do_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_extension(tmp_path / "apbwe")
    path = tmp_path / "out.wav"
    asked = ("--sample-rate", "48000", "--bandwidth-extension", str(folder), "--json")
    assert speak(TEXT, "-o", str(path), *asked) == 0
    assert json.loads(capsys.readouterr().out)["sr_applied"] == "soxr"
    assert "takes 16000 Hz, and this model speaks at 24000 Hz" in caplog.text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no voice file 'a.json'"),
        ("[]", "'a.json': the content is"),
        ('{"family": "orpheus"}', "'a.json': name is missing"),
    ],
)
def test_a_voice_file_is_read_before_a_model_is_fetched(
    content: str | None,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if content is not None:
        Path("a.json").write_text(content, encoding="utf-8")
    code = cli.main(["speak", "Hi.", "--model", "spark-0.5b", "--voice-file", "a.json"])
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert says in said
