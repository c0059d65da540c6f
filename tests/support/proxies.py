"""The proxies that docs/proxies/ configures, run as it ships them: only ports are put in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server_thread import wait_until

CONFIGURATIONS = Path(__file__).parents[2] / "docs" / "proxies"
PREFIX = "/tts"

Edit = Callable[[str], str]


@contextmanager
def haproxy(ports: Sequence[int], folder: Path, edit: Edit = str) -> Iterator[int]:
    """Gives its port. ports: the servers behind it. edit: of the configuration."""
    port = _free_port()
    servers = "\n".join(f"    server s{at} 127.0.0.1:{at}" for at in ports)
    text = (CONFIGURATIONS / "haproxy.cfg").read_text(encoding="utf-8")
    text = edit(text).replace(" :8080", f" 127.0.0.1:{port}")
    path = folder / "haproxy.cfg"
    path.write_text(text.replace("    server one 127.0.0.1:8000", servers), encoding="utf-8")
    with _running(["haproxy", "-db", "-f", str(path)], port):
        yield port


@contextmanager
def nginx(ports: Sequence[int], folder: Path, edit: Edit = str) -> Iterator[int]:
    """As `haproxy`."""
    port = _free_port()
    servers = "\n".join(f"        server 127.0.0.1:{at} fail_timeout=1s;" for at in ports)
    text = (CONFIGURATIONS / "nginx.conf").read_text(encoding="utf-8")
    text = edit(text).replace("listen 8080", f"listen 127.0.0.1:{port}")
    path = folder / "nginx.conf"
    path.write_text(
        text.replace("        server 127.0.0.1:8000 fail_timeout=1s;", servers), encoding="utf-8"
    )
    own = f"daemon off; pid {folder}/nginx.pid;"
    with _running(["nginx", "-e", "stderr", "-g", own, "-c", str(path)], port):
        yield port


PROXIES = {"haproxy": haproxy, "nginx": nginx}


def why_not(name: str) -> str | None:
    """Why this proxy cannot be run here."""
    if shutil.which(name) is None:
        return f"needs {name} (apt install {name})"
    if name == "nginx" and not os.access("/var/log/nginx", os.W_OK):
        return "nginx writes into folders of root's, as it is packaged"
    return None


def each_proxy() -> list[object]:
    """Parameters of a test: the name of every proxy, skipped where it is not installed."""
    return [
        pytest.param(name, marks=pytest.mark.skipif(bool(why_not(name)), reason=str(why_not(name))))
        for name in PROXIES
    ]


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: process.poll() is not None or _listens(port), 60)
            if process.poll() is not None:
                assert process.stderr is not None
                raise AssertionError(process.stderr.read().decode())
            yield
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
