"""The vLLM apps and the server app: imported with warnings as errors and no account, and run
locally where a CPU can."""

import subprocess
import sys
import tomllib
import wave
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.tiny_orpheus import tiny_model_folders


@pytest.mark.parametrize("app", ["deploy.websocket_server", "deploy.vllm_batch"])
def test_imports_without_an_account(app, tmp_path):
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TTS_MODEL": "orpheus-3b-hi"}
    code = f"import {app} as module; print(module.app.name)"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("tensorrt-tts-")


def test_both_servers_are_hosted_by_their_plan(monkeypatch):
    from deploy import websocket_server

    settings = websocket_server.hosting(websocket_server.VLLM)
    assert settings["port"] == websocket_server.VLLM.port
    assert settings["exit_grace_period"] > websocket_server.VLLM.drain_s
    assert settings["unauthenticated"] is False
    monkeypatch.setenv("TTS_PUBLIC", "1")
    assert websocket_server.hosting(websocket_server.VLLM)["unauthenticated"] is True
    assert websocket_server.TENSORRT.backend == "trtllm"


def test_the_servers_packages_are_the_extras():
    from deploy import websocket_server

    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    extra = tomllib.loads(pyproject.read_text())["project"]["optional-dependencies"]["server"]
    asked = [requirement.partition(";")[0] for requirement in extra]  # on Linux, markers hold
    assert sorted(websocket_server.SERVER_PACKAGES) == sorted(asked)


class Server:
    """Opened its port, and does not end by itself."""

    def __init__(self, command, ended):
        self.events.append(command[command.index("--backend") + 1])

    def start(self):
        self.events.append("started")

    def stop(self, grace_s):
        self.events.append(f"stopped within {grace_s}")


@pytest.mark.parametrize(
    ("name", "backend"), [("TensorRTServer", "trtllm"), ("VLLMServer", "vllm")]
)
def test_servers_commit_what_their_start_wrote(name, backend, monkeypatch):
    from deploy import websocket_server

    events = Server.events = []
    monkeypatch.setattr(websocket_server, "ChildProcess", Server)
    monkeypatch.setattr(websocket_server, "persist", lambda: events.append("committed"))
    monkeypatch.setattr(websocket_server, "once_listening", lambda server, port, then: then())
    server = getattr(websocket_server, name)._get_user_cls()()
    server.start()
    server.stop()
    assert events == [backend, "started", "committed", "stopped within 90", "committed"]


def test_batch_commits_what_its_start_wrote(monkeypatch):
    from deploy import vllm_batch, warm_speaker

    events = []
    monkeypatch.setattr(warm_speaker, "persist", lambda: events.append("committed"))
    job = vllm_batch.Inference._get_user_cls()()
    job.speaker = object()
    job.load()
    assert events == ["committed"]


@pytest.mark.filterwarnings("ignore:The Inference.speak function is executing locally:UserWarning")
def test_batch_speaks_locally():
    from deploy.vllm_batch import Inference

    folder, codec = tiny_model_folders()
    inference = Inference(model=str(folder), codec=str(codec), backend="reference", device="cpu")
    wav, timing = inference.speak.local("Oh.")
    inference.speaker.close()
    with wave.open(BytesIO(wav)) as file:
        assert file.getnframes() == pytest.approx(timing["audio_s"] * 24000, abs=1)
        assert file.getnframes() > 0
