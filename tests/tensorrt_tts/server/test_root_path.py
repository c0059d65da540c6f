"""The page, the socket and the probes below a prefix that a proxy leaves on."""

import http.client
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.root_path import parse_root_path
from tensorrt_tts.server.settings import read_settings
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving
from tests.support.tts_client import ask, connected


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("", ""),
        ("/", ""),
        ("/tts", "/tts"),
        ("/tts/", "/tts"),
        (" /tts/ ", "/tts"),
        ("/tts\n", "/tts"),
        ("/speech/v2/tts", "/speech/v2/tts"),
        ("/my%20voice", "/my voice"),
        ("/my voice", "/my voice"),
        ("/%E0%A4%86%E0%A4%B5%E0%A4%BE%E0%A4%9C%E0%A4%BC", "/आवाज़"),
        ("/a%3Fb", "/a?b"),
    ],
)
def test_a_prefix_is_read_as_it_stands_in_a_decoded_path(given: str, path: str) -> None:
    assert parse_root_path(given) == path


@pytest.mark.parametrize(
    "given",
    [
        *("tts", "https://speech.example/tts", "//tts", "/a//b", "/a/../b", "/./a"),
        *("/a?b", "/a#b", "/a\nb", "/%00", "/%FF"),
    ],
)
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(SettingError, match=r"^root_path: '.*' (is|has) .*TTS_ROOT_PATH$") as told:
        read_settings(["--root-path", given])
    assert repr(given) in str(told.value)


def test_it_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_ROOT_PATH", "/tts/")
    assert read_settings([]).root_path == "/tts"


PREFIXES = ("/tts", "/speech/v2", "/my voice", "/आवाज़", "/a%3Fb", "/health", "/test", "/ws/tts")
"""The last ones are called as routes are."""


@pytest.fixture(scope="module", params=PREFIXES)
def server(request: pytest.FixtureRequest) -> Iterator[ServerThread]:
    with serving(BackendDouble(behaviour=Behaviour(frames=6)), root_path=request.param) as running:
        yield running


@pytest.mark.parametrize("left_on", [True, False])
async def test_every_route_with_and_without_it(server: ServerThread, left_on: bool) -> None:
    prefix = quote(server.settings.root_path) if left_on else ""
    for path in ("/test/", "/test/player-worklet.js", "/health/ready", "/metrics"):
        assert server.get(prefix + path)[0] == 200, path
    assert '"voices"' in server.get(f"{prefix}/v1/audio/voices")[1]
    assert redirect(server.port, f"{prefix}/test") == "test/"
    async with connected(f"ws://127.0.0.1:{server.port}{prefix}/ws/tts") as peer:
        assert (await ask(peer)).final["reason"] == "completed"


def redirect(port: int, path: str) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    location = connection.getresponse().getheader("Location")
    connection.close()
    return location


def test_another_prefix_is_shown_as_it_came(server: ServerThread) -> None:
    status, told = server.get("/other/test/")
    assert status == 404
    assert "path '/other/test/' is not served here" in told
    assert "if a proxy leaves '/other' on, start the server with it as --root-path" in told
