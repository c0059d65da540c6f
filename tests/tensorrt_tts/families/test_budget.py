import pytest

from tensorrt_tts.families.base import Spec
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.families.orpheus.family import budget as orpheus_budget
from tensorrt_tts.families.registry import CHECKPOINTS, SPECS

SLOW_SPEECH = {"zh": 4.0, "ko": 5.0}
"""Characters a second, by language; 12 in an alphabet."""


def test_budget_grows_with_the_text_and_holds_whole_frames() -> None:
    budget = orpheus_budget()
    short, long = budget.tokens("Oh."), budget.tokens("a" * 100)
    assert short < long
    assert short % 7 == long % 7 == 1
    assert long / 82.03 > 100 / 12  # more than slow speech takes


def test_budget_is_capped() -> None:
    assert orpheus_budget(ceiling=701).tokens("a" * 5000) == 701


def test_what_comes_before_the_first_frame_takes_none_of_the_speech() -> None:
    """A speaker and what stands around it."""
    spark = SPECS["spark"].budget
    assert spark.tokens("a" * 100) == 38 + TokenBudget(50, 1).tokens("a" * 100)
    assert spark.tokens("") == 38 + 150 + 1


def test_checkpoint_names_are_what_the_table_is_keyed_by() -> None:
    assert all(name == checkpoint.name for name, checkpoint in CHECKPOINTS.items())
    assert CHECKPOINTS["orpheus-3b"].mirror
    assert CHECKPOINTS["veena"].spec.name == "veena"


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_whole_segment_has_room_in_the_budget(spec: Spec) -> None:
    """Whatever is split for a checkpoint must not be cut by its token budget."""
    rate = SLOW_SPEECH.get(spec.voices[0].language, 12.0)
    seconds = spec.budget.tokens("a" * spec.segment_characters)
    seconds /= spec.budget.tokens_per_frame * spec.budget.frames_per_second
    assert seconds > spec.segment_characters / rate


def test_numbers_take_longer_to_say_than_to_write() -> None:
    budget = orpheus_budget()
    assert budget.tokens("777,777,777,777") / 82.03 > 12
