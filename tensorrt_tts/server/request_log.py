"""One row per request in a database, written off the audio's path.

A request that has ended is put into a bounded queue, which never waits; a thread of its own takes
what has gathered there and inserts it. While the database is not there, the thread tries again and
the queue fills up; what does not fit is dropped and counted. The text is not kept unless the
setting asks for it: it is the client's.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tensorrt_tts.errors import MissingDependencyError, SettingError, needs, reason

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

    from tensorrt_tts.server.context import Context

logger = logging.getLogger(__name__)

QUEUED_AT_MOST = 10_000
"""Rows of a few hundred bytes: minutes of a busy server."""

AT_ONCE = 100
"""Rows of one transaction, at most: a few milliseconds of Python's time."""

RETRY_S = 2.0

CLOSE_S = 5.0
"""How long the end of the server waits for the last rows."""

LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class RequestRow:
    ended_at: datetime  # UTC
    key_name: str  # "" where the server has no keys
    path: str  # of the route, which is the protocol
    voice: str | None  # as it was asked for
    characters: int
    audio_s: float  # sent
    queue_s: float  # from the arrival until it had a slot
    first_audio_s: float | None  # from the arrival
    outcome: str
    text: str | None  # where the setting asks for it

    @classmethod
    def of(cls, context: Context, keep_text: bool) -> RequestRow:
        """Of a request that has ended."""
        request, identity, report = context.request, context.identity, context.report
        first = None if report is None else report.first_audio_s
        return cls(
            datetime.now(UTC),
            identity.key,
            identity.path[:LONGEST_PATH],
            request.voice,
            context.characters,
            round(context.sent_s, 3),
            round(context.queue_s, 4),
            None if first is None else round(context.queue_s + first, 4),
            str(context.outcome),
            context.text if keep_text else None,
        )


def request_table() -> Table:
    from sqlalchemy import Column, DateTime, Float, Integer, MetaData, String, Table, Text

    return Table(
        "requests",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("ended_at", DateTime(timezone=True), nullable=False, index=True),
        Column("key_name", String(64), nullable=False, index=True),
        Column("path", String(LONGEST_PATH), nullable=False),
        Column("voice", Text),
        Column("characters", Integer, nullable=False),
        Column("audio_s", Float, nullable=False),
        Column("queue_s", Float, nullable=False),
        Column("first_audio_s", Float),
        Column("outcome", String(64), nullable=False),
        Column("text", Text),
    )


def open_database(url: str) -> Engine:
    """Connects to nothing yet. Raises SettingError for what is no address of a database that
    SQLAlchemy knows, MissingDependencyError for a package that is not there. Neither shows it:
    there may be a password in it."""
    with needs("--request-log needs SQLAlchemy; pip install 'tensorrt-tts[log]'"):
        import sqlalchemy
    try:
        address = sqlalchemy.make_url(url)
        # Else a PostgreSQL whose database has no encoding gives bytes where text is expected.
        ours = address.get_driver_name() in ("psycopg", "psycopg2")
        asked = {"client_encoding": "utf8"} if ours else {}
        engine = sqlalchemy.create_engine(address, pool_pre_ping=True, connect_args=asked)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"request_log: the database's driver {error.name!r} is missing; install it, or name "
            "another in the address, as in postgresql+psycopg://…"
        ) from error
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise SettingError(
            "request_log is not the address of a database; use one such as "
            "sqlite:///requests.db or postgresql+psycopg://user:password@host/name"
        ) from error
    if engine.dialect.is_async:
        raise SettingError(
            f"request_log: driver {engine.driver!r} is for asyncio, and a thread writes here; name "
            "another, as in postgresql+psycopg://…"
        )
    return engine


class RequestLog:
    """on_drop: told how many rows were dropped, from any thread. Raises as `open_database`.

    `put` belongs to the event loop; everything that may take time happens in the thread.
    """

    def __init__(
        self,
        url: str,
        on_drop: Callable[[int], object],
        queued_at_most: int = QUEUED_AT_MOST,
        retry_s: float = RETRY_S,
    ) -> None:
        self._engine = open_database(url)
        self._table = request_table()
        self._on_drop = on_drop
        self._retry_s = retry_s
        self._rows: queue.Queue[RequestRow] = queue.Queue(queued_at_most)
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="request log", daemon=True)
        self._ready = False  # the table is there
        self._failing = False

    def start(self) -> None:
        self._thread.start()

    def put(self, row: RequestRow) -> None:
        """Never waits, never raises."""
        if self._closing.is_set() or self._rows.full():
            self._on_drop(1)
            return
        self._rows.put_nowait(row)
        self._news.set()

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Write what is left, if that does not take longer. Blocks."""
        self._closing.set()
        self._news.set()
        self._thread.join(timeout_s)

    def _write(self) -> None:
        while not self._closing.is_set() or not self._rows.empty():
            self._news.wait()
            self._news.clear()
            while rows := self._gathered():
                self._insert(rows)
        self._engine.dispose()

    def _gathered(self) -> list[RequestRow]:
        rows: list[RequestRow] = []
        with contextlib.suppress(queue.Empty):
            while len(rows) < AT_ONCE:
                rows.append(self._rows.get_nowait())
        return rows

    def _insert(self, rows: Sequence[RequestRow]) -> None:
        """Until it succeeds, or once more when the server ends. A row that the database will never
        take does not hold up the others."""
        last = False
        while True:
            try:
                self._make_table()
                with self._engine.begin() as connection:
                    connection.execute(self._table.insert(), [asdict(row) for row in rows])
            except Exception as error:  # of any driver
                if self._may_pass(error):
                    self._note_failure(error)
                    if not last:
                        last = self._closing.wait(self._retry_s)
                        continue
                    self._drop(len(rows), error)
                elif len(rows) == 1:
                    self._drop(1, error)
                else:
                    for row in rows:
                        self._insert([row])
                return
            if self._failing:
                self._failing = False
                logger.info("the request log is written again")
            return

    def _make_table(self) -> None:
        if not self._ready:
            self._table.metadata.create_all(self._engine)
            self._ready = True

    def _may_pass(self, error: Exception) -> bool:
        """A database that is away, locked or full, and not one that refuses what it is given."""
        from sqlalchemy.exc import OperationalError

        return not self._ready or isinstance(error, OperationalError)

    def _note_failure(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            logger.error("the request log cannot be written: %s", reason(error))

    def _drop(self, rows: int, error: Exception) -> None:
        logger.error("%d rows of the request log are lost: %s", rows, reason(error))
        self._on_drop(rows)
