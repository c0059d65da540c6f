"""Voices by other services' names."""

import pytest

from tensorrt_tts.errors import InputError, SettingError
from tensorrt_tts.server.protocols import deepgram_wire, elevenlabs_wire
from tensorrt_tts.server.protocols.foreign_voices import ForeignVoices

OWN = ("tara", "leo", "mia")
PATTERNS = [deepgram_wire.MODELS, elevenlabs_wire.VOICE_IDS]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("asked", ["leo", "LEO", " leo\n", "ｌｅｏ"])
def test_the_model_s_own(pattern: str, asked: str) -> None:
    assert ForeignVoices(OWN, {}, pattern).find(asked) == "leo"


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        (deepgram_wire.MODELS, "aura-2-thalia-en"),
        (deepgram_wire.MODELS, "aura-asteria-en"),
        (elevenlabs_wire.VOICE_IDS, "21m00Tcm4TlvDq8ikWAM"),
        (elevenlabs_wire.VOICE_IDS, "hpp4J3VqNfWAUOO0d1Us"),
    ],
)
def test_a_name_of_theirs_always_means_the_same_one(pattern: str, asked: str) -> None:
    found = {ForeignVoices(OWN, {}, pattern).find(asked) for _ in range(3)}
    assert len(found) == 1
    assert found <= set(OWN)
    given = {asked: "Mia"}
    assert ForeignVoices(OWN, given, pattern).find(asked) == "mia"


def test_their_names_are_spread() -> None:
    voices = ForeignVoices(OWN, {}, deepgram_wire.MODELS)
    assert {voices.find(f"aura-2-{number}-en") for number in range(30)} == set(OWN)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("asked", ["bob", "", "aura", "aura-2 x", "21m00Tcm4TlvDq8ikWA", "a" * 21])
def test_nobody(pattern: str, asked: str) -> None:
    with pytest.raises(InputError, match="use one of: tara, leo, mia") as raised:
        ForeignVoices(OWN, {}, pattern).find(asked, "model", 404)
    assert (raised.value.field, raised.value.http_status) == ("model", 404)


def test_a_setting_that_means_nobody() -> None:
    with pytest.raises(SettingError, match="voice_names gives 'x' the voice 'bob'"):
        ForeignVoices(OWN, {"x": "bob"}, "x")
