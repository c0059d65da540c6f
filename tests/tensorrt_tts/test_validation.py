from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tensorrt_tts.validation import first_problem, shown


class Inner(BaseModel):
    size: int = 1


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    count: int = Field(1, gt=0, le=9)
    share: float = Field(0.5, ge=0, lt=1, allow_inf_nan=False)
    flag: bool = False
    name: str = Field("a", max_length=3, pattern="^[a-z]*$")
    rates: list[int] = Field([1], min_length=1)
    either: Literal[True] | str = "a"
    inner: Inner = Inner()
    even: int = 2

    @field_validator("even")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"{value} is odd")
        return value

    @model_validator(mode="after")
    def _together(self) -> "Sample":
        if self.count == 7:
            raise ValueError("count 7: not with this")
        return self


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"count": "1"}, "count is '1', not a whole number"),
        ({"count": 1.5}, "count is 1.5, not a whole number"),
        ({"count": 0}, "count is 0, which must be above 0"),
        ({"count": 10}, "count is 10, which must be at most 9"),
        ({"share": -1}, "share is -1, which must be at least 0.0"),
        ({"share": 1}, "share is 1, which must be below 1.0"),
        ({"share": float("nan")}, "share is nan, not a finite number"),
        ({"share": []}, "share is [], not a number"),
        ({"flag": 1}, "flag is 1, not true or false"),
        ({"name": 1}, "name is 1, not a string"),
        ({"name": "abcd"}, "name is 'abcd', too long: at most 3"),
        ({"name": "A"}, "name is 'A', which must match pattern '^[a-z]*$'"),
        ({"rates": 1}, "rates is 1, not a list"),
        ({"rates": []}, "rates is [], too short: at least 1"),
        ({"rates": [1, None]}, "rates.1 is None, not a whole number"),
        ({"either": 3}, "either is 3, which must be True"),
        ({"inner": {"size": "x"}}, "inner.size is 'x', not a whole number"),
        ({"inner": 3}, "inner is 3, not an object"),
        ({"colour": 3}, "colour is not a field that is known here"),
        ({"even": 3}, "even: 3 is odd"),
        ({"count": 7}, "count 7: not with this"),
    ],
)
def test_field_value_and_what_it_has_to_be(content: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Sample.model_validate(content)
    assert first_problem(raised.value) == says


def test_what_is_missing_and_what_is_no_object() -> None:
    class Strict(BaseModel):
        size: int

    with pytest.raises(ValidationError) as raised:
        Strict.model_validate({})
    assert first_problem(raised.value) == "size is missing"
    with pytest.raises(ValidationError) as raised:
        Strict.model_validate([1])
    assert first_problem(raised.value, "the file") == "the file is [1], not an object"


def test_values_are_shown_in_short() -> None:
    assert shown("x" * 100) == "'" + "x" * 38 + "…"
    assert shown([1]) == "[1]"
