"""An engine from checkpoint to verdict: with doubles on a CPU, on a GPU the real TensorRT-LLM."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.architecture import read_architecture
from engines.build import Host, build_engine, this_host
from engines.compat import engine_api
from engines.formats import Format
from engines.gpus import gpu, identify
from engines.plan import plan
from engines.recipe import model_recipes, recipe
from engines.toolchain import TensorRTLLM
from engines.verify import Size
from engines.verify_command import Wanted, verify_engine
from tensorrt_tts.backends.reference import load_language_model
from tensorrt_tts.codecs.snac_config import SNAC_24KHZ
from tests.engines.conftest import A100, checkpoint  # noqa: F401  (a fixture)
from tests.support import fake_tensorrt_llm
from tests.support.engine_of_model import ModelScript
from tests.support.fake_tensorrt_llm import FakeLLM
from tests.support.tensorrt_llm_builder import Double

SIZE = Size(prompts=1, spoken=7, read=4, far_spoken=28, far=4, generated=4)


@pytest.mark.timeout(900)
def test_a_fresh_engine_speaks_its_weights_language(
    device: str,
    checkpoint: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codec = tmp_path / "codec"
    codec.mkdir()
    (codec / "config.json").write_text(json.dumps(SNAC_24KHZ.model_dump()))
    if device == "cuda":
        pytest.importorskip("tensorrt_llm", reason="package tensorrt_llm is not installed")
        folder = built(checkpoint, this_host(), tmp_path / "engines")
    else:
        folder = built_with_doubles(checkpoint, tmp_path / "engines", monkeypatch)
    verdict, _ = verify_engine(folder, wanted=Wanted(str(codec), device=device, size=SIZE))
    assert verdict.same, verdict.table()


def built(checkpoint: Path, host: Host, root: Path) -> Path:  # noqa: F811
    found = identify(host.device.product, host.device.memory_mib)
    if found is None:
        pytest.skip(f"no recipes for {host.device.product}")
    wanted = recipe(model_recipes("orpheus-3b"), gpu(found.name), Format.parse("fp16"))
    return build_engine(plan(wanted, read_architecture(checkpoint)), checkpoint, host, root).folder


def built_with_doubles(
    checkpoint: Path,  # noqa: F811
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Built with the double of TensorRT-LLM's builder; its run time runs the weights themselves."""
    with pytest.MonkeyPatch.context() as building:
        double = Double()
        double.install(building)
        host = Host(A100, 64 * 10**9, TensorRTLLM(engine_api(double.version)))
        folder = built(checkpoint, host, root)
    fake_tensorrt_llm.install(monkeypatch)
    for module in ("engines.verify_command", "tensorrt_tts.backends.trtllm_open"):
        monkeypatch.setattr(f"{module}.find_device", lambda: A100)
    monkeypatch.setattr(FakeLLM, "script", ModelScript(load_language_model(checkpoint).half()))
    return folder
