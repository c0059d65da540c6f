"""Characters that are paid for: whoever keeps the accounts is asked before, and told after.

It stands behind the service, so that every route has it. An accountant works on a thread of its own
and may take its time: no stream waits for it but the one that begins, and that one not for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pkgutil
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tensorrt_tts.errors import CreditError, SettingError, TTSError, reason

if TYPE_CHECKING:
    from tensorrt_tts.server.identity import Identity

logger = logging.getLogger(__name__)

RESERVE_S = 1.0
"""For an answer, on the way to a slot. One that comes later is not waited for, and the text is
spoken: a shop whose till is broken loses a sale by it, not its customers."""

QUEUED_AT_MOST = 10_000
"""Charges that may wait for a slow accountant."""

CLOSE_S = 5.0
"""For the last of them, at the server's end."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What became of a request. key: the name of the API key, "" where none is asked for. path: of
    the route. reserved: characters that were reserved for it. spoken: those to pay for, often as
    many, rarely more (what was spoken while the accountant did not answer). outcome: as in the log.
    """

    key: str
    path: str
    reserved: int
    spoken: int
    outcome: str


class Accountant(Protocol):
    """Called from one thread, one call at a time."""

    def reserve(self, identity: Identity, characters: int) -> None:
        """Before so many characters are spoken; of a text that comes in pieces, of each. Raises
        CreditError where there are not so many left."""
        ...

    def charge(self, charge: Charge) -> None:
        """After each request for which something was reserved or spoken, once: what was reserved
        and not spoken is free again."""
        ...


class MemoryAccountant:
    """In this process only: `left` and `spent` by key, and a line in the log for each charge."""

    def __init__(self, balances: Mapping[str, int] | None = None) -> None:
        """balances: characters that a key may have spoken. A key that is not there may have any
        number."""
        self.left = dict(balances or {})
        self.spent: Counter[str] = Counter()

    def reserve(self, identity: Identity, characters: int) -> None:
        left = self.left.get(identity.key)
        if left is None:
            return
        if characters > left:
            raise CreditError(
                f"text has {characters} characters, and key {identity.key!r} has {left} left that "
                "are paid for; send a shorter text, or have it topped up"
            )
        self.left[identity.key] = left - characters

    def charge(self, charge: Charge) -> None:
        if charge.key in self.left:
            self.left[charge.key] += charge.reserved - charge.spoken
        self.spent[charge.key] += charge.spoken
        logger.info("key %r: %d characters, %s", charge.key, charge.spoken, charge.outcome)


def open_accountant(name: str) -> Accountant:
    """name: of a class or function without arguments, as module:name. Raises SettingError."""
    remedy = "name a class or function without arguments, as in package.module:name"
    try:
        opened = pkgutil.resolve_name(name)()
    except Exception as error:  # whatever runs when somebody's module is imported
        raise SettingError(
            f"accountant {name!r} cannot be opened ({reason(error)}); {remedy}"
        ) from error
    if not all(callable(getattr(opened, method, None)) for method in ("reserve", "charge")):
        raise SettingError(
            f"accountant {name!r} gives a {type(opened).__name__}, which has no methods reserve "
            f"and charge; {remedy}"
        )
    accountant: Accountant = opened
    return accountant


@dataclass(slots=True)
class Reservation:
    """Of one request. held: characters; belongs to the accountant's thread."""

    held: int = 0


class Credits:
    """An accountant as the service sees it. All methods belong to the event loop."""

    def __init__(
        self,
        accountant: Accountant | None,
        on_failure: Callable[[], object],
        reserve_s: float = RESERVE_S,
    ) -> None:
        """None: everything is free. on_failure: told of every call that failed or came to nothing,
        from any thread."""
        self._accountant = accountant
        self._on_failure = on_failure
        self._reserve_s = reserve_s
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(QUEUED_AT_MOST)
        self._thread = threading.Thread(target=self._work, name="accountant", daemon=True)
        if accountant is not None:
            self._thread.start()

    async def reserve(self, reservation: Reservation, identity: Identity, characters: int) -> None:
        """Raises CreditError where the accountant does; whatever else goes wrong there is logged,
        and refuses nobody."""
        accountant = self._accountant
        if accountant is None:
            return
        answer: Future[None] = Future()

        def ask() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                accountant.reserve(identity, characters)
            except BaseException as error:
                answer.set_exception(error)
            else:
                reservation.held += characters
                answer.set_result(None)

        if not self._put(ask):
            return
        try:
            async with asyncio.timeout(self._reserve_s):
                await asyncio.wrap_future(answer)
        except TTSError:
            raise
        except Exception as error:
            self._note_failure(error)

    def charge(
        self, reservation: Reservation, identity: Identity, spoken: int, outcome: str
    ) -> None:
        """Never waits, never raises."""
        accountant = self._accountant
        if accountant is None:
            return

        def tell() -> None:
            if not (reservation.held or spoken):
                return
            charge = Charge(identity.key, identity.path, reservation.held, spoken, outcome)
            try:
                accountant.charge(charge)
            except Exception as error:
                self._note_failure(error, f"; lost: {charge}")

        self._put(tell)

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Waits for what is left, if that does not take longer. Blocks."""
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._jobs.put(None, timeout=timeout_s)
            self._thread.join(timeout_s)

    def _put(self, job: Callable[[], None]) -> bool:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._note_failure(TimeoutError(f"{QUEUED_AT_MOST} of its calls wait"))
            return False
        return True

    def _note_failure(self, error: Exception, what: str = "") -> None:
        logger.error("the accountant does not answer: %s%s", reason(error), what)
        self._on_failure()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
