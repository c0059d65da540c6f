import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vllm_inference.legal_rule import KEY, LegalRule

PAIRS = st.integers(0, 99).flatmap(lambda a: st.integers(a + 1, 100).map(lambda b: (a, b)))
RANGES = st.lists(PAIRS, min_size=1, max_size=3).map(tuple)


@given(st.lists(RANGES, max_size=3).map(tuple), st.lists(RANGES, min_size=1, max_size=7).map(tuple))
def test_survives_the_way_to_the_engine(prefix, cycle):
    """Encoded as vLLM encodes requests: tuples arrive as lists."""
    rule = LegalRule(prefix, cycle)
    extra_args = json.loads(json.dumps(rule.to_extra_args()))
    assert extra_args == rule.to_extra_args()
    assert LegalRule.from_extra_args(extra_args) == rule


@pytest.mark.parametrize("extra_args", [None, {}, {"other": 1}, {KEY: None}])
def test_requests_without_a_rule(extra_args):
    assert LegalRule.from_extra_args(extra_args) is None


@pytest.mark.parametrize(
    "rule",
    [
        [],
        "free",
        7,
        {},
        {"cycle": [[[1, 2]]]},
        {"prefix": [[[1, 2]]]},
        {"prefix": [], "cycle": []},
        {"prefix": [], "cycle": None},
        {"prefix": [], "cycle": [[]]},
        {"prefix": [[]], "cycle": [[[1, 2]]]},
        {"prefix": [], "cycle": [[[5, 5]]]},
        {"prefix": [], "cycle": [[[-1, 4]]]},
        {"prefix": [], "cycle": [[[1, 2, 3]]]},
        {"prefix": [], "cycle": [[[1.0, 2.0]]]},
        {"prefix": [], "cycle": [[["a", "b"]]]},
        {"prefix": [[[True, 4]]], "cycle": [[[1, 2]]]},
        {"prefix": [], "cycle": [1, 2]},
    ],
)
def test_malformed_rules_are_refused_in_one_line(rule):
    with pytest.raises(ValueError, match=f"^{KEY} must hold") as caught:
        LegalRule.from_extra_args({KEY: rule})
    assert "\n" not in str(caught.value)
