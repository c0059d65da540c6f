import random
import sys
from collections import Counter

import pytest

from benchmarks.routes import POSTS, SOCKETS
from benchmarks.server_process import ServerProcess
from benchmarks.soak import EXPECTED, GAUGES, MIB, Load, Soak, _answer, soak, table, trend
from tests.support.backend_double import Behaviour
from tests.support.server_thread import serving

MEMORY, DESCRIPTORS, TASKS = GAUGES


def samples(value):
    return [(float(second), value(second)) for second in range(60)]


def noisy(level, rise=0.0, spread=3.0):
    draw = random.Random(1)
    return samples(lambda second: level + rise * second / 60 + draw.uniform(-spread, spread))


@pytest.mark.parametrize("gauge", [DESCRIPTORS, TASKS])
@pytest.mark.parametrize("level", [30, 300])
def test_what_goes_up_and_down_is_flat(gauge, level):
    found = trend(gauge, noisy(level), before=16, after=16)
    assert found.objection is None
    assert found.mean == pytest.approx(level, abs=2)
    assert found.highest <= level + 3


@pytest.mark.parametrize(
    ("gauge", "level", "rise"),
    [
        (MEMORY, 100 * MIB, 15 * MIB),
        (MEMORY, 4000 * MIB, 200 * MIB),
        (TASKS, 60, 40),
        (DESCRIPTORS, 30, 10),
        (DESCRIPTORS, 300, 120),
    ],
)
def test_what_rises_is_told_and_by_how_much(gauge, level, rise):
    found = trend(gauge, noisy(level, rise, spread=level / 200), before=16, after=16)
    assert found.objection == "rises"
    assert found.rise == pytest.approx(rise * 2 / 3, rel=0.15)  # since it had settled
    assert trend(gauge, noisy(level, -rise), 16, 16).objection is None
    assert trend(gauge, noisy(level, rise / 10, level / 200), 16, 16).objection is None


def test_memory_that_is_taken_at_first_is_no_leak():
    first = samples(lambda second: MIB * (100 + min(second, 18)))
    assert trend(MEMORY, first, 100 * MIB, 118 * MIB).objection is None


@pytest.mark.parametrize("gauge", [DESCRIPTORS, TASKS])
def test_one_that_is_left_is_told(gauge):
    assert trend(gauge, noisy(30), before=16, after=17).objection == "does not come back"
    assert trend(gauge, noisy(30), before=16, after=15).objection is None


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


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", (0, b"", False)),
        (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n3\r\nabc\r\n0\r\n\r\n", (200, None, True)),
        (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n3\r\nabc\r\n", (200, None, False)),
        (b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}", (503, b"{}", True)),
        (b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\n{}", (503, b"{}", False)),
    ],
)
def test_an_answer_is_whole_or_cut(received, expected):
    status, body, is_whole = _answer(received)
    assert (status, is_whole) == (expected[0], expected[2])
    assert expected[1] in (None, body)


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
