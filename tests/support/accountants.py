"""Accountants as people write them, for `--accountant`."""

from __future__ import annotations

import threading

from tensorrt_tts.server.accounts import Charge, MemoryAccountant
from tensorrt_tts.server.identity import Identity


class Recording(MemoryAccountant):
    """Remembers all that it was asked and told."""

    def __init__(self, balances: dict[str, int] | None = None) -> None:
        super().__init__(balances)
        self.asked: list[int] = []
        self.charges: list[Charge] = []
        self.told = threading.Condition()

    def reserve(self, identity: Identity, characters: int) -> None:
        self.asked.append(characters)
        super().reserve(identity, characters)

    def charge(self, charge: Charge) -> None:
        with self.told:
            super().charge(charge)
            self.charges.append(charge)
            self.told.notify_all()

    def wait(self, charges: int = 1) -> list[Charge]:
        with self.told:
            assert self.told.wait_for(lambda: len(self.charges) >= charges, 60)
            return list(self.charges)


class Stuck(Recording):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def reserve(self, identity: Identity, characters: int) -> None:
        assert self.may.wait(60)
        super().reserve(identity, characters)


class Broken(Recording):
    def reserve(self, identity: Identity, characters: int) -> None:
        raise OSError("no database")

    def charge(self, charge: Charge) -> None:
        super().charge(charge)
        raise OSError("no database")


def poor() -> MemoryAccountant:
    """Alice has 10 characters left, and whoever has no key 20."""
    return MemoryAccountant({"alice": 10, "": 20})


class Nothing:
    pass


def fails() -> MemoryAccountant:
    raise RuntimeError("no password")
