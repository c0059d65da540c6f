import subprocess
import sys
from pathlib import Path

import pytest

from deploy.server_process import ServerPlan, ServerProcess
from tensorrt_tts.errors import EngineError
from tensorrt_tts.server.settings import read_settings

DRAINS = """
import pathlib, signal, sys
def drain(signum, frame):
    pathlib.Path(sys.argv[1]).write_text("drained")
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""

DEAF = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""


def started(program: str, sign: Path, grace_s: float) -> ServerProcess:
    process = ServerProcess([sys.executable, "-c", program, str(sign)], grace_s)
    process.start()
    while not (sign.exists() and sign.read_text()):
        pass  # the child's own start is all that is waited for
    return process


def test_stop_waits_for_the_drain(tmp_path):
    process = started(DRAINS, tmp_path / "sign", grace_s=60)
    assert process.stop() == 0
    assert (tmp_path / "sign").read_text() == "drained"


def test_what_does_not_end_is_killed_and_told(tmp_path):
    process = started(DEAF, tmp_path / "sign", grace_s=0.2)
    with pytest.raises(EngineError, match=r"within 0\.2 s"):
        process.stop()


def test_a_server_that_could_not_start_gives_its_exit_code():
    process = ServerProcess([sys.executable, "-c", "raise SystemExit(4)"], 60)
    process.start()
    assert process._process is not None
    process._process.wait()
    assert process.stop() == 4


def test_stop_before_start():
    assert ServerProcess(["true"], 1).stop() is None


@pytest.mark.parametrize("backend", ["trtllm", "vllm"])
def test_the_command_is_one_the_server_understands(backend):
    plan = ServerPlan(backend, "orpheus-3b-hi", port=9000, slots=32, max_queued=4, drain_s=45)
    executable, flag, module, *arguments = plan.command()
    assert [executable, flag, module] == [sys.executable, "-m", "tensorrt_tts.server"]
    settings = read_settings(arguments)
    assert (settings.backend, settings.model, settings.device) == (backend, plan.model, "cuda")
    assert (settings.host, settings.port) == ("0.0.0.0", 9000)
    assert (settings.slots, settings.max_queued, settings.drain_timeout_s) == (32, 4, 45)


def test_limits_of_a_container():
    plan = ServerPlan("vllm", slots=20, max_queued=6, drain_s=60)
    assert plan.max_concurrency == 26
    assert plan.target_concurrency == pytest.approx(14)
    assert plan.grace_s > plan.drain_s


def test_the_server_ends_with_one_line_when_it_cannot_speak(tmp_path):
    """The real command, on a machine without the backend's package or the model."""
    plan = ServerPlan("trtllm", str(tmp_path / "nowhere"), device="cpu", port=0)
    ended = subprocess.run(plan.command(), capture_output=True, text=True, check=False)
    assert ended.returncode in (3, 4)
    assert "nowhere" in ended.stderr or "tensorrt_llm" in ended.stderr
