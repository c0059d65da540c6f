"""Web pages of other sites, as their browsers ask on a real socket."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tensorrt_tts.server.api_keys import digest
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_client import ASKED
from tests.support.tts_client import receive

SITE = "https://site.example"
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def usual() -> Iterator[ServerThread]:
    """As it starts."""
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def named() -> Iterator[ServerThread]:
    with serving(allowed_origins=SITE) as server:
        yield server


def ask(
    server: ServerThread, method: str, path: str, content: Any = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if content:
        sent["Content-Type"] = "application/json"
    body = json.dumps(content).encode() if content else None
    connection.request(method, path, body, sent)
    reply = connection.getresponse()
    read = reply.read()
    connection.close()
    return reply.status, reply.headers, read


def own(server: ServerThread) -> str:
    return f"http://127.0.0.1:{server.port}"


async def speaks(server: ServerThread, origin: str | None) -> bool:
    async with connect(server.url, origin=origin, proxy=None) as peer:  # type: ignore[arg-type]
        await peer.send('{"text": "Hello."}')
        return bool((await receive(peer)).final["done"])


async def refusal(server: ServerThread, origin: str) -> str:
    with pytest.raises(InvalidStatus) as refused:
        await speaks(server, origin)
    response = refused.value.response
    assert response.status_code == 403
    return str(json.loads(response.body or b"")["error"]["code"])


async def test_programs_and_the_servers_own_page_speak(usual: ServerThread) -> None:
    assert await speaks(usual, None)
    assert await speaks(usual, own(usual))
    assert ask(usual, "POST", "/v1/audio/speech", ASKED)[0] == 200
    assert ask(usual, "POST", "/v1/audio/speech", ASKED, Origin=own(usual))[0] == 200


@pytest.mark.parametrize("origin", [EVIL, SITE, "http://localhost:1", "null", "http://127.0.0.1"])
async def test_pages_of_other_sites_do_not(usual: ServerThread, origin: str) -> None:
    assert await refusal(usual, origin) == "origin_not_allowed"
    status, headers, body = ask(usual, "POST", "/v1/audio/speech", ASKED, Origin=origin)
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (403, "origin_not_allowed")
    assert error["type"] == "invalid_request_error"
    assert f"of origin '{origin}' may not ask here" in error["message"]
    assert "--allowed-origins" in error["message"]
    assert headers["Access-Control-Allow-Origin"] is None
    usual.assert_as_before()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/v1/audio/speech", "/nothing", "/ws/tts"])
def test_nothing_is_sent_from_other_sites_anywhere(
    usual: ServerThread, method: str, path: str
) -> None:
    """Also to routes that somebody will add and that take any type of content."""
    assert ask(usual, method, path, Origin=EVIL)[0] == 403


@pytest.mark.parametrize("path", ["/v1/models", "/metrics", "/v1/audio/voices", "/health/live"])
def test_answers_are_not_for_them_to_read(usual: ServerThread, path: str) -> None:
    status, headers, _ = ask(usual, "GET", path, Origin=EVIL)
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] is None
    status, headers, _ = ask(
        usual, "OPTIONS", path, Origin=EVIL, Access_Control_Request_Method="POST"
    )
    assert status == 405
    assert headers["Access-Control-Allow-Origin"] is None


def test_refusals_are_counted(usual: ServerThread) -> None:
    name = 'tts_refused_requests_total{code="origin_not_allowed"}'
    before = usual.metric(name)
    ask(usual, "POST", "/v1/audio/speech", ASKED, Origin=EVIL)
    assert usual.metric(name) == before + 1


async def test_a_site_whose_name_points_here(usual: ServerThread) -> None:
    """DNS rebinding: Host and Origin agree."""
    host = f"evil.example:{usual.port}"
    status, _, _ = ask(usual, "POST", "/v1/audio/speech", ASKED, Origin=f"http://{host}", Host=host)
    assert status == 403


# Named in the setting


async def test_a_named_site_speaks(named: ServerThread) -> None:
    assert await speaks(named, SITE)
    assert await speaks(named, own(named))
    assert await refusal(named, EVIL) == "origin_not_allowed"
    status, headers, _ = ask(named, "POST", "/v1/audio/speech", ASKED, Origin=SITE)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, SITE)
    exposed = headers["Access-Control-Expose-Headers"]
    assert {"X-Request-Id", "X-Audio-Sample-Rate", "Retry-After"} <= set(exposed.split(", "))
    assert ask(named, "POST", "/v1/audio/speech", ASKED, Origin=EVIL)[0] == 403


def test_a_named_site_may_ask_whether_it_may(named: ServerThread) -> None:
    asked = {
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "authorization, content-type",
    }
    status, headers, _ = ask(named, "OPTIONS", "/v1/audio/speech", Origin=SITE, **asked)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, SITE)
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert "authorization" in headers["Access-Control-Allow-Headers"]
    status, headers, _ = ask(named, "OPTIONS", "/v1/audio/speech", Origin=EVIL, **asked)
    assert (status, headers["Access-Control-Allow-Origin"]) == (400, None)


def test_a_named_site_reads_errors_too() -> None:
    """A key that is missing, before any route has seen the request; and asking first needs none."""
    with serving(allowed_origins=SITE, api_keys=f"alice:{digest(b'K')}") as server:
        asked = {"Access_Control_Request_Method": "POST", "Origin": SITE}
        assert ask(server, "OPTIONS", "/v1/audio/speech", **asked)[0] == 200
        status, headers, _ = ask(server, "POST", "/v1/audio/speech", ASKED, Origin=SITE)
        assert (status, headers["Access-Control-Allow-Origin"]) == (401, SITE)


async def test_all_sites_may_be_named() -> None:
    with serving(allowed_origins="*") as server:
        for origin in (EVIL, "null"):
            assert await speaks(server, origin)
            _, headers, _ = ask(server, "GET", "/v1/models", Origin=origin)
            assert headers["Access-Control-Allow-Origin"] == "*"
