"""The few names of vLLM that the backend touches, imported when first needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tensorrt_tts.errors import MissingDependencyError
from vllm_inference.options import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Bindings:
    """start: keyword arguments of AsyncEngineArgs and the stat logger factories → a running
    AsyncLLM. sampling_params: keyword arguments → SamplingParams that hands on new ids only.
    engine_dead, request_failed, request_invalid: the exceptions that generate() raises.
    device: what this vLLM was built for, "cpu" or "cuda".
    hand_on_per_request: whether SamplingParams takes `stream_interval` (vLLM 0.32 does); before,
    it was the engine's alone.
    embeds_with_ids: whether an embedded prompt may have ids beside it (0.32 does). Before, the
    repetition penalty counted whatever ids the batch's row held last."""

    start: Callable[[dict[str, Any], list[Any]], Any]
    sampling_params: Callable[..., Any]
    engine_dead: type[Exception]
    request_failed: type[Exception]
    request_invalid: tuple[type[Exception], ...] = (ValueError,)
    device: str = "cpu"
    hand_on_per_request: bool = True
    embeds_with_ids: bool = True


def load() -> Bindings:
    """Raises MissingDependencyError when vLLM cannot be imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from vllm import SamplingParams
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.inputs import EmbedsPrompt
        from vllm.platforms import current_platform
        from vllm.sampling_params import RequestOutputKind
        from vllm.v1.engine.async_llm import AsyncLLM
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError
    except ImportError as error:
        raise MissingDependencyError(
            f"the vllm backend needs vLLM ({error}); on a CUDA machine: pip install "
            "'tensorrt-tts[vllm]', on a CPU: make test-vllm sets up .venv-vllm"
        ) from error

    def start(arguments: dict[str, Any], stat_loggers: list[Any]) -> Any:
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments), stat_loggers=stat_loggers)

    def sampling_params(**arguments: Any) -> Any:
        return SamplingParams(output_kind=RequestOutputKind.DELTA, **arguments)

    try:  # newer versions have a tree of their own for what a caller got wrong
        from vllm.exceptions import VLLMClientError as invalid
    except ImportError:
        invalid = ValueError
    return Bindings(
        start=start,
        sampling_params=sampling_params,
        engine_dead=EngineDeadError,
        request_failed=EngineGenerateError,
        request_invalid=(ValueError, invalid),
        device=current_platform.device_type,
        hand_on_per_request="stream_interval" in SamplingParams.__struct_fields__,
        embeds_with_ids="prompt_is_token_ids" in EmbedsPrompt.__annotations__,
    )
