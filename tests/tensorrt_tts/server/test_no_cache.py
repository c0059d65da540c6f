import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.server_thread import ServerThread, serving


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving() as running:
        yield running


def ask(server: ServerThread, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, dict(reply.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers)


@pytest.mark.parametrize(
    "path", ["/health/live", "/metrics", "/v1/audio/voices", "/test/", "/test/page.js", "/nothing"]
)
def test_nothing_is_used_again_unasked(server: ServerThread, path: str) -> None:
    assert ask(server, path)[1]["cache-control"] == "no-cache"


def test_what_was_kept_is_used_again_when_it_is_still_the_same(server: ServerThread) -> None:
    _, headers = ask(server, "/test/page.js")
    status, again = ask(server, "/test/page.js", If_None_Match=headers["etag"])
    assert (status, again["cache-control"]) == (304, "no-cache")
