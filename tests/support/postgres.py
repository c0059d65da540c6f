"""A PostgreSQL of the test's own, where one is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def find_postgres() -> Path | None:
    """The folder of its programs, which Debian keeps off the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextmanager
def running_postgres() -> Iterator[str]:
    """`user@host:port/database`. It does not run as root, so there it runs as `nobody`."""
    programs = find_postgres()
    assert programs is not None
    user = "nobody" if os.geteuid() == 0 else None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory(prefix="postgres-") as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = Path(folder) / "data"

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(data), *arguments]
            quiet = subprocess.DEVNULL  # it would hold a pipe open
            subprocess.run(
                command, check=True, user=user, cwd=folder, stdout=quiet, stderr=quiet, timeout=120
            )

        # Without an encoding, as in the C locale: the hardest case.
        run("initdb", "-U", "me", "-A", "trust", "--no-sync", "-E", "SQL_ASCII", "--locale", "C")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        run("pg_ctl", "-w", "-o", options, "start")
        try:
            yield f"me@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
