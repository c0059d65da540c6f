"""The app under servers that know nothing of it: their own commands, in processes of their own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.asgi_app import FRAMES
from tests.support.server_thread import wait_until
from tests.support.tts_client import ask, assert_same_audio, close_code, connected, receive

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[3]
APP = "tests.support.asgi_app:app"
COMMANDS = {
    "uvicorn": ["uvicorn", "--factory", APP, "--port", "{port}"],
    # Without a process of its own for the worker, which Hypercorn does not pass signals to.
    "hypercorn": [
        *("hypercorn", f"{APP}()", "--bind", "127.0.0.1:{port}"),
        *("--workers", "0", "--graceful-timeout", "60"),
    ],
}
TOLD = {"uvicorn": -signal.SIGTERM, "hypercorn": 0}
"""How they end after a SIGTERM."""


def _each() -> list[object]:
    return [
        pytest.param(
            name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"needs {name}")
        )
        for name in COMMANDS
    ]


@pytest.fixture(params=_each())
def server(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with _process(request.param) as running:
        yield running


@contextmanager
def _process(name: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [part.format(port=port) for part in COMMANDS[name]]
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            wait_until(lambda: process.poll() is not None or _status(port, "ready") == 200, 240)
            assert process.poll() is None
            yield process, f"127.0.0.1:{port}"
        finally:
            process.kill()


def _status(address: object, probe: str) -> int | None:
    """Of a health route; None: nobody answers."""
    host = address if isinstance(address, str) else f"127.0.0.1:{address}"
    try:
        with urllib.request.urlopen(f"http://{host}/health/{probe}", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None


async def test_sigterm_lets_open_speech_finish(
    server: tuple[subprocess.Popen[str], str],
) -> None:
    process, host = server
    url = f"ws://{host}/ws/tts"
    async with connected(url) as undisturbed:
        expected = await ask(undisturbed, seed=1)
    assert len(expected.audio) == FRAMES * 2 * 2048
    assert expected.final["reason"] == "completed"
    async with connected(url) as peer, connected(url) as idle:
        await peer.send(json.dumps({"text": "Hello.", "seed": 1}))
        first = await peer.recv()
        os.kill(process.pid, signal.SIGTERM)
        assert await close_code(idle) == 1012
        rest = await receive(peer)
        assert await close_code(peer) == 1012
    assert isinstance(first, bytes)
    assert_same_audio(first + rest.audio, expected.audio)
    assert rest.final["reason"] == "completed"
    code = await asyncio.to_thread(process.wait, 240)
    assert code == TOLD["hypercorn" if "hypercorn" in str(process.args) else "uvicorn"]
    assert process.stdout is not None
    assert process.stdout.read().endswith("closed: True\n")


async def test_the_edges_are_the_same(server: tuple[subprocess.Popen[str], str]) -> None:
    process, host = server
    assert [_status(host, probe) for probe in ("live", "ready", "nothing")] == [200, 200, 404]
    with pytest.raises(InvalidStatus) as refused:
        async with connected(f"ws://{host}/ws/ttz"):
            pass
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body or b"")["error"]["code"] == "unknown_route"
    async with connected(f"ws://{host}/ws/tts") as peer:
        assert peer.response is not None
        assert peer.response.headers["X-Audio-Sample-Rate"] == "24000"
        assert (await ask(peer, voice="nobody")).code == "unknown_voice"
        await peer.send(json.dumps({"text": "Hello.", "id": "x"}))
        await peer.recv()
        await peer.send('{"cancel": "x"}')
        assert (await receive(peer)).final["reason"] == "cancelled"
        process.terminate()
        assert await close_code(peer) == 1012
    assert await asyncio.to_thread(process.wait, 240) is not None


async def test_a_second_sigterm_stops_now() -> None:
    """Hypercorn ignores it: there the end is its own --graceful-timeout."""
    with _process("uvicorn") as (process, host):
        url = f"ws://{host}/ws/tts"
        async with connected(url) as peer, connected(url) as idle:
            for _ in range(4):
                await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
            process.terminate()
            assert await close_code(idle) == 1012  # the first one has been taken
            process.terminate()
            assert await close_code(peer) == 1012
        assert await asyncio.to_thread(process.wait, 240) == -signal.SIGTERM
