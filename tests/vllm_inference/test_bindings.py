import os
import sys

import pytest

from tensorrt_tts.errors import EngineError, MissingDependencyError
from tests.vllm_inference.async_llm_double import AsyncLLMDouble, Script
from tests.vllm_inference.vllm_package_double import install
from vllm_inference import bindings
from vllm_inference.backend import VLLMBackend
from vllm_inference.bindings import LEGAL_SLOTS, LEGAL_SLOTS_V1, Bindings
from vllm_inference.environment import BEFORE_IMPORT, FLASHINFER_SAMPLER, RUNNER
from vllm_inference.options import VLLMOptions


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    """Of vLLM's switches; what load() sets goes with the test."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in (*BEFORE_IMPORT, RUNNER, FLASHINFER_SAMPLER):
        os.environ.pop(name, None)


def test_without_vllm_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingDependencyError, match=r"tensorrt-tts\[vllm\]"):
        bindings.load()


@pytest.mark.parametrize("processor", [LEGAL_SLOTS, LEGAL_SLOTS_V1])
def test_the_processors_can_be_found_by_their_names(processor):
    module, name = processor.split(":")
    assert hasattr(__import__(module, fromlist=[name]), name)


@pytest.mark.parametrize(
    ("v2_processors", "v2_by_default", "wish", "runner", "processor"),
    [
        (True, True, None, None, LEGAL_SLOTS),  # 0.32 on a GPU
        (True, False, None, None, LEGAL_SLOTS_V1),  # 0.32 without Triton for the device
        (True, True, "0", "0", LEGAL_SLOTS_V1),
        (True, False, "1", "1", LEGAL_SLOTS),
        (False, True, None, "0", LEGAL_SLOTS_V1),  # 0.29 to 0.31, which would take V2
        (False, False, None, "0", LEGAL_SLOTS_V1),
        (False, True, "1", "1", LEGAL_SLOTS_V1),  # vLLM itself refuses this one
    ],
)
def test_the_processor_is_the_one_for_the_runner_that_vllm_takes(
    monkeypatch, v2_processors, v2_by_default, wish, runner, processor
):
    install(monkeypatch, v2_processors=v2_processors, v2_by_default=v2_by_default)
    if wish is not None:
        os.environ[RUNNER] = wish
    engine = bindings.load().start({"model": "m"}, ["logger"])
    assert engine.arguments == {"model": "m", "logits_processors": [processor]}
    assert engine.loggers == ["logger"]
    assert os.environ.get(RUNNER) == runner


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("found", [False, True])
@pytest.mark.parametrize("wish", [None, "1"])
def test_flashinfer_is_left_out_where_its_sampler_cannot_run(monkeypatch, device, found, wish):
    install(monkeypatch, device)
    monkeypatch.setattr(bindings.environment, "flashinfer_sampler", lambda given: found)
    if wish is not None:
        os.environ[FLASHINFER_SAMPLER] = wish
    assert bindings.load().device == device
    expected = "0" if device == "cuda" and not found and wish is None else wish
    assert os.environ.get(FLASHINFER_SAMPLER) == expected


def test_what_the_caller_set_stays(monkeypatch):
    install(monkeypatch)
    os.environ["VLLM_LOGGING_LEVEL"] = "DEBUG"
    bindings.load()
    assert {name: os.environ[name] for name in BEFORE_IMPORT} == BEFORE_IMPORT | {
        "VLLM_LOGGING_LEVEL": "DEBUG"
    }


def folder_with_config(tmp_path):
    (tmp_path / "config.json").write_text(
        '{"hidden_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}'
    )
    return tmp_path


async def test_from_folder_starts_an_engine(tmp_path, monkeypatch):
    engine = AsyncLLMDouble(Script([1]))
    started = []

    def start(arguments, loggers):
        started.append((arguments, loggers))
        return engine

    names = engine.bindings(interval_per_request=False)
    monkeypatch.setattr(
        bindings,
        "load",
        lambda: Bindings(
            start,
            names.sampling_params,
            names.engine_dead,
            names.request_failed,
            interval_per_request=False,
        ),
    )
    folder = folder_with_config(tmp_path)
    first = VLLMBackend.from_folder(folder, VLLMOptions(max_streams=3, max_sequence=500))
    VLLMBackend.from_folder(folder)
    assert (first.capacity.max_streams, first.capacity.max_sequence) == (3, 500)
    (arguments, loggers), (again, _) = started
    assert arguments["stream_interval"] == 7  # requests cannot say, so the engine is told
    assert arguments["seed"] != again["seed"]  # a restart does not repeat unseeded speech
    loggers[0](None, 0).kv_usage = 0.5
    assert first.stats().kv_blocks_free == 50


def test_a_vllm_for_another_device(tmp_path, monkeypatch):
    double = AsyncLLMDouble(Script([1]))
    monkeypatch.setattr(bindings, "load", double.bindings)
    with pytest.raises(MissingDependencyError, match="built for 'cpu'; set --device cpu"):
        VLLMBackend.from_folder(folder_with_config(tmp_path), VLLMOptions(device="cuda"))


def test_an_engine_that_does_not_start(tmp_path, monkeypatch):
    def start(arguments, loggers):
        raise RuntimeError("Engine core initialization failed.\nSee root cause above.")

    double = AsyncLLMDouble(Script([1])).bindings()
    monkeypatch.setattr(
        bindings,
        "load",
        lambda: Bindings(start, double.sampling_params, double.engine_dead, double.request_failed),
    )
    with pytest.raises(EngineError, match="Engine core initialization failed") as caught:
        VLLMBackend.from_folder(folder_with_config(tmp_path))
    assert "\n" not in str(caught.value)
