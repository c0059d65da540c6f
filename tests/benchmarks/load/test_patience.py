import pytest

from benchmarks.listener.exchange import Exchange
from benchmarks.load.patience import (
    LONGEST_PAUSE_S,
    LONGEST_TOLD_S,
    PAUSE_S,
    REFUSALS,
    Patience,
)
from tests.benchmarks.exchanges import PROMPT


def ended(error=None, refused=False, retry_after=None):
    return Exchange(PROMPT, None, 0.0, 0.0, error=error, refused=refused, retry_after=retry_after)


WHOLE = ended()
FAILED = ended("backend_error: it died")
REFUSED = ended("overloaded: full", refused=True)


def test_after_a_whole_answer_the_next_request_may_come_at_once():
    assert Patience().after(WHOLE) == 0


@pytest.mark.parametrize("told", [0.25, 1, 30.0])
def test_a_caller_waits_as_long_as_it_is_told(told):
    assert Patience().after(ended("full", True, told)) == told


def test_nobody_waits_for_ever():
    assert Patience().after(ended("full", True, 1e9)) == LONGEST_TOLD_S


@pytest.mark.parametrize("bad", [FAILED, REFUSED])
def test_without_a_time_the_pauses_of_a_row_grow_and_stay_bounded(bad):
    patience = Patience(seed=3)
    pauses = [patience.after(bad) for _ in range(REFUSALS - 1)]
    for number, pause in enumerate(pauses):
        usual = min(PAUSE_S * 2**number, LONGEST_PAUSE_S)
        assert usual / 2 <= pause <= 1.5 * usual
    patience.after(WHOLE)
    assert patience.after(bad) <= 1.5 * PAUSE_S  # a new row


def test_callers_who_were_refused_together_come_back_apart():
    assert len({Patience(seed).after(REFUSED) for seed in range(20)}) == 20
    assert Patience(1).after(REFUSED) == Patience(1).after(REFUSED)


@pytest.mark.parametrize("bad", [REFUSED, ended("full", True, 1.0)])
def test_refused_too_often_in_a_row_it_gives_up(bad):
    patience = Patience()
    assert None not in [patience.after(bad) for _ in range(REFUSALS - 1)]
    assert patience.after(bad) is None


def test_failures_and_answers_between_refusals_begin_a_new_row():
    patience = Patience()
    for between in (WHOLE, FAILED):
        for _ in range(REFUSALS - 1):
            assert patience.after(REFUSED) is not None
        patience.after(between)
    assert patience.after(REFUSED) is not None
