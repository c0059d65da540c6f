"""Voices that a checkpoint's own config.json names."""

import json
from pathlib import Path

import pytest

from tensorrt_tts.errors import CorruptCheckpointError, UnknownVoiceError
from tensorrt_tts.families.base import Voice
from tensorrt_tts.families.orpheus.declared_voices import declared_voices
from tensorrt_tts.families.orpheus.spec import DEMO, ENGLISH
from tensorrt_tts.text.reading import EnglishPhonemes, HindiSpelling

HEART = {"name": "heart", "languages": ["en"]}
ASHA = {"name": "hf_alpha", "languages": ["hi", "en"], "friendly_name": "Asha"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"tts_voices": [HEART, ASHA]}))
    return tmp_path


def test_names_languages_and_what_people_call_them(folder: Path) -> None:
    assert declared_voices(folder / "config.json") == (
        Voice("heart", "en"),
        Voice("hf_alpha", "hi", also=("en",), friendly_name="Asha"),
    )


def test_a_voice_is_asked_for_by_either_name_and_reads_its_own_script(folder: Path) -> None:
    spec = DEMO.in_folder(folder)
    assert spec.voice("asha") is spec.voice("hf_alpha") is spec.voices[1]
    assert spec.voice(None).name == "heart"
    assert isinstance(spec.reading(spec.voice("heart")), EnglishPhonemes)
    assert isinstance(spec.reading(spec.voice("Asha")), HindiSpelling)
    with pytest.raises(UnknownVoiceError, match=r"choose one of: heart, hf_alpha$"):
        spec.voice("hm_psi")


def test_released_checkpoints_keep_their_voices(folder: Path) -> None:
    assert ENGLISH.in_folder(folder) is ENGLISH


def test_a_folder_that_names_none_has_the_voice_of_old(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert DEMO.in_folder(tmp_path) is DEMO
    assert [voice.name for voice in DEMO.voices] == ["heart"]


@pytest.mark.parametrize(
    ("voices", "says"),
    [
        ([{"name": "", "languages": ["hi"]}], "tts_voices"),
        ([{"name": "x", "languages": []}], "languages"),
        ([{"languages": ["hi"]}], "name"),
        ("heart", "tts_voices"),
        ([HEART, HEART], "names 'heart' twice"),
        ([HEART, ASHA | {"friendly_name": "heart"}], "names 'heart' twice"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, voices: object, says: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"tts_voices": voices}))
    with pytest.raises(CorruptCheckpointError, match=says):
        declared_voices(tmp_path / "config.json")
