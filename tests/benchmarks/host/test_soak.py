import sys
from collections import Counter

import pytest

from benchmarks.host.soak import GAUGES, Load, Soak, soak, table
from benchmarks.host.trend import trend
from benchmarks.load.callers import EXPECTED
from benchmarks.load.routes import POSTS, SOCKETS
from benchmarks.load.server_process import ServerProcess
from tests.benchmarks.host.test_trend import TASKS, noisy
from tests.support.backend_double import Behaviour
from tests.support.server_thread import serving


def whole():
    found = Soak(1.0, 4, {"a": Counter(spoken=3, told=1), "b": Counter(spoken=1)})
    found.trends = [trend(gauge, noisy(30), 16, 16) for gauge in GAUGES]
    return found


def test_what_held_has_no_objections():
    found = whole()
    assert found.objections() == found.results()["objections"] == []
    assert table(found).count("flat") == len(GAUGES)


def test_every_fault_is_an_objection():
    found = whole()
    found.outcomes["b"] = Counter(left=3)
    found.unexpected["a, who listens: cut"] += 2
    found.complaints = ["ERROR request failed"]
    found.left_over = {"tts_sockets": 1.0}
    found.trends.append(trend(TASKS, noisy(60, 60), 3, 3))
    assert found.objections() == [
        "tasks: rises",
        "tts_sockets is 1 with nobody there",
        "2 × a, who listens: cut",
        "the server's log: ERROR request failed",
        "b: nothing was spoken",
    ]


async def test_a_server_that_fails_is_told_from_one_that_refuses():
    with serving(slots=1) as server:
        process = ServerProcess(f"http://127.0.0.1:{server.port}", 0, 0.0)
        server.backend.behaviour = Behaviour(fail_at=1)
        load = Load(process, 2, 0, lambda line: None)
        found = await load.run(0.5)
    assert not any(counts["spoken"] for counts in found.outcomes.values())
    assert any("backend_error" in what for what in found.unexpected)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_real_server_holds(tmp_path):
    """For as long as one test may take: `make soak` is the long one."""
    found = await soak(0.15, slots=2, seed=1, folder=tmp_path)
    assert not found.unexpected
    assert not found.complaints
    assert not found.left_over
    assert set(found.outcomes) == {str(route) for route in (*SOCKETS, *POSTS)}
    assert found.refused["overloaded"] > 0
    assert {what for counts in found.outcomes.values() for what in counts} <= set(EXPECTED)
    assert [one.objection for one in found.trends[1:]] == [None, None]
