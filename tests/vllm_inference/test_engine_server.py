"""The server entry with the real engine, as a process: spoken to by the client, then stopped."""

import json
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.tiny_orpheus import tiny_model_folders
from vllm_inference import batch, client

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),  # vLLM's dependencies warn while they are imported
]

START_S = 1500
"""An import of vLLM in each of three processes, where the machine is busy."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def server(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    folder, codec = tiny_model_folders()
    command = [sys.executable, "-m", "vllm_inference.websocket_server", "--port", str(port)]
    command += ["--model", str(folder), "--codec", str(codec), "--slots", "2"]
    command += ["--stall-timeout-s", "300"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no server on port {port}; exit code {process.poll()}")


def test_speak_through_the_server_then_sigterm(tmp_path, capsys):
    port, log, output = free_port(), tmp_path / "server.log", tmp_path / "out.wav"
    with server(port, log) as process:
        wait_until_it_listens(process, port)
        url = f"ws://127.0.0.1:{port}/ws/tts"
        arguments = ["--url", url, "--text", "Oh.", "--output", str(output), "--benchmark"]
        assert client.main([*arguments, "--timeout", "300"]) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, log.read_text()
    assert "Traceback" not in log.read_text()  # nor what Python ignored at its exit
    summary = json.loads(capsys.readouterr().out)
    with wave.open(str(output)) as wav:
        assert 2 * wav.getnframes() == summary["bytes"] > 0
    assert summary["metrics"]["tokens"] > 0


def test_batch(tmp_path, capsys):
    folder, codec = tiny_model_folders()
    arguments = ["--model", str(folder), "--codec", str(codec), "--seed", "3"]
    arguments += ["--text", "Oh.", "--text", "Ah.", "--output", str(tmp_path / "out.wav")]
    assert batch.main(arguments) == 0
    for number in (1, 2):
        with wave.open(str(tmp_path / f"out-{number}.wav")) as wav:
            assert wav.getnframes() > 0
