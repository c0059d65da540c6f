"""`make demo VOICE=NAME`."""

import argparse
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo_voice import demo
from demo_voice.demo import SENTENCES
from tensorrt_tts import checkpoint_folder
from tensorrt_tts.checkpoint_folder import SHIPPED
from tensorrt_tts.errors import UnknownVoiceError

VOICES = [
    {"name": "heart", "languages": ["en"]},
    {"name": "hf_alpha", "languages": ["hi", "en"], "friendly_name": "Asha"},
]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is run, of two models with a voice each."""
    for model, voice in zip(SHIPPED, VOICES, strict=True):
        (tmp_path / model / "lm").mkdir(parents=True)
        config = json.dumps({"tts_voices": [voice]})
        (tmp_path / model / "lm" / "config.json").write_text(config)

    def folder(part: str, model: str) -> Path:
        return tmp_path / model / part

    monkeypatch.setattr(checkpoint_folder, "demo_folder", folder)
    monkeypatch.setattr(demo, "hindi_scores", lambda path, text, work, threads: f"scored {text}")
    found: list[list[str]] = []

    def run(command: list[str]) -> SimpleNamespace:
        found.append(command[2:])
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return found


def options(tmp_path: Path, *given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    return parser.parse_args(given, argparse.Namespace(work=tmp_path, threads=1))


@pytest.mark.parametrize(("sentence", "said"), [("", SENTENCES["hi"]), ("घर चलो।", "घर चलो।")])
def test_a_hindi_voice_says_hindi_and_is_scored(
    commands: list[list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sentence: str,
    said: str,
) -> None:
    demo.run(options(tmp_path, "--voice", "asha", "--sentence", sentence))
    who = ["--model", "demo-hi", "--voice", "hf_alpha"]
    assert [command[1:7] for command in commands] == [["speak", said, *who]]
    assert capsys.readouterr().out == f"scored {said}\n"


def test_an_english_voice_is_transcribed(commands: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.run(options(tmp_path, "--voice", "heart", "--sentence", ""))
    assert ended.value.code == 0
    assert commands[0][1:7] == ["speak", SENTENCES["en"], "--model", "demo", "--voice", "heart"]
    assert commands[1][0] == "benchmarks.scoring"
    assert commands[1][-1] == SENTENCES["en"]


def test_a_voice_that_does_not_ship_is_refused_in_one_line(
    commands: list[list[str]], tmp_path: Path
) -> None:
    with pytest.raises(UnknownVoiceError, match="choose one of: heart, hf_alpha"):
        demo.run(options(tmp_path, "--voice", "hm_psi"))
    assert commands == []


def test_the_english_sentence_is_the_makefiles() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    assert f"SENTENCE ?= {SENTENCES['en']}\n" in makefile
