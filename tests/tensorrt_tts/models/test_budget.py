from tensorrt_tts.models.budget import TokenBudget
from tensorrt_tts.models.checkpoints import CHECKPOINTS


def test_budget_grows_with_the_text_and_holds_whole_frames() -> None:
    budget = TokenBudget()
    short, long = budget.tokens("Oh."), budget.tokens("a" * 100)
    assert short < long
    assert short % 7 == long % 7 == 1
    assert long / 82.03 > 100 / 12  # more than slow speech takes


def test_budget_is_capped() -> None:
    assert TokenBudget(ceiling=701).tokens("a" * 5000) == 701


def test_checkpoint_names_are_what_the_table_is_keyed_by() -> None:
    assert all(name == checkpoint.name for name, checkpoint in CHECKPOINTS.items())
    assert CHECKPOINTS["orpheus-3b"].mirror
    assert CHECKPOINTS["veena"].spec.name == "veena"
