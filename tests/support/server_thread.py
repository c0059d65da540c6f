"""The real server on a real port, in a thread of the test's process, around `BackendDouble`."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.server.serve import Server, bind, run
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.double_synthesizer import double_synthesizer


def wait_until(condition: Callable[[], bool], timeout_s: float = 120.0) -> float:
    """Seconds that it took to come true. Fails the test when it does not: what takes so long hangs,
    on whatever machine."""
    began = time.perf_counter()
    while not condition():
        assert time.perf_counter() - began < timeout_s, f"not within {timeout_s} s"
        time.sleep(0.005)
    return time.perf_counter() - began


class ServerThread:
    """port, service and server are there once it listens. exit_code: after `stop()`."""

    def __init__(
        self,
        backend: BackendDouble,
        codec: Codec | None = None,
        model: SpeechModel | None = None,
        **settings: Any,
    ) -> None:
        self.backend = backend
        self.behaviour = backend.behaviour  # what it has without a test's doing
        self.codec = codec
        self.model = model
        unmeasured = {"slots": 4, "measure_s": 0, "log_level": "warning"}
        self.settings = ServerSettings(_env_file=None, port=0, **(unmeasured | settings))
        self.exit_code: int | None = None
        self.failure: BaseException | None = None
        self.server: Server
        self.service: Service
        self.port = 0
        self.idle_tasks = 0
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/tts"

    def start(self) -> None:
        self._thread.start()
        wait_until(self._listens)
        self.idle_tasks = self.tasks()

    def stop(self, timeout_s: float = 120.0) -> int | None:
        """One SIGTERM's worth of asking, then wait."""
        self.signal()
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "the server did not stop"
        if self.failure is not None:
            raise self.failure
        return self.exit_code

    def signal(self) -> None:
        self.service.stop(signal.SIGTERM)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def tasks(self) -> int:
        """asyncio tasks alive in the server's loop, but for the one that counts."""

        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return asyncio.run_coroutine_threadsafe(count(), self._loop).result(10)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        """One sample of /metrics, with its labels as written there; 0 when absent."""
        _, text = self.get("/metrics")
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def assert_as_before(self) -> None:
        """Slots, queue, sockets, engine and tasks are where they were when it began to listen."""
        wait_until(lambda: not self.service.callers)
        wait_until(lambda: self.backend.stats().running == 0)
        assert self.service.slots.active == 0
        assert self.service.slots.queued == 0
        for name in ("active_streams", "queued_requests", "sockets", "backend_running"):
            assert self.metric(f"tts_{name}") == 0, name
        assert len(self.backend.started) == len(self.backend.ended)
        wait_until(lambda: self.tasks() <= self.idle_tasks)
        wait_until(lambda: not self.server.server_state.connections)

    def stall_after(self, seconds: float) -> None:
        """From now on: a warm-up on a busy machine is slower than a test wants to wait."""
        synthesizer = self.service.synthesizer
        synthesizer.options = replace(synthesizer.options, stall_s=seconds)
        synthesizer._pipeline = replace(synthesizer._pipeline, options=synthesizer.options)

    def _listens(self) -> bool:
        if self.failure is not None:
            raise self.failure
        return hasattr(self, "server") and self.server.started

    def _run(self) -> None:
        try:
            self.exit_code = asyncio.run(
                run(self.settings, self._open(), bind(self.settings), self._on_start)
            )
        except BaseException as error:
            self.failure = error

    def _open(self) -> Synthesizer:
        options = StreamOptions(
            max_characters=self.settings.max_characters,
            sentence_pause_s=self.settings.sentence_pause_s,
            paragraph_pause_s=self.settings.paragraph_pause_s,
            stall_s=self.settings.stall_timeout_s,
            stop_s=self.settings.abort_timeout_s,
        )
        return double_synthesizer(self.backend, options, self.codec, self.model)

    def _on_start(self, service: Service, server: Server, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.service = service
        self.port = port
        self.server = server


@contextmanager
def serving(
    backend: BackendDouble | None = None,
    codec: Codec | None = None,
    model: SpeechModel | None = None,
    **settings: Any,
) -> Iterator[ServerThread]:
    server = ServerThread(backend or BackendDouble(), codec, model, **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
