"""How long a caller whose request failed leaves the server alone: as long as it was told, else a
little longer each time. One that asks again at once measures its own refusals. Pure."""

from __future__ import annotations

import random

from benchmarks.listener.exchange import Exchange

PAUSE_S = 0.2
"""After the first failure of a row where the server names no time; doubled with each further one,
and spread over half to one and a half: callers who were refused together come back apart."""

LONGEST_PAUSE_S = 5.0

LONGEST_TOLD_S = 120.0
"""What a server may ask for at most; the toolkit's own asks for no more."""

REFUSALS = 10
"""In a row, and a caller gives up: it would not be one of N streams any more."""


class Patience:
    """Of one caller. seed: of its jitter."""

    def __init__(self, seed: int = 0) -> None:
        self._source = random.Random(seed)
        self._failed = 0
        self._refused = 0

    def after(self, exchange: Exchange) -> float | None:
        """Seconds to wait before the next request, 0 after a whole answer; None to ask no more."""
        if exchange.error is None:
            self._failed = self._refused = 0
            return 0.0
        if not exchange.refused:
            self._refused = 0
            return self._pause()
        return self.refused(exchange.retry_after)

    def refused(self, retry_after: float | None) -> float | None:
        """The same, of a handshake that was refused before there was anything to ask."""
        self._refused += 1
        pause = self._pause()
        if self._refused >= REFUSALS:
            return None
        return pause if retry_after is None else min(retry_after, LONGEST_TOLD_S)

    def _pause(self) -> float:
        self._failed += 1
        pause = min(PAUSE_S * 2.0 ** (self._failed - 1), LONGEST_PAUSE_S)
        return pause * self._source.uniform(0.5, 1.5)
