"""SIGTERM, in a process of its own: uvicorn alone would cut every socket at once."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tensorrt_tts.errors import EngineDiedError
from tests.support.backend_double import Behaviour
from tests.support.server_thread import serving, wait_until
from tests.support.tts_client import ask, assert_same_audio, close_code, connected, receive

pytestmark = pytest.mark.timeout(300)  # three processes that import torch

ROOT = Path(__file__).parents[3]


@contextmanager
def process(
    *, rate: float, frames: int, drain_s: float, deaf: bool = False
) -> Iterator[tuple[subprocess.Popen, str]]:
    command = [sys.executable, "-m", "tests.support.speaking_server"]
    command += [str(rate), str(frames), str(drain_s), *(["deaf"] if deaf else [])]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            deadline = time.monotonic() + 240
            while not _listens(port):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield server, f"ws://127.0.0.1:{port}/ws/tts"
        finally:
            server.kill()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _exit_code(server: subprocess.Popen, within_s: float) -> int:
    return await asyncio.to_thread(server.wait, within_s)


async def _refuses(url: str) -> None:
    refused = False
    while not refused:
        try:
            async with connected(url):
                await asyncio.sleep(0.01)
        except InvalidStatus:
            refused = True


async def test_sigterm_while_speaking_delivers_every_byte_and_exits_0() -> None:
    with process(rate=120, frames=40, drain_s=30) as (server, url):  # 2.3 s
        async with connected(url) as undisturbed:
            expected = await ask(undisturbed, seed=1)
        async with connected(url) as peer, connected(url) as idle:
            await peer.send(json.dumps({"text": "Hello.", "seed": 1}))
            first = await peer.recv()
            os.kill(server.pid, signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                await idle.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "draining")
            with pytest.raises(InvalidStatus) as refused:
                async with connected(url):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "5"
            rest = await receive(peer)
            assert await close_code(peer) == 1012
        assert isinstance(first, bytes)
        assert_same_audio(first + rest.audio, expected.audio)
        assert rest.final["reason"] == "completed"
        assert await _exit_code(server, 240) == 0


async def test_second_sigterm_stops_now() -> None:
    with process(rate=20, frames=200, drain_s=60) as (server, url):
        async with connected(url) as peer:
            await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
            os.kill(server.pid, signal.SIGTERM)
            await _refuses(url)  # the first has been taken; two that are pending would be one
            assert server.poll() is None
            os.kill(server.pid, signal.SIGTERM)
            assert await close_code(peer) == 1012
        assert await _exit_code(server, 240) == 128 + signal.SIGTERM


async def test_drain_ends_at_its_deadline() -> None:
    with process(rate=20, frames=200, drain_s=0.5) as (server, url):
        async with connected(url) as peer:
            await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
            os.kill(server.pid, signal.SIGTERM)
            assert await close_code(peer) == 1012
        assert await _exit_code(server, 240) == 0


async def test_an_engine_that_lets_go_of_nothing_does_not_keep_the_process() -> None:
    with process(rate=500, frames=4, drain_s=1, deaf=True) as (server, url):
        async with connected(url) as peer:
            await peer.send(json.dumps({"text": "Hello."}))
            with contextlib.suppress(TimeoutError):
                while True:  # until it hangs, for certain
                    await asyncio.wait_for(peer.recv(), 1.0)
        assert await _exit_code(server, 240) == EngineDiedError.exit_code


async def test_while_draining() -> None:
    """Live but not ready; what was accepted is spoken, queued requests too; new ones are told."""
    with serving(slots=1) as server:
        assert server.get("/health/ready") == (200, '{"status":"ok"}')
        server.backend.behaviour = Behaviour(frames=12, rate=100)
        async with connected(server.url) as peer, connected(server.url) as queued:
            await peer.send(json.dumps({"text": "One.", "id": "1"}))
            await peer.recv()
            await peer.send(json.dumps({"text": "Two.", "id": "2"}))
            await queued.send(json.dumps({"text": "Three.", "id": "3"}))
            await asyncio.to_thread(wait_until, lambda: server.service.slots.queued == 1)
            server.signal()
            await asyncio.to_thread(wait_until, lambda: server.service.health.draining)
            assert await asyncio.to_thread(server.get, "/health/live") == (
                200,
                '{"status":"draining"}',
            )
            assert (await asyncio.to_thread(server.get, "/health/ready"))[0] == 503
            await queued.send(json.dumps({"text": "Late.", "id": "4"}))
            answers = [await receive(peer), await receive(peer)]
            others = [await receive(queued), await receive(queued)]
        assert [answer.final["id"] for answer in answers] == ["1", "2"]
        assert all(answer.final["reason"] == "completed" for answer in answers)
        assert [(other.final["id"], other.code) for other in others] == [
            ("4", "draining"),
            ("3", None),
        ]
        await asyncio.to_thread(wait_until, lambda: not server.running)
        assert server.exit_code == 0
