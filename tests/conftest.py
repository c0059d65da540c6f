"""Shared test settings: no hub access, usual signals, and one thread for torch and its kin.

Two busy test processes with two threads each on two cores spend their time waiting for one another.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.support.server_thread import ServerThread

# `nohup` and a shell's `&` start the suite with these ignored, and an ignored signal is inherited.
# A handler of our own is not: what a test starts has the usual ones, and we still don't mind.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda number, frame: None)

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

# A property is not wrong because the machine was busy: hypothesis's own clocks are off, pytest's
# timeout stands. The default suite tries the same examples every time, so a change is judged by
# what it changed; `make test-search` looks for new ones, many more of them.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **_COMMON)
settings.register_profile("search", max_examples=1000, print_blob=True, **_COMMON)
settings.load_profile("repeatable")


@pytest.fixture
def server(shared: ServerThread) -> Iterator[ServerThread]:
    """The one that the tests of a module share, as the module's `shared` started it. Whatever a
    test asks of it is over afterwards."""
    shared.backend.behaviour = shared.behaviour
    yield shared
    shared.assert_as_before()
