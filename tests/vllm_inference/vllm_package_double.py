"""Stands for the vllm package as `bindings.load` finds it: what each release has and lacks.

`install` puts it into sys.modules. As in the real one, VLLM_USE_V2_MODEL_RUNNER has the last word
on the runner.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

V2_PROCESSORS = "vllm.v1.worker.gpu.sample.logits_processor"


class EngineArgs:
    """AsyncEngineArgs: configurations are made from it, one at a time."""

    default_v2 = True

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments

    def create_engine_config(self) -> SimpleNamespace:
        wish = os.environ.get("VLLM_USE_V2_MODEL_RUNNER")
        return SimpleNamespace(use_v2_model_runner=self.default_v2 if wish is None else wish == "1")


class AsyncLLM:
    @staticmethod
    def from_engine_args(arguments: EngineArgs, stat_loggers: list[Any]) -> SimpleNamespace:
        return SimpleNamespace(arguments=arguments.arguments, loggers=stat_loggers)


class SamplingParams:
    __struct_fields__ = ("temperature", "stream_interval")

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments


def install(
    patch: pytest.MonkeyPatch,
    device: str = "cpu",
    v2_processors: bool = True,
    v2_by_default: bool = True,
) -> None:
    """v2_processors: as 0.32 has them. v2_by_default: as where Triton is found."""
    patch.setattr(EngineArgs, "default_v2", v2_by_default)
    error = type("Error", (Exception,), {})
    contents: dict[str, dict[str, Any]] = {
        "vllm": {"SamplingParams": SamplingParams},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": EngineArgs},
        "vllm.inputs": {"EmbedsPrompt": type("EmbedsPrompt", (), {"__annotations__": {}})},
        "vllm.platforms": {"current_platform": SimpleNamespace(device_type=device)},
        "vllm.sampling_params": {"RequestOutputKind": SimpleNamespace(DELTA="delta")},
        "vllm.v1.engine.async_llm": {"AsyncLLM": AsyncLLM},
        "vllm.v1.engine.exceptions": {"EngineDeadError": error, "EngineGenerateError": error},
        "vllm.exceptions": {"VLLMClientError": error},
        V2_PROCESSORS: {"LogitsContext": object},
    }
    for name, names in contents.items():
        for end in [at for at, letter in enumerate(name) if letter == "."]:
            if name[:end] not in sys.modules:
                patch.setitem(sys.modules, name[:end], ModuleType(name[:end]))
        module = ModuleType(name)
        vars(module).update(names)
        patch.setitem(sys.modules, name, module)
    if not v2_processors:
        patch.setitem(sys.modules, V2_PROCESSORS, None)  # imports of it fail
