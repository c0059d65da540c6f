import math

import numpy as np
import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.spec import ENGLISH
from tensorrt_tts.prepared import check_request
from tensorrt_tts.request_settings import problem_with
from tensorrt_tts.speech import SpeechRequest


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("temperature", "warm", "temperature 'warm' is not a number; use 0.0 to 2.0"),
        ("temperature", True, "temperature True is not a number; use 0.0 to 2.0"),
        ("temperature", math.nan, "temperature nan is out of range; use 0.0 to 2.0"),
        ("top_p", 0, "top_p 0 is out of range; use 0.01 to 1.0"),
        ("top_k", 2.5, "top_k 2.5 is not a whole number; use 0 to 1000000"),
        ("top_k", 2.0, "top_k 2.0 is not a whole number; use 0 to 1000000"),
        ("repetition_penalty", -math.inf, "repetition_penalty -inf is out of range"),
        ("max_tokens", 0, "max_tokens 0 is out of range; use 1 to 1000000"),
        ("seed", False, "seed False is not a whole number"),
        ("seed", 2**60, "is out of range"),
        ("top_k", 10**200, f"top_k 1{'0' * 39} is out of range; use 0 to 1000000"),
        ("top_p", {"value": [0.9] * 99}, "… is not a number; use 0.01 to 1.0"),
    ],
)
def test_what_is_refused(name: str, value: object, says: str) -> None:
    problem = problem_with(name, value)
    assert problem is not None
    assert says in problem
    with pytest.raises(SettingError) as raised:
        check_request(SpeechRequest("Hi.", **{name: value}), ENGLISH)  # type: ignore[arg-type]
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0),
        ("temperature", np.float32(0.5)),
        ("top_p", 1),
        ("top_k", np.int64(7)),
        ("seed", 2**53),
    ],
)
def test_what_is_taken(name: str, value: object) -> None:
    assert problem_with(name, value) is None
