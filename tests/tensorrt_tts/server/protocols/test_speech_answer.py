"""What every route that answers with speech over HTTP keeps, whatever its words."""

import json
import socket
from collections.abc import Iterator

import pytest

from benchmarks.doubles.null_codec import NullCodec
from benchmarks.load.routes import POSTS, PostRoute
from tests.support.altered_codecs import FailingCodec
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import PATH, BareRequest, Reply, send

SPEAKING = Behaviour(endless=True, rate=300)
SHORT = Behaviour(frames=6)
HELLO = {"model": "tts-1", "voice": "alloy", "input": "Hello.", "response_format": "pcm"}
ROUTES = {
    PATH: HELLO,
    "/v1/speak?container=none": {"text": "Hello."},
    "/v1/text-to-speech/tara?output_format=pcm_24000": {"text": "Hello."},
    "/v1/text-to-speech/tara/stream?output_format=pcm_24000": {"text": "Hello."},
}

each = pytest.mark.parametrize("path", ROUTES)


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    far = dict.fromkeys(("stall_timeout_s", "idle_timeout_s", "send_timeout_s"), 600.0)
    with serving(
        BackendDouble(behaviour=SHORT), codec=NullCodec(), slots=1, max_queued=0, **far
    ) as server:
        yield server


def ask(server: ServerThread, path: str) -> Reply:
    return send(server.port, json.dumps(ROUTES[path]).encode(), path=path)


def begun(server: ServerThread, path: str) -> BareRequest:
    """A request that has had some of its audio. What is not of its words has no effect."""
    fields = {"response_format": "pcm"} if path == PATH else {"text": "Hello."}
    request = BareRequest(server.port, path=path, **fields)
    while not request.has_body():
        request.read_some()
    return request


@each
@pytest.mark.parametrize("how", ["vanish", "close"])
def test_a_client_that_leaves_frees_its_slot(server: ServerThread, path: str, how: str) -> None:
    server.backend.behaviour = SPEAKING
    request = begun(server, path)
    assert server.service.slots.active == 1
    request.vanish() if how == "vanish" else request.tcp.close()
    assert wait_until(lambda: server.service.slots.active == 0) < 10  # 250 ms is promised
    assert server.backend.stats().running == 0


@each
def test_a_full_server_says_when_to_come_back(server: ServerThread, path: str) -> None:
    server.backend.behaviour = SPEAKING
    with begun(server, path):
        refused = ask(server, path)
    assert refused.status == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert b"overloaded" in refused.body.lower()


@each
def test_what_fails_before_any_audio_has_a_status(server: ServerThread, path: str) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    failed = ask(server, path)
    assert (failed.status, failed.whole) == (500, True)
    assert b"no_audio" in failed.body.lower()


@each
def test_half_a_sentence_never_passes_for_a_whole_one(path: str) -> None:
    codec = FailingCodec()
    with serving(codec=codec) as server:
        codec.left = 3
        cut = ask(server, path)
        assert (cut.status, cut.whole) == (200, False)
        assert cut.body
        server.assert_as_before()


@each
def test_a_server_that_stops_takes_no_more(path: str) -> None:
    with serving(BackendDouble(behaviour=SHORT), NullCodec(), drain_timeout_s=60) as server:
        server.backend.behaviour = SPEAKING
        with begun(server, PATH):
            server.signal()
            wait_until(lambda: server.service.health.draining)
            refused = ask(server, path)
            assert refused.status == 503
            assert b"draining" in refused.body.lower()
            assert int(refused.headers["retry-after"]) >= 1


def old_client(
    server: ServerThread, route: PostRoute, text: str = "Hello."
) -> tuple[list[str], bytes]:
    """(head, all that follows) of an answer in HTTP/1.0."""
    content = json.dumps(route.body(text)).encode()
    head = f"POST {route.path} HTTP/1.0\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as tcp:
        tcp.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        received = b"".join(iter(lambda: tcp.recv(65536), b""))
    told, _, body = received.partition(b"\r\n\r\n")
    return told.decode().lower().split("\r\n"), body


each_post = pytest.mark.parametrize("route", POSTS, ids=str)


@each_post
def test_a_client_of_http_1_0_has_its_length_and_no_chunks(
    server: ServerThread, route: PostRoute
) -> None:
    head, body = old_client(server, route)
    usual = send(server.port, json.dumps(route.body("Hello.")).encode(), path=route.path)
    assert "http/1.1 200 ok" in head
    assert f"content-length: {len(body)}" in head
    assert not [line for line in head if line.startswith("transfer-encoding")]
    if route.path != "/tts/sse":  # its messages say how long each took
        assert len(body) == len(usual.body)


@each_post
def test_to_http_1_0_half_a_sentence_is_an_error(route: PostRoute) -> None:
    codec = FailingCodec()
    with serving(codec=codec) as server:
        codec.left = 3
        head, body = old_client(server, route)
        assert "http/1.1 500 internal server error" in head
        assert f"content-length: {len(body)}" in head
        assert b"message" in body or b"err_msg" in body
        server.assert_as_before()


@each
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_body_may_begin_as_a_file_of_windows_does(
    server: ServerThread, path: str, mark: bytes
) -> None:
    answer = send(server.port, mark + json.dumps(ROUTES[path]).encode(), path=path)
    assert (answer.status, answer.whole) == (200, True)


@each
@pytest.mark.parametrize(
    ("body", "called"),
    [
        (b"null", "null"),
        (b"[]", "array"),
        (b"1", "number"),
        (b'"a"', "string"),
        (b"true", "boolean"),
    ],
)
def test_a_body_that_is_no_object_is_called_by_its_name_in_json(
    server: ServerThread, path: str, body: bytes, called: str
) -> None:
    answer = send(server.port, body, path=path)
    assert answer.status == 400
    assert f"body is a JSON {called}, not an object".encode() in answer.body


@each
def test_no_json_is_no_request(server: ServerThread, path: str) -> None:
    assert send(server.port, b"{}", "text/plain", path=path).status == 415
    assert send(server.port, b"{", path=path).status == 400
