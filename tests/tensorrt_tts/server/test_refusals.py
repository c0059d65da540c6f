"""Requests that no route takes, with whatever a proxy makes of them."""

import asyncio
import http.client
import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from tensorrt_tts.server.refusals import other_slash
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.tts_client import connected


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(max_sockets=1) as running:
        yield running


def ask(
    server: ServerThread, path: str, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Follows no redirect."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=sent)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, reply.headers, body


def error(body: bytes | bytearray) -> tuple[str, str]:
    told = json.loads(body)["error"]
    return told["code"], told["message"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/test", "test/"),
        ("/test?text=a&b", "test/?text=a&b"),
        ("/health/ready/", "../ready"),
        ("/metrics/", "../metrics"),
        ("/v1/audio/voices/?x=1", "../voices?x=1"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "speech.example"},
        {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "a.example", "X_Forwarded_Prefix": "/p"},
    ],
)
def test_a_slash_too_many_or_too_few_is_redirected_below_the_address_asked_for(
    server: ServerThread, path: str, location: str, headers: dict[str, str]
) -> None:
    status, answered, _ = ask(server, path, **headers)
    assert (status, answered["Location"]) == (307, location)


@pytest.mark.parametrize("path", ["/test", "/health/ready/", "/v1/audio/voices/"])
def test_a_redirect_arrives(server: ServerThread, path: str) -> None:
    assert server.get(path)[0] == 200


@pytest.mark.parametrize("path", ["/nothing", "/test/nothing.js", "", "/", "//", "/test//"])
def test_no_other_slash(path: str) -> None:
    assert other_slash(path, {"/test/", "/health/ready"}) is None


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/ws", "/ws/ttz", "/test/no.js", "/test/../etc", "//evil.example/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_told_the_known_ones(
    server: ServerThread, path: str, method: str
) -> None:
    status, headers, body = ask(server, path, method)
    if path.startswith("/test/") and method == "POST":
        assert status == 405
        return
    code, message = error(body)
    assert (status, code) == (404, "unknown_route")
    assert message.startswith(f"path {path!r} is not served here; the paths are: ")
    for known in ("/test/", "/tts/bytes", "/v1/audio/speech", "/v1/models", "/ws/tts"):
        assert known in message
    assert headers["Location"] is None


def test_a_long_path_is_cut(server: ServerThread) -> None:
    short, long = (ask(server, "/" + "x" * count)[2] for count in (1, 4000))
    assert len(long) < len(short) + 100


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/metrics", "GET"),
        ("DELETE", "/v1/audio/voices", "GET"),
        ("POST", "/test/", "GET, HEAD"),
        ("POST", "/ws/tts", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(
    server: ServerThread, method: str, path: str, allowed: str
) -> None:
    status, _, body = ask(server, path, method)
    told = f"method {method} is not for {path!r}; use {allowed}"
    assert (status, error(body)) == (405, ("invalid_request", told))


@pytest.mark.parametrize(
    "path",
    [
        *("/health/live", "/health/ready", "/metrics", "/openapi.json", "/test/", "/test/page.js"),
        *("/v1/models", "/v1/audio/voices", "/v1/tts/health", "/v1/voices"),
    ],
)
def test_probes_may_ask_for_the_head_alone(server: ServerThread, path: str) -> None:
    status, headers, body = ask(server, path, "HEAD")
    assert (status, body) == (200, b"")
    assert headers["Content-Type"] == ask(server, path)[1]["Content-Type"]


@pytest.mark.parametrize(("path", "status"), [("/v1/audio/speech", 405), ("/nothing", 404)])
def test_the_head_of_what_is_not_there_is_refused(
    server: ServerThread, path: str, status: int
) -> None:
    assert ask(server, path, "HEAD")[0::2] == (status, b"")


@pytest.mark.parametrize(
    "path", ["/ws/ttz", "/ws/tts/", "//ws/tts", "/", "/test/", "/test/x", "/health/ready"]
)
async def test_a_socket_at_another_path(server: ServerThread, path: str) -> None:
    before = await asyncio.to_thread(refused_so_far, server)
    with pytest.raises(InvalidStatus) as refused:
        async with connected(f"ws://127.0.0.1:{server.port}{path}"):
            pass
    response = refused.value.response
    assert response.status_code == 404
    code, told = error(response.body or b"")
    assert code == "unknown_route"
    paths = told.removeprefix(f"path {path!r} is not served here; the paths are: ").split(", ")
    assert {"/ws/tts", "/tts/websocket"} <= set(paths)
    assert "/v1/audio/speech" not in paths  # it is no socket
    assert await asyncio.to_thread(refused_so_far, server) == before + 1


def refused_so_far(server: ServerThread) -> float:
    return server.metric('tts_refused_sockets_total{code="unknown_route"}')


@pytest.mark.parametrize(
    "headers",
    [{}, {"Connection": "upgrade"}, {"Upgrade": "h2c", "Connection": "Upgrade"}],
)
def test_a_socket_asked_for_over_plain_http(server: ServerThread, headers: dict[str, str]) -> None:
    """As by a proxy that drops the header Upgrade."""
    status, answered, body = ask(server, "/ws/tts", **headers)
    assert (status, answered["Upgrade"]) == (426, "websocket")
    assert "pass the headers Upgrade and Connection on" in error(body)[1]


async def test_plain_http_is_told_why_a_socket_would_be_refused() -> None:
    """A browser hears only that it was; its page can ask."""
    with serving(max_sockets=1) as server:
        async with connected(server.url):
            await asyncio.to_thread(wait_until, lambda: len(server.service.callers) == 1)
            status, headers, body = await asyncio.to_thread(ask, server, "/ws/tts")
            assert (status, headers["Retry-After"]) == (503, "1")
            assert error(body)[0] == "overloaded"


def test_the_description_is_of_where_it_was_read(server: ServerThread) -> None:
    about = json.loads(ask(server, "/openapi.json")[2])
    assert about["servers"] == [{"url": "."}]
    assert "/health/ready" in about["paths"]
