"""The numbers that say how a model samples: their kinds and ranges. Pure.

One rule for all who set them: a request, and the generation_config.json of a checkpoint.
"""

from __future__ import annotations

from numbers import Integral, Real

from tensorrt_tts.validation import shown

RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.01, 1.0),
    "top_k": (0, 1_000_000),
    "repetition_penalty": (0.5, 3.0),
    "max_tokens": (1, 1_000_000),
    "seed": (0, 2**53),
}
"""Lowest and highest value of each number in a request. Those given as whole numbers here have to
be whole numbers."""


def problem_with(name: str, value: object) -> str | None:
    """What is wrong with the value of a setting in `RANGES`, with the remedy; None if nothing is.

    NaN is out of every range, and True is no number.
    """
    low, high = RANGES[name]
    whole = isinstance(low, int)
    wanted = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, wanted):
        kind = "a whole number" if whole else "a number"
        return f"{name} {shown(value)} is not {kind}; use {low} to {high}"
    if not low <= value <= high:  # type: ignore[operator]  # mypy: numbers.Real has no floats
        return f"{name} {value!s:.40} is out of range; use {low} to {high}"
    return None
