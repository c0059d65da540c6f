"""The client against a server that says what a test tells it to, on a real socket."""

import json
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection, serve

from vllm_inference import client

DONE = {"done": True, "chunks": 2, "duration_s": 0.1, "bytes": 4800}


@contextmanager
def server(answer: Callable[[ServerConnection, dict[str, Any]], None]) -> Iterator[str]:
    def handle(socket: ServerConnection) -> None:
        answer(socket, json.loads(socket.recv()))

    with serve(handle, "127.0.0.1", 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        port = running.socket.getsockname()[1]
        try:
            yield f"ws://127.0.0.1:{port}/ws/tts"
        finally:
            running.shutdown()
            thread.join()


def run(url: str, output: Path, *more: str) -> int:
    return client.main(["--url", url, "--text", "Hello.", "--output", str(output), *more])


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
    assert asked == [({"text": "Hello.", "voice": "leo", "benchmark": True}, "wk:1")]
    with wave.open(str(output)) as wav:
        assert wav.getframerate() == 24000
        assert np.array_equal(np.frombuffer(wav.readframes(10_000), "<i2"), pcm)
    summary = json.loads(capsys.readouterr().out)
    assert summary["chunks"] == 2
    assert summary["first_audio_ms"] > 0


def test_an_error_of_the_server_is_told_and_no_file_left(tmp_path, capsys):
    def answer(socket, request):
        socket.send(np.zeros(10, "<i2").tobytes())
        told = {"code": "unknown_voice", "message": "voice 'x' is not one of these"}
        socket.send(json.dumps({"error": told}))

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav") == 8
    assert "unknown_voice: voice 'x'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_socket_closed_in_mid_speech_is_a_failure(tmp_path, capsys):
    def answer(socket, request):
        socket.send(np.zeros(10, "<i2").tobytes())
        socket.close()

    with server(answer) as url:
        assert run(url, tmp_path / "out.wav") == 8
    assert "does not answer" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


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


def test_no_folder_for_the_output(tmp_path, capsys):
    with server(lambda socket, request: None) as url:
        assert run(url, tmp_path / "no" / "out.wav") == 6


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "not a url"])
def test_not_a_websocket_address(tmp_path, capsys, url):
    assert run(url, tmp_path / "out.wav") == 8
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("given", ["Modal-Key", ":secret", ""])
def test_a_header_without_name_or_value(tmp_path, capsys, given):
    assert run("ws://127.0.0.1:1/", tmp_path / "out.wav", "--header", given) == 2
    assert "NAME:VALUE" in capsys.readouterr().err
