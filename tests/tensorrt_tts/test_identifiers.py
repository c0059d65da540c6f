import unicodedata

import pytest

from tensorrt_tts.errors import UnknownVoiceError
from tensorrt_tts.families.orpheus import spec as orpheus
from tensorrt_tts.identifiers import find_name, identifier


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("José", "José"),
        (unicodedata.normalize("NFD", "José"), "José"),
        (" José\t", "José"),
        ("\u00a0JOSÉ", "José"),
        (unicodedata.normalize("NFD", "jOSÉ"), "José"),
        ("Jose", None),
        ("José María", None),
        ("Ｊｏｓé", "José"),
        ("Jo\u200dsé", "José"),
        ("\ufeffJosé\u200b", "José"),
        ("ＴＡＲＡ\u3000", "tara"),
        ("\u200b", None),
        ("", None),
    ],
)
def test_a_name_is_found_however_it_is_composed(given: str, found: str | None) -> None:
    assert find_name(given, ["tara", "José", "Zoë"]) == found


def test_case_counts_where_it_has_to() -> None:
    known = ["Max", "max", "Tara"]
    assert find_name("Max", known) == "Max"
    assert find_name("max", known) == "max"
    assert find_name("MAX", known) is None
    assert find_name("TARA", known) == "Tara"


def test_what_cannot_be_seen_counts_where_it_has_to() -> None:
    known = ["क्\u200dष", "क्ष", "ऋतिका"]
    assert [find_name(name, known) for name in known] == known
    assert find_name("क्\u200cष", known) is None
    assert find_name("ऋति\u200cका", known) == "ऋतिका"


def test_known_names_may_be_decomposed_themselves() -> None:
    known = unicodedata.normalize("NFD", "Zoë")
    assert find_name("Zoë", [known]) == known


def test_an_identifier_keeps_its_case() -> None:
    assert identifier(unicodedata.normalize("NFD", " Zoë ")) == "Zoë"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("spec", orpheus.SPECS.values(), ids=lambda spec: spec.name)
def test_every_voice_is_found_in_every_form(spec: orpheus.OrpheusSpec, form: str) -> None:
    for voice in spec.voices:
        assert spec.voice(f" {unicodedata.normalize(form, voice.name)} ") is voice
        assert spec.voice(voice.name.upper()) is voice


def test_a_voice_of_another_model_is_refused() -> None:
    with pytest.raises(UnknownVoiceError, match="voice '유나' is not one of orpheus-english's"):
        orpheus.ENGLISH.voice("유나")
