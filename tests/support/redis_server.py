"""A Redis of the test's own, where one is installed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self


def find_redis() -> str | None:
    return shutil.which("redis-server")


class RedisServer:
    """Can be stopped (it keeps its connections and answers nothing), ended and started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = TemporaryDirectory(prefix="redis-")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = find_redis()
        assert program is not None
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        log = Path(self._folder.name) / "log"
        self._process = subprocess.Popen(
            [program, *options, "--dir", self._folder.name, "--logfile", str(log)]
        )
        for _ in range(12_000):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise AssertionError(log.read_text())

    def end(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._folder.cleanup()
