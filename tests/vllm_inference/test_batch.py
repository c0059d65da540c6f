import wave
from pathlib import Path

import pytest

from tests.support.audio_files import decoded
from tests.support.tiny_orpheus import tiny_model_folders
from tests.support.tts_client import assert_same_audio
from vllm_inference import batch


def arguments(output: Path, *texts: str, **changes: str) -> list[str]:
    folder, codec = tiny_model_folders()
    options = {"--model": str(folder), "--codec": str(codec), "--backend": "reference"} | changes
    given = [part for pair in options.items() for part in pair]
    return [*given, "--output", str(output), *(part for text in texts for part in ("--text", text))]


def seconds(path: Path) -> float:
    with wave.open(str(path)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (24000, 1, 2)
        return wav.getnframes() / wav.getframerate()


def samples(path: Path) -> bytes:
    with wave.open(str(path)) as wav:
        return wav.readframes(wav.getnframes())


def test_one_text_one_file(tmp_path, capsys):
    output = tmp_path / "out.wav"
    assert batch.main([*arguments(output, "Oh."), "--seed", "1"]) == 0
    assert seconds(output) > 0.1
    assert str(output) in capsys.readouterr().out


def test_several_texts_are_numbered_and_a_seed_repeats_them(tmp_path):
    output = tmp_path / "out.wav"
    assert batch.main([*arguments(output, "Oh.", "Ah."), "--seed", "1"]) == 0
    first = [samples(tmp_path / f"out-{number}.wav") for number in (1, 2)]
    assert not output.exists()
    assert batch.main([*arguments(output, "Oh.", "Ah."), "--seed", "1"]) == 0
    for number in (1, 2):
        assert_same_audio(samples(tmp_path / f"out-{number}.wav"), first[number - 1])


@pytest.mark.parametrize(
    ("changes", "texts", "code", "says"),
    [
        ({}, [" "], 2, "text"),
        ({"--backend": "none"}, ["Oh."], 2, "backend 'none'"),
        ({"--voice": "nobody"}, ["Oh.", "Ah."], 2, "voice 'nobody'"),
        ({"--model": "/nowhere"}, ["Oh."], 3, "/nowhere"),
    ],
)
def test_bad_input_is_one_line_and_its_exit_code(tmp_path, capsys, changes, texts, code, says):
    output = tmp_path / "out.wav"
    assert batch.main(arguments(output, *texts, **changes)) == code
    message = capsys.readouterr().err.strip()
    assert says in message
    assert len(message.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_voice_is_refused_before_the_engine_is_loaded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(batch, "open_synthesizer", lambda *_, **__: pytest.fail("loaded"))
    given = ["--model", "orpheus-3b", "--voice", "nobody", "--text", "Oh."]
    assert batch.main([*given, "--output", str(tmp_path / "out.wav")]) == 2
    assert capsys.readouterr().err.startswith("error: voice 'nobody' is not one of orpheus-english")


def test_the_ending_says_what_is_written(tmp_path):
    output = tmp_path / "out.FLAC"
    assert batch.main([*arguments(output, "Oh.", "Ah."), "--seed", "1"]) == 0
    for number in (1, 2):
        assert decoded(tmp_path / f"out-{number}.FLAC")[:2] == ("flac", "flac")


def test_an_ending_is_refused_before_anything_is_loaded(tmp_path, capsys):
    changes = {"--model": "/nowhere"}
    assert batch.main(arguments(tmp_path / "out.xyz", "Oh.", **changes)) == 6
    assert "'.xyz', which says no audio format" in capsys.readouterr().err


def test_no_folder_for_the_output(tmp_path, capsys):
    assert batch.main(arguments(tmp_path / "no" / "out.wav", "Oh.")) == 6
    assert "--output" in capsys.readouterr().err
