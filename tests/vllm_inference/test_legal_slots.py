"""The processor in a double of the V2 runner; `test_engine.py` runs it in the real one."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar
from tests.vllm_inference.v2_runner_double import Scheduled, V2RunnerDouble
from vllm_inference.legal_rule import KEY, LegalRule
from vllm_inference.legal_slots import LegalSlots
from vllm_inference.requests import legal_rule

VOCABULARY = 40
SLOTS = 3
ALL = list(range(VOCABULARY))
FRAME = legal_rule(Grammar((range(4, 8), range(8, 12), range(12, 16)), stops=(2, 3)))
UNION = legal_rule(Grammar((range(4, 8), range(8, 12)), stops=(2, 3), strict=False))
PREFIXED = LegalRule(tuple(((20 + at, 21 + at),) for at in range(5)), (((30, 36), (2, 3)),))
RULES = {"frame": FRAME, "union": UNION, "prefixed": PREFIXED, "free": None}


def expected(rule: LegalRule | None, position: int) -> list[int]:
    if rule is None:
        return ALL
    after = position - len(rule.prefix)
    ranges = rule.prefix[position] if after < 0 else rule.cycle[after % len(rule.cycle)]
    return sorted({token for start, stop in ranges for token in range(start, stop)})


def extra_args(rule: LegalRule | None) -> dict | None:
    return None if rule is None else rule.to_extra_args()


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("prompt", [1, 2, 7, 100])
def test_each_position_since_the_prompt_has_its_ids(name, prompt):
    runner = V2RunnerDouble(SLOTS, VOCABULARY)
    assert runner.add("a", extra_args(RULES[name]), prompt) is (name != "free")
    for position in range(20):
        assert runner.step([Scheduled("a")]) == [expected(RULES[name], position)]


def test_a_slot_that_is_used_again_keeps_nothing():
    runner = V2RunnerDouble(1, VOCABULARY)
    for turn, name in enumerate(("frame", "free", "prefixed", "union", "free", "frame")):
        runner.add("a", extra_args(RULES[name]), prompt=3 + turn)
        for position in range(4):
            assert runner.step([Scheduled("a")]) == [expected(RULES[name], position)]
        runner.remove("a")


def test_a_preempted_request_goes_on_where_it_was():
    """It comes back, in another slot, with its output read as if it were prompt."""
    runner = V2RunnerDouble(SLOTS, VOCABULARY)
    runner.add("a", extra_args(FRAME), prompt=10)
    for _ in range(4):
        runner.step([Scheduled("a")])
    runner.remove("a")
    runner.add("other", extra_args(PREFIXED), prompt=2)
    runner.add("a", extra_args(FRAME), prompt=10, output=4)
    assert runner.step([Scheduled("a"), Scheduled("other")]) == [
        expected(FRAME, 4),
        expected(PREFIXED, 0),
    ]


def test_every_draft_has_its_own_position():
    """Also across the end of a frame and of a prefix."""
    runner = V2RunnerDouble(SLOTS, VOCABULARY)
    runner.add("a", extra_args(FRAME), prompt=4)
    runner.add("b", None, prompt=4)
    runner.add("c", extra_args(PREFIXED), prompt=9)
    batch = [Scheduled("c", drafts=6), Scheduled("b", drafts=1), Scheduled("a", drafts=4)]
    for begun in (0, 1):
        rows = runner.step(batch)
        assert rows[:7] == [expected(PREFIXED, 7 * begun + at) for at in range(7)]
        assert rows[7:9] == [ALL, ALL]
        assert rows[9:] == [expected(FRAME, 5 * begun + at) for at in range(5)]


def test_a_prompt_read_in_pieces_begins_at_its_end():
    runner = V2RunnerDouble(SLOTS, VOCABULARY)
    runner.add("long", extra_args(FRAME), prompt=1000)
    runner.add("short", extra_args(FRAME), prompt=2)
    for unread in (900, 488, 1):
        assert len(runner.step([Scheduled("long", unread=unread), Scheduled("short")])) == 2
    rows = runner.step([Scheduled("long"), Scheduled("short")])
    assert rows == [expected(FRAME, 0), expected(FRAME, 3)]


def test_a_batch_without_rules_is_left_alone():
    runner = V2RunnerDouble(SLOTS, VOCABULARY)
    runner.add("ruled", extra_args(FRAME), prompt=1)
    runner.add("a", None, prompt=1)
    runner.add("b", None, prompt=1)
    runner.processor._table = None  # type: ignore[assignment] - it would be needed to mask
    assert runner.step([Scheduled("b"), Scheduled("a", drafts=1)]) == [ALL] * 3


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(sorted(RULES)), st.integers(1, 50)),
        st.tuples(st.just("remove"), st.integers(0, 9)),
        st.tuples(st.just("preempt"), st.integers(0, 9)),
        st.tuples(st.just("step"), st.permutations(range(SLOTS)), st.integers(0, 3)),
    ),
    max_size=40,
)


@given(OPERATIONS)
def test_any_order_of_requests_and_steps(operations):
    """Against a plain record of what each request asked for and has generated."""
    runner = V2RunnerDouble(SLOTS, VOCABULARY)
    record: dict[str, tuple[LegalRule | None, int, int]] = {}
    for number, (kind, *values) in enumerate(operations):
        if kind == "add" and len(record) < SLOTS:
            rule, name = RULES[values[0]], f"request {number}"
            record[name] = (rule, values[1], 0)
            runner.add(name, extra_args(rule), values[1])
        elif kind in ("remove", "preempt") and record:
            name = sorted(record)[values[0] % len(record)]
            runner.remove(name)
            rule, prompt, generated = record.pop(name)
            if kind == "preempt":
                record[name] = (rule, prompt, generated)
                runner.add(name, extra_args(rule), prompt, generated)
        elif kind == "step" and record:
            names = [sorted(record)[at] for at in values[0] if at < len(record)]
            drafts = {name: (values[1] + at) % 3 for at, name in enumerate(names)}
            found = runner.step([Scheduled(name, drafts[name]) for name in names])
            for name in names:
                rule, prompt, generated = record[name]
                for offset in range(drafts[name] + 1):
                    assert found.pop(0) == expected(rule, generated + offset)
                record[name] = (rule, prompt, generated + drafts[name] + 1)


def test_malformed_rules_are_refused_and_none_is_accepted():
    with pytest.raises(ValueError, match=KEY):
        LegalSlots.validate_params(SimpleNamespace(extra_args={KEY: [[[1, 2]]]}))
    LegalSlots.validate_params(SimpleNamespace(extra_args=extra_args(PREFIXED)))
    LegalSlots.validate_params(SimpleNamespace(extra_args=None))
