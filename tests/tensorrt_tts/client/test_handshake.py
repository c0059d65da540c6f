"""What the client says when no socket opens, against the real things that people point it at."""

import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from tensorrt_tts import errors
from tensorrt_tts.client.handshake import check_url, not_opened, seconds
from tests.support.server_thread import ServerThread, serving
from tests.tensorrt_tts.client.test_client import denied, run, server


@pytest.fixture(scope="module")
def ours() -> Iterator[ServerThread]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for localhost, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return both


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web_server(certificate: Path | None = None, protocol: str = "HTTP/1.0") -> Iterator[int]:
    """Python's own, of files. Gives its port."""
    handler = type("Handler", (Files,), {"protocol_version": protocol})
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    web.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that gives up
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        web.socket = context.wrap_socket(web.socket, server_side=True)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        yield web.server_port
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


@contextmanager
def saying(answer: bytes) -> Iterator[int]:
    """A port that says one thing to whoever asks, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(answer)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize("path", ["/", "/ws", "/tts/ws/tts", "/test/", "/ws/tts/"])
def test_a_wrong_path_of_ours(ours: ServerThread, tmp_path, capsys, path: str) -> None:
    url = f"ws://127.0.0.1:{ours.port}{path}"
    assert run(url, tmp_path / "out.wav") == errors.UnknownRouteError.exit_code == 2
    said = one_line(capsys)
    assert f"path '{path}' is not served here; the paths are: " in said
    assert "/ws/tts" in said.partition("the paths are: ")[2]
    assert "token" not in said


@pytest.mark.parametrize(
    ("status", "exit_code", "advice"),
    [
        (200, 8, "answers as a web server where a WebSocket is due (HTTP 200)"),
        (302, 8, "answers as a web server where a WebSocket is due (HTTP 302)"),
        (400, 8, "let the proxy there pass the headers Upgrade and Connection on"),
        (401, 2, "give its token in a header"),
        (403, 2, "give its token in a header"),
        (404, 2, "nothing at that path (HTTP 404); the server's own is /ws/tts"),
        (426, 8, "let the proxy there pass the headers Upgrade and Connection on"),
        (429, 7, "try again later (Retry-After: 3)"),
        (500, 8, "see the server's log"),
        (502, 7, "try again later (Retry-After: 3)"),
        (503, 7, "is not ready (HTTP 503); try again later (Retry-After: 3)"),
        (504, 7, "try again later (Retry-After: 3)"),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"detail": "no"}'])
def test_a_refusal_by_something_else(tmp_path, capsys, status, exit_code, advice, body):
    answer = denied(status, body, ("Retry-After", "3"))
    with server(lambda socket, request: None, answer) as url:
        assert run(url, tmp_path / "out.wav") == exit_code
    said = one_line(capsys)
    assert f"url {url}" in said
    assert advice in said


@pytest.mark.parametrize(
    ("path", "protocol", "exit_code", "advice"),
    [
        ("/", "HTTP/1.1", 8, "answers as a web server where a WebSocket is due (HTTP 200)"),
        ("/ws/tts", "HTTP/1.1", 2, "nothing at that path (HTTP 404)"),
        ("/", "HTTP/1.0", 8, "is no WebSocket server (unsupported protocol; expected HTTP/1.1"),
        ("/ws/tts", "HTTP/1.0", 8, "HTTP/1.0 404 File not found); correct host and port"),
    ],
)
def test_a_web_server(tmp_path, capsys, path, protocol, exit_code, advice):
    with web_server(protocol=protocol) as port:
        assert run(f"ws://127.0.0.1:{port}{path}", tmp_path / "out.wav") == exit_code
    assert advice in one_line(capsys)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is no WebSocket server (invalid HTTP status line: SSH-2.0"),
        (b"", "is no WebSocket server (connection closed while reading HTTP status line)"),
        (b"HTTP/1.1 101 OK\r\n\r\n", "where a WebSocket is due (missing Connection header)"),
        (
            b"HTTP/1.1 101 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            "where a WebSocket is due (invalid Upgrade header: h2c)",
        ),
    ],
)
def test_another_protocol(tmp_path, capsys, answer, advice):
    with saying(answer) as port:
        assert run(f"ws://127.0.0.1:{port}/ws/tts", tmp_path / "out.wav") == 8
    said = one_line(capsys)
    assert advice in said
    assert "correct host" in said


def test_another_protocol_in_which_the_server_speaks_first():
    """Before the client has asked, or just then: which of the two is chance."""
    error = not_opened("ws://a/", ConnectionClosedError(None, None))
    assert isinstance(error, errors.BackendError)
    assert "ws://a/ is no WebSocket server (it spoke or hung up before it was asked)" in str(error)


def test_tls_where_none_is(ours: ServerThread, tmp_path, capsys):
    assert run(ours.url.replace("ws:", "wss:"), tmp_path / "out.wav") == 2
    assert "asks for TLS, which that port does not speak" in one_line(capsys)


def test_no_tls_where_it_is_due(tmp_path, capsys, certificate):
    with web_server(certificate) as port:
        assert run(f"ws://localhost:{port}/ws/tts", tmp_path / "out.wav") == 8
    assert "or use wss:// if the port speaks TLS" in one_line(capsys)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_not_trusted(tmp_path, capsys, monkeypatch, certificate, host):
    """On localhost nobody vouches for it; on 127.0.0.1 it is another's."""
    if host == "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with web_server(certificate) as port:
        assert run(f"wss://{host}:{port}/ws/tts", tmp_path / "out.wav") == 2
    said = one_line(capsys)
    assert "self-signed" in said if host == "localhost" else "IP address mismatch" in said
    assert "SSL_CERT_FILE" in said


def test_a_trusted_certificate(tmp_path, capsys, monkeypatch, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with web_server(certificate, "HTTP/1.1") as port:
        assert run(f"wss://localhost:{port}/ws/tts", tmp_path / "out.wav") == 2
    assert "nothing at that path (HTTP 404)" in one_line(capsys)


@pytest.mark.parametrize("to", ["https://speech.example/ws/tts", "/login?from=ws"])
def test_a_redirect_to_a_page(tmp_path, capsys, to):
    answer = denied(301, "", ("Location", to))
    with server(lambda socket, request: None, answer) as url:
        code = run(url, tmp_path / "out.wav")
    said = one_line(capsys)
    if to.startswith("https"):
        assert code == 2
        assert f"redirects to {to}; give that address, with wss:// for https://" in said
    else:  # followed, in a circle
        assert code == 8
        assert "redirect" in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:8000/ws/tts", "scheme isn't ws or wss"),
        ("127.0.0.1:8000/ws/tts", "scheme isn't ws or wss"),
        ("not a url", "scheme isn't ws or wss"),
        ("", "scheme isn't ws or wss"),
        ("ws:///ws/tts", "hostname isn't provided"),
        ("ws://localhost:99999/", "Port out of range"),
        ("ws://localhost:port/", "Port could not be cast to integer"),
        ("ws://[::1/", "Invalid IPv6 URL"),
    ],
)
def test_what_is_no_address(tmp_path, capsys, url, says):
    assert run(url, tmp_path / "out.wav") == errors.SettingError.exit_code
    said = one_line(capsys)
    assert f"url {url!r} is not the address of a WebSocket ({says}" in said
    assert "ws://127.0.0.1:8000/ws/tts" in said


@pytest.mark.parametrize("host", ["speech.invalid", "a" * 70 + ".invalid", "my host"])
def test_a_host_that_is_not_known(tmp_path, capsys, host):
    assert run(f"ws://{host}/ws/tts", tmp_path / "out.wav") == errors.SettingError.exit_code
    assert "names a host that is not known (" in one_line(capsys)


def test_a_port_on_which_nothing_listens(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert run(f"ws://127.0.0.1:{port}/ws/tts", tmp_path / "out.wav") == 8
    assert "cannot be reached (Connection refused); start a server there" in one_line(capsys)


def test_a_port_that_never_answers(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/ws/tts"
        assert run(url, tmp_path / "out.wav", "--timeout", "0.1") == 8
    said = one_line(capsys)
    assert "sent nothing for as long as the timeout allows; correct host and port" in said


def test_a_server_s_own_words_come_first(tmp_path, capsys):
    body = json.dumps({"error": {"code": "overloaded", "message": "3 sockets are open"}})
    with server(lambda socket, request: None, denied(502, body)) as url:
        assert run(url, tmp_path / "out.wav") == 7
    assert "the server says overloaded: 3 sockets are open" in one_line(capsys)


@pytest.mark.parametrize("url", ["ws://a/ws/tts", "wss://b.example:1/p/ws/tts", "ws://[::1]:1/"])
def test_an_address(url):
    check_url(url)


@pytest.mark.parametrize(
    ("told", "time"),
    [
        (3, 3.0),
        (0, 0.0),
        (1.5, 1.5),
        ("7", 7.0),
        (None, None),
        ("soon", None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        ([1], None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_what_a_server_may_say(told, time):
    assert seconds(told) == time
