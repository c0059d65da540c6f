"""An engine from checkpoint to verdict: with doubles on a CPU, on a GPU the real TensorRT-LLM."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engines.build import Host, build_engine, this_host
from engines.gpus import gpu, identify
from engines.plan import plan
from engines.recipe import model_recipes, recipe
from engines.toolchain import TensorRTLLM
from engines.verify import Size
from engines.verify_command import Wanted, verify_engine
from tensorrt_tts.backends import reference_weights
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.engine_folder.releases import engine_api
from tests.support import fake_tensorrt_llm
from tests.support.engine_builds import A100
from tests.support.engine_builds import checkpoint as loud_checkpoint  # noqa: F401  (a fixture)
from tests.support.engine_of_model import Logits, ModelScript
from tests.support.fake_tensorrt_llm import FakeLLM
from tests.support.tensorrt_llm_builder import Double

SIZE = Size(prompts=1, spoken=14, read=10, far_spoken=35, far=8, generated=8)


@pytest.fixture
def checkpoint(loud_checkpoint: Path, tmp_path: Path) -> Path:  # noqa: F811
    """The same with layers that say little: as made they turn any rounding into another id."""
    folder = tmp_path / "checkpoint"
    shutil.copytree(loud_checkpoint, folder)
    tensors = load_file(folder / "model.safetensors")
    quiet = {
        name: tensor * np.float32(0.1) if "proj" in name else tensor
        for name, tensor in tensors.items()
    }
    save_file(quiet, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.timeout(900)
def test_a_fresh_engine_speaks_its_weights_language(
    device: str,
    checkpoint: Path,
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


def built(checkpoint: Path, host: Host, root: Path) -> Path:
    found = identify(host.device.product, host.device.memory_mib)
    if found is None:
        pytest.skip(f"no recipes for {host.device.product}")
    wanted = recipe(model_recipes("orpheus-3b"), gpu(found.name), Format.parse("fp16"))
    return build_engine(plan(wanted, read_architecture(checkpoint)), checkpoint, host, root).folder


def built_with_doubles(
    checkpoint: Path,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Built with the double of TensorRT-LLM's builder; its run time runs the weights themselves."""
    with pytest.MonkeyPatch.context() as building:
        double = Double()
        double.install(building)
        host = Host(A100, 64 * 10**9, TensorRTLLM(engine_api(double.version)))
        versions = host.toolchain.versions()
        folder = built(checkpoint, host, root)
    fake_tensorrt_llm.install(monkeypatch)
    for module in ("engines.verify_command", "tensorrt_tts.backends.trtllm.opening"):
        monkeypatch.setattr(f"{module}.find_device", lambda: A100)
    monkeypatch.setattr(
        "tensorrt_tts.engine_folder.find.installed_tensorrt",
        lambda: {"tensorrt": versions["tensorrt"]},
    )
    logits = Logits(reference_weights.load(checkpoint).half())
    monkeypatch.setattr(FakeLLM, "script", ModelScript(logits))
    return folder
