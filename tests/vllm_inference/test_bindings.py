import sys

import pytest

from tensorrt_tts.errors import EngineError, MissingDependencyError
from tests.vllm_inference.async_llm_double import AsyncLLMDouble, Script
from vllm_inference import bindings
from vllm_inference.backend import VLLMBackend
from vllm_inference.bindings import Bindings
from vllm_inference.options import LEGAL_SLOTS, VLLMOptions


def test_without_vllm_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    for name in bindings.ENVIRONMENT:
        monkeypatch.setenv(name, "left as it is")
    with pytest.raises(MissingDependencyError, match=r"tensorrt-tts\[vllm\]"):
        bindings.load()


def test_the_processor_can_be_found_by_its_name():
    module, name = LEGAL_SLOTS.split(":")
    assert hasattr(__import__(module, fromlist=[name]), name)


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

    names = engine.bindings(hand_on_per_request=False)
    monkeypatch.setattr(
        bindings,
        "load",
        lambda: Bindings(
            start,
            names.sampling_params,
            names.engine_dead,
            names.request_failed,
            hand_on_per_request=False,
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
