import json
import logging
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tensorrt_tts.errors import MissingDependencyError, SettingError
from tensorrt_tts.server.api_keys import digest
from tensorrt_tts.server.request_log import AT_ONCE, RequestLog, RequestRow, open_database
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.postgres import find_postgres, running_postgres
from tests.support.server_thread import serving, wait_until
from tests.support.speech_client import ASKED, send
from tests.support.tts_client import connected, receive

NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)

COLUMNS = "key_name, path, voice, characters, audio_s, queue_s, first_audio_s, outcome, text"


pytest.importorskip("sqlalchemy")


def row(name: str = "alice", text: str | None = None) -> RequestRow:
    return RequestRow(NOW, name, "/ws/tts", "tara", 6, 1.5, 0.01, 0.2, "completed", text)


class Database:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.dropped = 0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}?timeout=0"

    def read(self, columns: str = COLUMNS) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(f"SELECT {columns} FROM requests ORDER BY id").fetchall()

    def drop(self, rows: int) -> None:
        self.dropped += rows

    @contextmanager
    def logging(self, **options: Any) -> Iterator[RequestLog]:
        log = RequestLog(self.url, self.drop, **{"retry_s": 0.005, **options})
        log.start()
        yield log
        log.close(60)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "requests.db")


def test_what_was_put_is_there_when_it_is_closed(database: Database) -> None:
    with database.logging() as log:
        for number in range(2 * AT_ONCE + 5):
            log.put(row(f"key-{number}"))
    assert [name for (name,) in database.read("key_name")] == [
        f"key-{number}" for number in range(2 * AT_ONCE + 5)
    ]
    assert database.read("ended_at")[0][0].startswith("2026-11-26 20:00:00")
    assert database.dropped == 0


def test_another_start_adds_to_it(database: Database) -> None:
    for name in ("one", "two"):
        with database.logging() as log:
            log.put(row(name))
    assert database.read("key_name") == [("one",), ("two",)]


def test_an_idle_log_writes_at_once(database: Database) -> None:
    with database.logging() as log:
        log.put(row("first"))
        wait_until(lambda: database.path.exists() and bool(_read_or_none(database)))
        log.put(row("second"))
        wait_until(lambda: len(_read_or_none(database) or ()) == 2)


def _read_or_none(database: Database) -> list[Any] | None:
    try:
        return database.read()
    except sqlite3.OperationalError:  # no table yet
        return None


def test_a_database_that_is_not_there_yet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(tmp_path / "later" / "requests.db")
    with caplog.at_level(logging.INFO), database.logging() as log:
        log.put(row("one"))
        wait_until(lambda: "cannot be written" in caplog.text)
        log.put(row("two"))
        database.path.parent.mkdir()
        wait_until(lambda: "is written again" in caplog.text)
    assert database.read("key_name") == [("one",), ("two",)]
    assert caplog.text.count("the request log cannot be written") == 1
    assert database.dropped == 0


def test_a_locked_database(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), database.logging() as log:
        log.put(row("one"))
        wait_until(lambda: bool(_read_or_none(database)))
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            log.put(row("two"))
            wait_until(lambda: "database is locked" in caplog.text)
            other.execute("ROLLBACK")
        wait_until(lambda: "is written again" in caplog.text)
    assert database.read("key_name") == [("one",), ("two",)]


def test_what_does_not_fit_is_dropped_and_counted(tmp_path: Path) -> None:
    database = Database(tmp_path / "nowhere" / "requests.db")
    with database.logging(queued_at_most=3) as log:
        before = threading.active_count()
        for _ in range(500):
            log.put(row())
        assert database.dropped >= 500 - 3 - AT_ONCE
        assert threading.active_count() == before
    assert database.dropped == 500  # the rest at the end
    log.put(row())
    assert database.dropped == 501


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_row_that_no_database_takes_holds_up_no_other(database: Database, text: str) -> None:
    with database.logging() as log:
        for name, said in (("one", "a"), ("two", text), ("three", "c")):
            log.put(row(name, said))
    assert database.read("key_name") == [("one",), ("three",)]
    assert database.dropped == 1


@pytest.mark.parametrize("url", ["", "requests.db", "nothing://x", "sqlite:/x", "://"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(SettingError, match="request_log is not the address of a database; use one"):
        open_database(url)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(SettingError) as refused:
        open_database("nothing://me:secret@host/name")
    assert "secret" not in str(refused.value)


def test_a_driver_for_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SimpleNamespace(dialect=SimpleNamespace(is_async=True), driver="asyncpg")
    monkeypatch.setattr("sqlalchemy.create_engine", lambda url, **options: engine)
    with pytest.raises(SettingError, match="driver 'asyncpg' is for asyncio"):
        open_database("postgresql+asyncpg://host/name")


def test_a_driver_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependencyError, match="driver 'psycopg' is missing; install it"):
        open_database("postgresql+psycopg://me:secret@host/name")


def test_without_sqlalchemy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'tensorrt-tts\[log\]'"):
        RequestLog("sqlite://", lambda rows: None)


# PostgreSQL


@pytest.mark.skipif(find_postgres() is None, reason="needs PostgreSQL (apt install postgresql)")
def test_postgresql(caplog: pytest.LogCaptureFixture) -> None:
    psycopg = pytest.importorskip("psycopg")
    dropped: list[int] = []
    with running_postgres() as address:
        logs = [RequestLog(f"postgresql+psycopg://{address}", dropped.append) for _ in range(2)]
        for log in logs:  # which make the table at the same time
            log.start()
            log.put(row("alice", "Grüße"))
            log.put(row("bob", "a NUL: \0"))  # which PostgreSQL takes in no text
        for log in logs:
            log.close(60)
        reading = psycopg.connect(f"postgresql://{address}", client_encoding="utf8")
        with closing(reading) as database:
            found = database.execute("SELECT key_name, text, ended_at FROM requests").fetchall()
    assert found == [("alice", "Grüße", NOW)] * 2
    assert dropped == [1, 1]
    assert "rows of the request log are lost" in caplog.text


# In a server


async def test_a_row_for_each_request_of_every_route(database: Database) -> None:
    backend = BackendDouble(behaviour=Behaviour(frames=6))
    keys = f"alice:{digest(b'A')}"
    with serving(backend, api_keys=keys, request_log=database.url, slots=1) as server:
        url = f"{server.url}?api_key=A"
        async with connected(url) as peer:
            for message in ({"text": "Hello."}, {"text": "Hello!", "voice": "nobody"}):
                await peer.send(json.dumps(message))
                await receive(peer)
            await peer.send("no JSON")
            await receive(peer)
        spoken = {**ASKED, "voice": "tara", "response_format": "pcm"}
        reply = send(
            server.port, json.dumps(spoken).encode(), headers={"Authorization": "Bearer A"}
        )
        assert reply.status == 200
        backend.behaviour = Behaviour(endless=True, rate=500)
        async with connected(url) as peer:
            await peer.send('{"text": "For ever."}')
            await peer.recv()
    rows = database.read()
    audio_s = len(reply.body) / 2 / 24000
    assert [found[:4] for found in rows] == [
        ("alice", "/ws/tts", None, 6),
        ("alice", "/ws/tts", "nobody", 6),
        ("alice", "/v1/audio/speech", "tara", 6),
        ("alice", "/ws/tts", None, 9),
    ]
    outcomes = [found[7] for found in rows]
    assert outcomes == ["completed", "unknown_voice", "completed", "disconnected"]
    assert [found[4] for found in rows[:3]] == [round(audio_s, 3), 0.0, round(audio_s, 3)]
    for found in (rows[0], rows[2], rows[3]):
        assert 0 <= found[5] < found[6]  # queued, then heard
    assert rows[1][6] is None
    assert {found[8] for found in rows} == {None}  # the text is the client's
    ended = datetime.fromisoformat(database.read("ended_at")[0][0]).replace(tzinfo=UTC)
    assert timedelta(0) <= datetime.now(UTC) - ended < timedelta(minutes=5)


async def test_texts_where_they_are_asked_for(database: Database) -> None:
    with serving(request_log=database.url, request_log_text=True, root_path="/tts") as server:
        async with connected(f"ws://127.0.0.1:{server.port}/tts/ws/tts") as peer:
            await peer.send('{"text": "Grüße."}')
            await receive(peer)
        assert server.metric("tts_request_log_dropped_total") == 0
    assert database.read("key_name, path, text") == [("", "/ws/tts", "Grüße.")]


async def test_speech_goes_on_without_the_database(tmp_path: Path) -> None:
    database = Database(tmp_path / "nowhere" / "requests.db")
    with serving(request_log=database.url) as server:
        async with connected(server.url) as peer:
            for _ in range(3):
                await peer.send('{"text": "Hello."}')
                assert (await receive(peer)).final["done"]
        assert server.get("/health/ready")[0] == 200
    assert server.service.metrics.dropped_rows._value.get() == 3
