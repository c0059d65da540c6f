from dataclasses import replace

from benchmarks.host.protocol_overhead import Added, ProtocolOverhead, bare_of, results, table
from benchmarks.load.session import Session
from tests.benchmarks.host.test_overhead import LATE, LEVEL

ROW = Added("ws_tts", 50, 1000, 1.5, 8.0, 0.0123, 0, None)
BARE = [
    replace(ROW, name="bare WebSocket", p50_ms=1.0, p99_ms=4.0),
    replace(ROW, name="bare HTTP", p50_ms=0.5, p99_ms=2.0),
]


def test_each_protocol_stands_beside_what_carries_it():
    names = ("ws_tts", "openai", "cartesia", "deepgram", "elevenlabs")
    assert [bare_of(name) for name in names] == [
        "bare WebSocket",
        "bare HTTP",
        *["bare WebSocket"] * 3,
    ]
    lines = table([*BARE, ROW, replace(ROW, name="openai")]).splitlines()
    assert lines[1].split()[-3:] == ["–", "–", "12.3"]
    assert lines[3].split()[-3:] == ["1.5", "2.0", "12.3"]
    assert lines[4].split()[-3:] == ["3.0", "4.0", "12.3"]
    assert len(set(map(len, lines))) == 1


def test_what_was_not_measured_is_not_made_up():
    silent = replace(ROW, chunks=0, p50_ms=None, p99_ms=None, cpu=None, faults=3)
    _, line = table([replace(silent, objection="client too busy")]).splitlines()
    assert line.split()[:7] == ["ws_tts", "50", "0", "–", "–", "–", "–"]
    assert line.endswith("3 faults;  client too busy")


def test_results_say_what_is_only_a_lower_bound():
    levels = [replace(LEVEL, streams=8), replace(LEVEL, streams=16, **LATE)]
    found = results([ROW], {"openai": levels, "deepgram": levels[:1]})
    assert found["added"][0]["p50_ms"] == 1.5
    assert found["streams_held"] == {
        "openai": "at least 8 (client limit reached: client too busy)",
        "deepgram": "8",
    }
    assert [level["streams"] for level in found["levels"]["openai"]] == [8, 16]


async def test_one_stream_of_two_protocols(tmp_path):
    session = Session(tmp_path, "benchmarks.host.server", {})
    said = []
    suite = ProtocolOverhead(tmp_path, session, 0.5, streams=1, limit=1, progress=said.append)
    rows = await suite.added(["ws_tts", "elevenlabs"])
    assert [row.name for row in rows] == ["bare WebSocket", "bare HTTP", "ws_tts", "elevenlabs"]
    for row in rows:
        assert row.faults == 0
        assert row.chunks >= 2 * 4
        assert 0 < row.p50_ms <= row.p99_ms
    held = await suite.held(["openai"])
    assert [level.streams for level in held["openai"]] == [1]
    assert held["openai"][0].faults == 0
    assert len(said) >= 5
