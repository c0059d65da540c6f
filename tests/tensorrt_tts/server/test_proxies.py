"""The server behind the real HAProxy and nginx, as docs/proxies/ configures them."""

import asyncio
import http.client
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.codecs.base import Job
from tests.support.altered_codecs import FailingCodec
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.chromium import chromium_page, find_chromium
from tests.support.proxies import PREFIX, PROXIES, Edit, each_proxy
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import BareRequest
from tests.support.speech_client import ask as ask_http
from tests.support.tts_client import (
    BareSocket,
    ask,
    assert_same_audio,
    close_code,
    connected,
    receive,
)
from vllm_inference import client

pytestmark = [pytest.mark.timeout(300), pytest.mark.parametrize("name", each_proxy())]

SPEAKING = Behaviour(endless=True, rate=300)
SHORT = Behaviour(frames=6)

NO_UPGRADE: dict[str, Edit] = {
    "haproxy": lambda text: text.replace(
        "    default_backend", "    http-request del-header Upgrade\n    default_backend"
    ),
    "nginx": lambda text: text.replace("proxy_set_header", "# "),
}
KEEP_PREFIX: dict[str, Edit] = {
    "haproxy": lambda text: text.replace("    http-request replace-path", "    # "),
    "nginx": lambda text: text.replace("http://speech/;", "http://speech;"),
}


@contextmanager
def behind(
    name: str, folder: Path, *servers: ServerThread, edit: Edit = str
) -> Iterator[tuple[str, int]]:
    """The socket's address and the proxy's port."""
    with PROXIES[name]([server.port for server in servers], folder, edit) as port:
        yield f"ws://127.0.0.1:{port}{PREFIX}/ws/tts", port


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(
        BackendDouble(behaviour=SHORT), codec=NullCodec(), slots=2, max_message_bytes=4096
    ) as server:
        yield server


def get(port: int, path: str) -> tuple[int, dict[str, str], str]:
    """Follows no redirect."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, {key.lower(): value for key, value in reply.getheaders()}, text


class Stepwise(NullCodec):
    """Decodes a window only when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = threading.Semaphore(0)
        self.free = True  # to warm up

    def run(self, jobs: Sequence[Job]) -> list[np.ndarray]:
        if not self.free:
            self.allowed.acquire(timeout=60)
        return super().run(jobs)


async def test_a_chunk_arrives_before_the_next_one_is_made(name: str, tmp_path: Path) -> None:
    codec = Stepwise()
    with serving(codec=codec) as server, behind(name, tmp_path, server) as (url, _):
        codec.free = False
        server.backend.behaviour = Behaviour(frames=40)
        async with connected(url) as peer:
            await peer.send(json.dumps({"text": "Hello."}))
            for _ in range(6):
                codec.allowed.release()
                assert isinstance(await asyncio.wait_for(peer.recv(), 60), bytes)
            codec.free = True
            codec.allowed.release()
            assert (await receive(peer)).final["reason"] == "completed"


async def test_all_audio_arrives_chunk_by_chunk(
    server: ServerThread, name: str, tmp_path: Path
) -> None:
    with behind(name, tmp_path, server) as (url, _):
        async with connected(url) as peer, connected(server.url) as direct:
            through, beside = await ask(peer, seed=1), await ask(direct, seed=1)
    assert through.chunks == through.final["chunks"]
    assert_same_audio(through.audio, beside.audio)


@pytest.mark.parametrize("response_format", ["pcm", "mp3"])
def test_http_audio_arrives_before_the_rest_is_made(
    name: str, tmp_path: Path, response_format: str
) -> None:
    codec, frames = Stepwise(), 40
    with serving(codec=codec) as server, behind(name, tmp_path, server) as (_, port):
        codec.free = False
        server.backend.behaviour = Behaviour(frames=frames)
        with BareRequest(port, prefix=PREFIX, response_format=response_format) as request:
            for _ in range(3):
                codec.allowed.release()
            while not request.has_body():
                request.read_some()
            codec.free = True
            codec.allowed.release(frames)
            while not request.received.endswith(b"\r\n0\r\n\r\n"):
                request.read_some()


def test_http_audio_that_breaks_off_is_told_from_what_is_whole(name: str, tmp_path: Path) -> None:
    codec = FailingCodec()
    with serving(codec=codec) as server, behind(name, tmp_path, server) as (_, port):
        assert ask_http(port, PREFIX).whole
        codec.left = 3
        reply = ask_http(port, PREFIX, response_format="pcm")
        assert (reply.status, reply.whole) == (200, False)


def test_an_http_client_that_leaves(server: ServerThread, name: str, tmp_path: Path) -> None:
    server.backend.behaviour = SPEAKING
    with behind(name, tmp_path, server) as (_, port):
        request = BareRequest(port, prefix=PREFIX, response_format="pcm")
        while not request.has_body():
            request.read_some()
        assert server.service.slots.active == 1
        request.vanish()
        wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize("kept", [False, True])
def test_every_route_under_the_prefix(name: str, tmp_path: Path, kept: bool) -> None:
    """The proxy takes the prefix off, or leaves it on and the server is told of it."""
    with (
        serving(root_path=PREFIX if kept else "") as server,
        behind(name, tmp_path, server, edit=KEEP_PREFIX[name] if kept else str) as (url, port),
    ):
        for path in ("/test/", "/test/page.js", "/test/icon.svg", "/health/live", "/metrics"):
            assert get(port, PREFIX + path)[0] == 200, path
        assert get(server.port, "/health/ready")[0] == 200  # a probe beside the proxy
        assert json.loads(get(port, f"{PREFIX}/v1/audio/voices")[2])["sample_rate"] == 24000
        assert get(port, f"{PREFIX}/test?a=b")[:2][1]["location"] == "test/?a=b"
        for path in (PREFIX, f"{PREFIX}/"):
            assert get(port, path)[1]["location"] == f"{PREFIX}/test/"
        status, _, told = get(port, f"{PREFIX}/nothing")
        assert (status, json.loads(told)["error"]["code"]) == (404, "unknown_route")
        assert get(port, "/test/")[0] == 404
        server.backend.behaviour = SHORT
        assert ask_http(port, PREFIX).whole
        assert ask_http(port, PREFIX, voice="bob").error["param"] == "voice"
        assert client.main(["--url", url, "--text", "Hi.", "--output", f"{tmp_path}/a.wav"]) == 0


@pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_page_speaks(
    server: ServerThread, name: str, tmp_path: Path, scheme: str
) -> None:
    def with_tls(text: str) -> str:
        subprocess.run(CERTIFICATE, shell=True, cwd=tmp_path, check=True, capture_output=True)
        pair = f"ssl_certificate {tmp_path}/c.pem; ssl_certificate_key {tmp_path}/k.pem;"
        text = text.replace("listen 8080 sndbuf=128k;", f"listen 8080 ssl sndbuf=128k; {pair}")
        return text.replace("bind :8080", f"bind :8080 ssl crt {tmp_path}/both.pem")

    edit = with_tls if scheme == "https" else str
    with behind(name, tmp_path, server, edit=edit) as (_, port):
        async with chromium_page(tmp_path / "profile") as page:
            await page.call("Security.setIgnoreCertificateErrors", ignore=True)
            await page.open(f"{scheme}://127.0.0.1:{port}{PREFIX}/test")
            await page.until("document.querySelectorAll('#voice option').length === 8")
            await page.press("a", 65)  # browsers play nothing before a key or a click
            await page.value("document.getElementById('form').requestSubmit()")
            await page.until("document.getElementById('status').textContent === 'Done'")
            assert page.problems == []


@pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)")
async def test_the_page_behind_a_proxy_that_does_not_upgrade(
    server: ServerThread, name: str, tmp_path: Path
) -> None:
    problem = "document.getElementById('problem').textContent"
    with behind(name, tmp_path, server, edit=NO_UPGRADE[name]) as (_, port):
        async with chromium_page(tmp_path / "profile") as page:
            await page.open(f"http://127.0.0.1:{port}{PREFIX}/test/")
            await page.press("a", 65)
            await page.value("document.getElementById('form').requestSubmit()")
            await page.until(f"{problem} !== ''")
            assert "pass the headers Upgrade and Connection on" in await page.value(problem)


CERTIFICATE = """openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 \
-subj /CN=localhost && cat k.pem c.pem > both.pem"""


def test_a_client_that_goes_away_frees_its_slot(
    server: ServerThread, name: str, tmp_path: Path
) -> None:
    server.backend.behaviour = SPEAKING
    with behind(name, tmp_path, server) as (url, _):
        peer = BareSocket(url)
        peer.send(text="Hello.")
        assert peer.tcp.recv(1000)
        peer.vanish()
        wait_until(lambda: server.service.slots.active == 0)


def test_a_client_that_stops_reading_is_cut(name: str, tmp_path: Path) -> None:
    """Its 600 s of audio do not fit into the buffers on the way."""
    with serving(codec=NullCodec(), send_timeout_s=1) as server:
        server.backend.behaviour = Behaviour(endless=True)
        with behind(name, tmp_path, server) as (url, _), BareSocket(url, 4096) as peer:
            for _ in range(8):
                peer.send(text="Hello.", max_tokens=4000)
            wait_until(lambda: server.metric('tts_requests_total{outcome="slow_reader"}') > 0, 60)
            # About 15 s of audio lie in buffers; 70 s would where the kernel chooses their size.
            assert server.metric("tts_audio_seconds_total") < 40


async def test_close_codes_come_through(server: ServerThread, name: str, tmp_path: Path) -> None:
    with behind(name, tmp_path, server) as (url, _):
        async with connected(url) as peer:
            await peer.send("x" * 4097)
            assert await close_code(peer) == 1009


async def test_a_refused_handshake_comes_through(name: str, tmp_path: Path) -> None:
    with serving(max_sockets=1) as server, behind(name, tmp_path, server) as (url, _):
        async with connected(url):
            with pytest.raises(InvalidStatus) as refused:
                async with connected(url):
                    pass
    response = refused.value.response
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert json.loads(response.body or b"")["error"]["code"] == "overloaded"


async def test_the_socket_of_another_path(server: ServerThread, name: str, tmp_path: Path) -> None:
    with behind(name, tmp_path, server) as (url, _), pytest.raises(InvalidStatus) as refused:
        async with connected(url + "x"):
            pass
    assert refused.value.response.status_code == 404


async def test_a_full_server_is_passed_over(name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(max_sockets=2)) for _ in range(2)]
        url, _ = stack.enter_context(behind(name, tmp_path, *servers))
        async with AsyncExitStack() as peers:
            # The first two are callers that the proxy knows nothing of.
            for address in (servers[0].url, servers[0].url, url, url):
                await peers.enter_async_context(connected(address))
            both = [server.service.callers for server in servers]
            await asyncio.to_thread(wait_until, lambda: [*map(len, both)] == [2, 2])


async def test_a_draining_server_gets_no_new_sockets_and_ends_what_it_began(
    name: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving()) for _ in range(2)]
        url, _ = stack.enter_context(behind(name, tmp_path, *servers))
        for server in servers:
            server.backend.behaviour = Behaviour(frames=40, rate=100)
        async with connected(url) as peer, AsyncExitStack() as peers:
            await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
            (drained,) = (server for server in servers if server.service.callers)
            (other,) = (server for server in servers if server is not drained)
            drained.signal()
            await asyncio.to_thread(wait_until, lambda: drained.service.health.draining)
            for _ in range(4):  # before the next check and after it
                await peers.enter_async_context(connected(url))
            await asyncio.to_thread(wait_until, lambda: len(other.service.callers) == 4)
            answer = await receive(peer)
            assert answer.final["reason"] == "completed"
            assert await close_code(peer) == 1012
        await asyncio.to_thread(wait_until, lambda: not drained.running)
        async with connected(url) as peer:
            assert (await ask(peer)).final["reason"] == "completed"


async def test_health_takes_a_server_out_of_rotation(name: str, tmp_path: Path) -> None:
    """HAProxy asks for it. What was begun goes on."""
    if name != "haproxy":
        pytest.skip("nginx asks for no health; it passes over a server that answers 503")
    with serving() as server, behind(name, tmp_path, server) as (url, port):
        server.backend.behaviour = SPEAKING
        async with connected(url) as peer:
            await peer.send(json.dumps({"text": "Hello."}))
            await peer.recv()
            server.signal()
            live = f"{PREFIX}/health/live"  # 200 as long as the server is asked
            await asyncio.to_thread(wait_until, lambda: get(port, live)[0] == 503)
            assert server.get("/health/live") == (200, '{"status":"draining"}')
            assert isinstance(await peer.recv(), bytes)
            await peer.send('{"cancel": true}')
            assert (await receive(peer)).final["reason"] == "cancelled"
            assert await close_code(peer) == 1012


def test_a_proxy_that_does_not_upgrade(
    server: ServerThread, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with behind(name, tmp_path, server, edit=NO_UPGRADE[name]) as (url, _):
        assert client.main(["--url", url, "--text", "Hi.", "--output", f"{tmp_path}/a.wav"]) == 2
    assert "pass the headers Upgrade and Connection on" in capsys.readouterr().err
