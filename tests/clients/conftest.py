"""The server that voice agents are tested with. What these packages of others are warned of, by
Python and by themselves, is not ours to mend."""

from collections.abc import Iterator

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving

SHORT = Behaviour(frames=6)
SENTENCE_SAMPLES = 6 * 2048
SPEAKING = Behaviour(endless=True, rate=300)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def slots() -> int:
    """A module whose client speaks several at once has its own."""
    return 1


@pytest.fixture(scope="module")
def shared(slots: int) -> Iterator[ServerThread]:
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    backend = BackendDouble(behaviour=SHORT)
    with serving(backend, NullCodec(), slots=slots, max_queued=0, **far) as running:
        yield running
