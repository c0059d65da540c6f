"""The server that voice agents are tested with. What these packages of others are warned of, by
Python and by themselves, is not ours to mend."""

from collections.abc import Iterator

import pytest

from benchmarks.null_codec import NullCodec
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving

SHORT = Behaviour(frames=6)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), slots=1, max_queued=0, **far) as run:
        yield run


@pytest.fixture
def server(shared: ServerThread) -> Iterator[ServerThread]:
    shared.backend.behaviour = SHORT
    yield shared
    shared.assert_as_before()
