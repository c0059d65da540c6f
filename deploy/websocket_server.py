"""The WebSocket server on Modal: one app, on TensorRT-LLM engines and on vLLM.

    modal serve deploy/websocket_server.py     # two URLs while it runs
    modal deploy deploy/websocket_server.py

Each URL serves `/ws/tts`, the page `/test`, `/health/ready` and `/metrics`. Build the engine of the
TensorRT server first: `modal run deploy/build_engine.py`.

Read from the environment of this command: TTS_MODEL, another model than orpheus-3b; TTS_PUBLIC=1,
open to whoever has the URL. Otherwise Modal asks for its proxy token in the headers `Modal-Key` and
`Modal-Secret`, which browsers cannot send, so that the page needs TTS_PUBLIC.

A container opens its port when it can speak; what its start downloaded and compiled is committed to
the volume then. When it is asked to stop, it takes no new speech, ends what it has begun, and only
then goes. When its server ends by itself, it goes with it and Modal starts another.
"""

from __future__ import annotations

import os
from typing import Any

import modal

from deploy.images import GPUS, VOLUME_PATH, persist, trtllm_image, volume
from deploy.server_process import ServerPlan, drain, end_container, once_listening
from deploy.vllm_image import vllm_image
from tensorrt_tts.child_process import ChildProcess

SERVER_PACKAGES = (
    "fastapi>=0.115",
    "uvicorn~=0.54.0",
    "uvloop>=0.19",
    "httptools>=0.6",
    "websockets>=15",
    "prometheus-client>=0.20",
    "orjson>=3.8",
    "soxr>=0.5",
)
"""The `server` extra."""

app = modal.App("tensorrt-tts-websocket")

MODEL = os.environ.get("TTS_MODEL", "orpheus-3b")
TENSORRT = ServerPlan("trtllm", MODEL)
VLLM = ServerPlan("vllm", MODEL)


def hosting(plan: ServerPlan) -> dict[str, Any]:
    """What both servers ask of the platform."""
    return {
        "gpu": GPUS["a100-80"],
        "volumes": {VOLUME_PATH: volume},
        "env": {"TTS_MODEL": plan.model},
        "port": plan.port,
        "target_concurrency": plan.target_concurrency,
        "max_concurrency": plan.max_concurrency,
        "scaledown_window": 600,
        "startup_timeout": 1800,
        "exit_grace_period": plan.grace_s,
        "unauthenticated": os.environ.get("TTS_PUBLIC") == "1",
    }


class SpeechServer:
    """The server of `plan`, which each app's class names."""

    plan: ServerPlan

    @modal.enter()
    def start(self) -> None:
        self.process = ChildProcess(self.plan.command(), ended=end_container)
        self.process.start()
        once_listening(self.process, self.plan.port, persist)

    @modal.exit()
    def stop(self) -> None:
        drain(self.process, self.plan.grace_s)
        persist()  # kernels that speech needed and the start did not


@app.server(image=trtllm_image(*SERVER_PACKAGES), **hosting(TENSORRT))
class TensorRTServer(SpeechServer):
    plan = TENSORRT


@app.server(image=vllm_image(*SERVER_PACKAGES), **hosting(VLLM))
class VLLMServer(SpeechServer):
    plan = VLLM
