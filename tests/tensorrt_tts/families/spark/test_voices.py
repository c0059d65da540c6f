"""Files of voices: what they hold, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tensorrt_tts.errors import CorruptCheckpointError, UnknownVoiceError
from tensorrt_tts.families.spark.family import SparkSpec
from tensorrt_tts.families.spark.spec import INDIC, SPARK
from tensorrt_tts.families.spark.voices import Gender, Level, SpeakerSet

CODES = list(range(32))
ONE = {"name": "Asha", "language": "hi"}
SET: dict[str, Any] = {"name": "mine", "template": {"content": "{text}"}, "voices": [ONE]}


def read(folder: Path, content: object) -> SparkSpec:
    (folder / "speakers.json").write_text(json.dumps(content))
    return SparkSpec.of(SpeakerSet.read(folder / "speakers.json"))


def test_the_released_set() -> None:
    female, male = SPARK.voices
    assert female.style is not None
    assert (female.style.gender, female.style.pitch) == (Gender.FEMALE, Level.MODERATE)
    assert (male.name, SPARK.voice(None)) == ("male", female)
    assert (SPARK.sampling.temperature, SPARK.sampling.top_k) == (0.8, 50)
    assert (SPARK.sampling.top_p, SPARK.sampling.repetition_penalty) == (0.95, 1.0)
    assert SPARK.budget.tokens("a" * 9999) == 3000


def test_the_twelve_speakers() -> None:
    internal = ["lipakshi", "reet", "Nandini", "Nilay", "vardan", "anika", "adarsh", "krishna"]
    friendly = ["Mitra", "Aaranya", "Taru", "Neer", "Dhruva", "Ira", "Veda", "Aria"]
    friendly += ["Aarvi", "Asha", "Bittu", "Mira"]
    assert [voice.name for voice in INDIC.voices] == friendly
    for voice, name in zip(INDIC.voices, internal, strict=False):
        assert voice.internal == name
        assert INDIC.voice(name) is INDIC.voice(voice.name) is voice
    assert [voice.internal for voice in INDIC.voices[8:]] == [None] * 4
    assert len(INDIC.tags) == 10
    with pytest.raises(UnknownVoiceError, match=r"'tara' is not one of spark-indic's.*Mitra, Aar"):
        INDIC.voice("tara")


def test_all_that_a_voice_may_have(tmp_path: Path) -> None:
    reference = {"transcript": "So.", "semantics": [1, 2]}
    spec = read(
        tmp_path,
        SET
        | {
            "sampling": {"temperature": 0.6},
            "max_tokens": 700,
            "voices": [
                ONE | {"internal": "a1", "gender": "female", "globals": CODES},
                {"name": "b", "language": "te", "globals": CODES, "reference": reference},
                {"name": "c", "language": "en", "style": {"gender": "male", "speed": "high"}},
            ],
        },
    )
    asha, b, c = spec.voices
    assert (asha.globals, asha.gender, asha.names) == (tuple(CODES), "female", ("Asha", "a1"))
    assert b.reference is not None
    assert b.reference.semantics == (1, 2)
    assert c.style is not None
    assert c.style.speed is Level.HIGH
    assert (spec.sampling.temperature, spec.sampling.top_k) == (0.6, 50)
    assert spec.budget.tokens("a" * 500) == 700


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"template": None}, "template is None, not an object"),
        ({"template": {"content": "{voice}"}}, r"template: content: '\{voice\}' must hold \{text"),
        ({"template": {"content": "{text}", "tag": "[]"}}, r"template: tag: '\[\]' must hold"),
        ({"voices": []}, r"voices is \[\], too short"),
        ({"voices": [ONE, ONE]}, "voices: 'Asha' names two of them"),
        (
            {"voices": [ONE, {"name": "x", "internal": "Asha", "language": "hi"}]},
            "voices: 'Asha' names two of them",
        ),
        (  # in Unicode's two forms: nobody could ask for either
            {"voices": [ONE | {"name": "Jos\u00e9"}, ONE | {"name": "Jose\u0301"}]},
            "voices: 'Jos\u00e9' names two of them",
        ),
        ({"voices": [ONE, ONE | {"name": " Asha "}]}, "voices: 'Asha' names two of them"),
        ({"voices": [ONE | {"name": "  "}]}, "name: '  ' is nothing but spaces"),
        ({"voices": [ONE | {"name": "\t"}]}, "is nothing but spaces"),
        ({"voices": [ONE | {"globals": CODES[:31]}]}, r"globals: 31 codes, and a speaker has 32"),
        ({"voices": [ONE | {"globals": [-1, *CODES[1:]]}]}, "globals.0 is -1, which must be at"),
        ({"voices": [ONE | {"globals": ["1"] * 32}]}, "globals.0 is '1', not a whole number"),
        ({"voices": [ONE | {"style": {"gender": "low"}}]}, "gender is 'low'"),
        ({"voices": [ONE | {"style": {"gender": "male", "pitch": 3}}]}, "pitch is 3"),
        (
            {"voices": [ONE | {"globals": CODES, "style": {"gender": "male"}}]},
            "'Asha' has a style and globals",
        ),
        (
            {"voices": [ONE | {"style": {"gender": "male", "pitch_value": 3}}]},
            "pitch_value 3 and speed_value None: give both or none",
        ),
        (
            {
                "voices": [
                    ONE | {"style": {"gender": "male", "pitch_value": 1001, "speed_value": 3}}
                ]
            },
            "pitch_value is 1001, which must be below 1001",
        ),
        (
            {"voices": [ONE | {"reference": {"transcript": "So.", "semantics": [1]}}]},
            "'Asha' has a reference and no globals",
        ),
        (
            {"voices": [ONE | {"globals": CODES, "reference": {"transcript": "a"}}]},
            "reference.semantics is missing",
        ),
        (
            {
                "voices": [
                    ONE | {"globals": CODES, "reference": {"transcript": "a", "semantics": []}}
                ]
            },
            r"semantics is \[\], too short",
        ),
        ({"voices": [{"name": "Asha"}]}, "voices.0.language is missing"),
        ({"sampling": {"temperature": 9.0}}, "temperature 9.0 is out of range; use 0.0 to 2.0"),
        ({"sampling": {"min_p": 0.1}}, "sampling.min_p is not a field"),
        ({"max_tokens": 3}, "max_tokens is 3, which must be at least 100"),
        ({"speakers": []}, "speakers is not a field"),
    ],
)
def test_what_is_wrong_with_one(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(CorruptCheckpointError, match=rf"speakers.json': .*{says}"):
        read(tmp_path, SET | change)


def test_a_fine_tune_without_a_template(tmp_path: Path) -> None:
    content = {name: value for name, value in SET.items() if name != "template"}
    with pytest.raises(
        CorruptCheckpointError, match="template is missing; see families/spark/sets for"
    ):
        read(tmp_path, content)
