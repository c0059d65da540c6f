"""What pydantic found wrong, as one of our own sentences: field, value, what it has to be. Pure.

Its own sentences ("Input should be a valid integer") name neither the field nor the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "a string",
    "list": "a list",
    "tuple": "a list",
    "dict": "an object",
    "model": "an object",
}
"""By the first word of a problem's type: `int_type`, `int_parsing`, `int_from_float` …"""

_LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def first_problem(error: ValidationError, whole: str = "the content") -> str:
    """Of the first field that is wrong: "vocab_size is '156940', not a whole number".

    whole: what to call a value that is wrong as a whole, where no field can be named.
    """
    problem = error.errors(include_url=False)[0]
    # In a union pydantic goes on to name the branch, as in ("cancel", "literal[True]").
    path = takewhile(lambda part: "[" not in str(part), problem["loc"])
    field = ".".join(str(part) for part in path) or whole
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"{field} is not a field that is known here"
    if kind == "value_error":
        return _of_a_validator(problem["loc"], str(context["error"]))
    return f"{field} is {shown(problem['input'])}, {_wanted(kind, context, problem['msg'])}"


def _of_a_validator(location: tuple[int | str, ...], said: str) -> str:
    """Our own validators name their fields themselves, unless pydantic knows the field."""
    return ": ".join([*(str(part) for part in location), said])


def _wanted(kind: str, context: Mapping[str, Any], said: str) -> str:
    if kind in _LIMITS:
        word, key = _LIMITS[kind]
        return f"which must be {word} {context[key]}"
    if kind.endswith("too_short"):
        return f"too short: at least {context['min_length']}"
    if kind.endswith("too_long"):
        return f"too long: at most {context['max_length']}"
    wanted = _KINDS.get(kind.split("_")[0])
    if wanted is not None and kind.endswith(("_type", "_parsing", "_from_float", "_number")):
        return f"not {wanted}"
    _, should, rest = said.partition(" should ")
    return f"which must {rest}" if should else said


def shown(value: Any, limit: int = 40) -> str:
    """A value as a message quotes it."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
