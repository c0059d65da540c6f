import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.protocols.openai_names import OPENAI_VOICES, VoiceNames

ORPHEUS = ("tara", "leah", "jess", "leo", "dan", "mia", "zac", "zoe")


def test_all_thirteen_names_mean_somebody() -> None:
    assert len(OPENAI_VOICES) == 13
    assert set(OPENAI_VOICES.values()) <= set(ORPHEUS)
    for own in (ORPHEUS, ("ada", "bea"), ("only",)):
        names = VoiceNames(own)
        assert all(names.find(name) in own for name in OPENAI_VOICES)


def test_orpheus_speaks_as_the_table_says_and_others_take_turns() -> None:
    assert VoiceNames(ORPHEUS).openai == OPENAI_VOICES
    spread = VoiceNames(("ada", "bea"))
    assert [spread.find(name) for name in ("alloy", "ash", "ballad")] == ["ada", "bea", "ada"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("tara", "tara"),
        (" TARA ", "tara"),
        ("Onyx", "zac"),
        ("zoe", "zoe"),
        ("", None),
        ("bob", None),
        ("tar", None),
    ],
)
def test_who_is_meant(asked: str, meant: str | None) -> None:
    assert VoiceNames(ORPHEUS).find(asked) == meant


def test_the_setting_comes_first_and_the_model_s_own_names_before_openai_s() -> None:
    names = VoiceNames(("sage", "ada"), {"Alloy": "ADA", "sage": "ada"})
    assert names.find("alloy") == "ada"
    assert names.find("sage") == "sage"
    assert VoiceNames(ORPHEUS, {"nova": "zoe"}).openai == {**OPENAI_VOICES, "nova": "zoe"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"alloy": "bob"}, "gives 'alloy' the voice 'bob', which the model does not have; .* tara"),
        ({"tara": "leo"}, "has 'tara', which is none of OpenAI's voices; they are: alloy, ash"),
        ({"": "leo"}, "has '', which is none"),
        ({"alloy": ""}, "gives 'alloy' the voice ''"),
    ],
)
def test_a_setting_that_means_nobody(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        VoiceNames(ORPHEUS, given)
