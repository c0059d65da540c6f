"""The client against a server that says what a test tells it to, on a real socket; and against
ours, where it refuses and where it is stopped."""

import json
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tensorrt_tts import errors
from tensorrt_tts.client.__main__ import main
from tests.support.audio_files import decoded
from tests.support.backend_double import Behaviour
from tests.support.server_thread import serving, wait_until

DONE = {"done": True, "chunks": 2, "duration_s": 0.1, "bytes": 4800}


@contextmanager
def server(
    answer: Callable[[ServerConnection, dict[str, Any]], None],
    denial: Response | None = None,
    headers: dict[str, str] | None = None,
) -> Iterator[str]:
    """denial: instead of taking the handshake. headers: in the answer to it."""

    def handle(socket: ServerConnection) -> None:
        answer(socket, json.loads(socket.recv()))

    def deny(socket: ServerConnection, request: Request) -> Response | None:
        return denial

    def described(socket: ServerConnection, request: Request, response: Response) -> None:
        response.headers.update(headers or {})

    ways = {"process_request": deny, "process_response": described}
    with serve(handle, "127.0.0.1", 0, **ways) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        port = running.socket.getsockname()[1]
        try:
            yield f"ws://127.0.0.1:{port}/ws/tts"
        finally:
            running.shutdown()
            thread.join()


def run(url: str, output: Path, *more: str) -> int:
    return main(["--url", url, "--text", "Hello.", "--output", str(output), *more])


def test_audio_is_saved_and_the_last_message_printed(tmp_path, capsys):
    pcm = np.arange(-1200, 1200, dtype="<i2")
    asked = []

    def answer(socket, request):
        asked.append((request, socket.request.headers["Modal-Key"]))
        socket.send(pcm[:1000].tobytes())
        socket.send(pcm[1000:].tobytes())
        socket.send(json.dumps(DONE))

    output = tmp_path / "out.wav"
    with server(answer) as url:
        more = ("--voice", "leo", "--benchmark", "--header", "Modal-Key: wk:1")
        assert run(url, output, *more) == 0
    request = {"text": "Hello.", "voice": "leo", "benchmark": True, "id": "1"}
    assert asked == [(request, "wk:1")]
    with wave.open(str(output)) as wav:
        assert wav.getframerate() == 24000
        assert np.array_equal(np.frombuffer(wav.readframes(10_000), "<i2"), pcm)
    summary = json.loads(capsys.readouterr().out)
    assert summary["chunks"] == 2
    assert summary["first_audio_ms"] > 0


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000])
def test_a_file_has_the_rate_that_the_server_says(tmp_path, rate):
    def answer(socket, request):
        socket.send(np.zeros(100, "<i2").tobytes())
        socket.send(json.dumps({**DONE, "sample_rate": rate}))

    with server(answer, headers={"X-Audio-Sample-Rate": str(rate)}) as url:
        assert run(url, tmp_path / "out.wav") == 0
    with wave.open(str(tmp_path / "out.wav")) as wav:
        assert (wav.getframerate(), wav.getnframes()) == (rate, 100)


@pytest.mark.parametrize("rate", [44100, 16000, "24000", None])
def test_audio_at_another_rate_is_not_saved_as_ours(tmp_path, capsys, rate):
    def answer(socket, request):
        socket.send(np.zeros(100, "<i2").tobytes())
        socket.send(json.dumps({**DONE, "sample_rate": rate}))

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav") == errors.BackendError.exit_code
    told = f"the server speaks at {rate!r} Hz and did not say so before, its audio was taken for"
    assert f"{told} 24000;" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_server_is_told_and_no_file_left(tmp_path, capsys):
    def answer(socket, request):
        socket.send(np.zeros(10, "<i2").tobytes())
        told = {"code": "unknown_voice", "message": "voice 'x' is not one of these"}
        socket.send(json.dumps({"error": told}))

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav") == errors.UnknownVoiceError.exit_code
    assert "unknown_voice: voice 'x'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "said", ['{"error":\n "oh"}', '{"error": {"code": "new", "message": "oh"}}', '["oh"]', "oh"]
)
def test_what_the_client_does_not_know_is_shown(tmp_path, capsys, said):
    with server(lambda socket, request: socket.send(said)) as url:
        assert run(url, tmp_path / "out.wav") == 8
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "oh" in lines[0] or "Expecting value" in lines[0]


def denied(status: int, body: str, *headers: tuple[str, str]) -> Response:
    content = body.encode()
    lengthy = Headers([*headers, ("Content-Length", str(len(content)))])
    return Response(status, "Denied", lengthy, content)


def test_why_a_handshake_is_refused_is_told(tmp_path, capsys):
    told = {"error": {"code": "draining", "message": "the server is shutting down; try another"}}
    response = denied(503, json.dumps(told), ("Retry-After", "5"))
    with server(lambda socket, request: None, response) as url:
        assert run(url, tmp_path / "out.wav") == errors.DrainingError.exit_code
    said = "the server says draining: the server is shutting down; try another (Retry-After: 5)"
    assert capsys.readouterr().err == f"error: {said}\n"


@pytest.mark.parametrize(
    ("code", "reason", "exit_code", "told"),
    [
        (1000, "", 8, "1000 (OK); try again"),
        (1008, "slow_reader", 9, "slow_reader"),
        (1009, "", 2, "too long"),
        (1011, "engine_died", 8, "1011 (internal error) engine_died; try again"),
        (1012, "", 7, "1012 (service restart); it is shutting down; try again"),
        (1013, "", 7, "overloaded; try again later"),
        (4000, "new", 8, "4000 (private use) new"),
    ],
)
def test_a_socket_closed_in_mid_speech(tmp_path, capsys, code, reason, exit_code, told):
    def answer(socket, request):
        socket.send(np.zeros(10, "<i2").tobytes())
        socket.close(code, reason)

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav") == exit_code
    said = capsys.readouterr().err
    assert "closed the socket in mid-speech" in said
    assert told in said
    assert "make serve" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_breaks_in_mid_speech(tmp_path, capsys):
    def answer(socket, request):
        socket.send(np.zeros(10, "<i2").tobytes())
        socket.socket.shutdown(2)

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav") == 8
    assert "the connection broke in mid-speech" in capsys.readouterr().err


def test_our_full_server(tmp_path, capsys):
    with serving(max_sockets=1) as running, connect(running.url, proxy=None):
        assert run(running.url, tmp_path / "out.wav") == errors.CapacityError.exit_code
    said = capsys.readouterr().err
    assert "the server says overloaded: 1 sockets are open" in said
    assert "(Retry-After: 1)" in said


def test_our_server_stopped_in_mid_speech(tmp_path, capsys):
    with serving(drain_timeout_s=0) as running:
        running.backend.behaviour = Behaviour(endless=True, rate=300)

        def stop() -> None:
            wait_until(lambda: running.backend.stats().running == 1)
            running.signal()

        stopper = threading.Thread(target=stop)
        stopper.start()
        assert run(running.url, tmp_path / "out.wav") == errors.DrainingError.exit_code
        stopper.join()
    said = capsys.readouterr().err
    assert "in mid-speech with 1012 (service restart)" in said
    assert "it is shutting down; try again" in said


def test_a_silent_server_is_given_up(tmp_path, capsys):
    released = threading.Event()

    def answer(socket, request):
        released.wait()

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav", "--timeout", "0.2") == 8
        released.set()
    assert "sent nothing for 0.2 s" in capsys.readouterr().err


def test_no_server(tmp_path, capsys):
    with server(lambda socket, request: None) as url:
        pass  # its port is closed again
    assert run(url, tmp_path / "out.wav") == 8
    assert "make serve" in capsys.readouterr().err


def test_the_ending_says_what_is_written(tmp_path):
    pcm = np.arange(-1200, 1200, dtype="<i2")

    def answer(socket, request):
        socket.send(pcm.tobytes())
        socket.send(json.dumps(DONE))

    with server(answer) as url:
        assert run(url, tmp_path / "out.flac") == 0
    container, _, rate, samples = decoded(tmp_path / "out.flac")
    assert (container, rate) == ("flac", 24000)
    assert np.array_equal(samples, pcm)


def test_an_ending_is_refused_before_the_server_is_asked(tmp_path, capsys):
    assert run("ws://127.0.0.1:1/", tmp_path / "out.xyz") == 6
    assert "'.xyz', which says no audio format" in capsys.readouterr().err


def test_no_folder_for_the_output(tmp_path, capsys):
    with server(lambda socket, request: None) as url:
        assert run(url, tmp_path / "no" / "out.wav") == 6


@pytest.mark.parametrize(
    "given", ["Modal-Key", ":secret", "", "Modal Key: 1", "Clé: 1", "Key: a\nb", "Key: ключ"]
)
def test_what_cannot_be_sent_as_a_header(tmp_path, capsys, given):
    assert run("ws://127.0.0.1:1/", tmp_path / "out.wav", "--header", given) == 2
    assert "NAME:VALUE" in capsys.readouterr().err
