"""A speaker as a file: written, read again, and everything that can be wrong with one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tensorrt_tts.errors import VoiceFileError
from tensorrt_tts.families.orpheus.spec import ENGLISH
from tensorrt_tts.families.spark.spec import INDIC, SPARK
from tensorrt_tts.families.spark.voices import Gender, Level, Reference, SparkVoice, Style

CODES = tuple(range(32))
FILE: dict[str, Any] = {
    "family": "spark",
    "name": "Mitra",
    "language": "hi",
    "globals": list(CODES),
    "origin": "a test",
}
EXACT = Style(gender=Gender.MALE, pitch=Level.LOW, pitch_value=300, speed_value=4)


@pytest.mark.parametrize(
    "voice",
    [
        SparkVoice("Asha", "hi", globals=CODES),
        SparkVoice("Mitra", "hi", internal="lipakshi", gender=Gender.FEMALE, globals=CODES),
        SparkVoice("deep", "mul", style=EXACT, globals=CODES),
        SparkVoice("me", "en", globals=CODES, reference=Reference(transcript="a", semantics=(1,))),
    ],
    ids=lambda voice: voice.name,
)
def test_what_is_written_is_read(tmp_path: Path, voice: SparkVoice) -> None:
    path = tmp_path / "voice.json"
    path.write_text(SPARK.voice_file(voice, "from here"), encoding="utf-8")
    content = json.loads(path.read_text())
    assert (content["family"], content["origin"]) == ("spark", "from here")
    assert (content["name"], content["globals"]) == (voice.name, list(CODES))
    assert SPARK.read_voice(path) == voice


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"globals": list(CODES[:31])}, "globals: 31 codes, and a speaker has 32"),
        ({"globals": [*CODES, 1]}, "globals: 33 codes, and a speaker has 32"),
        ({"globals": []}, "globals is missing: a speaker's codes are what"),
        ({"globals": [-1, *CODES[1:]]}, "globals.0 is -1, which must be at least 0"),
        ({"globals": ["1", *CODES[1:]]}, "globals.0 is '1', not a whole number"),
        ({"globals": None}, "globals is None, not a list"),
        ({"family": "orpheus"}, "family is 'orpheus', which must be 'spark'"),
        ({"family": None}, "family is None, which must be 'spark'"),
        ({"name": ""}, "name is '', too short"),
        ({"codes": [1]}, "codes is not a field that is known here"),
    ],
)
def test_what_is_wrong_with_one(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / "voice.json"
    path.write_text(json.dumps(FILE | change))
    with pytest.raises(VoiceFileError, match=rf"voice.json': {says}.*--save-voice"):
        SPARK.read_voice(path)


@pytest.mark.parametrize("field", ["family", "name", "language", "globals"])
def test_what_a_file_must_have(tmp_path: Path, field: str) -> None:
    path = tmp_path / "voice.json"
    path.write_text(json.dumps({name: value for name, value in FILE.items() if name != field}))
    with pytest.raises(VoiceFileError, match=rf"voice.json': {field} is missing"):
        SPARK.read_voice(path)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(VoiceFileError, match=r"no voice file '.*none.json'; write one with"):
        SPARK.read_voice(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("Mitra")
    with pytest.raises(VoiceFileError, match=r"text.json' is not JSON"):
        SPARK.read_voice(tmp_path / "text.json")
    with pytest.raises(VoiceFileError, match="is a folder, not a file"):
        SPARK.read_voice(tmp_path)


def test_a_voice_that_nobody_has_heard() -> None:
    for spec in (SPARK, INDIC):
        with pytest.raises(VoiceFileError, match="cannot be saved: no speaker of its"):
            spec.voice_file(spec.voices[0], "")


def test_a_family_without_any() -> None:
    with pytest.raises(VoiceFileError, match=r"orpheus-english has no voice files.*use --voice"):
        ENGLISH.check_voice_files()
    SPARK.check_voice_files()


def test_a_voice_joins_the_others_or_takes_a_place() -> None:
    heard = replace(INDIC.voice("Taru"), globals=CODES)
    changed = INDIC.with_voice(heard)
    assert [voice.name for voice in changed.voices] == [voice.name for voice in INDIC.voices]
    assert changed.voice("nandini") is changed.voice("Taru") is heard
    more = INDIC.with_voice(SparkVoice("Nobody", "en", globals=CODES))
    assert more.voices == (*INDIC.voices, more.voice("Nobody"))


@pytest.mark.parametrize("again", ["Jose\u0301", " Jos\u00e9 ", "Jos\u00e9"])
def test_a_voice_is_the_same_in_any_unicode_form(again: str) -> None:
    """As the name of a recording is, which one system writes so and another otherwise."""
    first = INDIC.with_voice(SparkVoice("Jos\u00e9", "es", globals=CODES))
    second = first.with_voice(SparkVoice(again, "en", globals=CODES))
    assert len(second.voices) == len(first.voices)
    assert second.voice("Jos\u00e9") is second.voice("Jose\u0301") is second.voices[-1]
    assert second.voice(again).language == "en"
