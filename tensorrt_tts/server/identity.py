"""Who asks, as the edge has found out: known to whatever runs on behalf of that request."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What one key may have; None: no limit."""

    # At once, waiting for a slot or speaking.
    streams: int | None = None
    # In the long run, and in one go.
    characters_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    # Of the key; "" where none is asked for.
    key: str = ""
    # As it was asked for, without a proxy's prefix.
    path: str = ""
    limits: KeyLimits = KeyLimits()


NOBODY = Identity()

IDENTITY: ContextVar[Identity] = ContextVar("identity", default=NOBODY)
"""Set by `KeyGate`; tasks inherit it, so protocols need not pass it on."""
