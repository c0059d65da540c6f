"""The few names of vLLM that the backend touches, imported when first needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tensorrt_tts.errors import MissingDependencyError
from vllm_inference import environment

LEGAL_SLOTS = "vllm_inference.legal_slots:LegalSlots"
LEGAL_SLOTS_V1 = "vllm_inference.legal_slots_v1:LegalSlotsV1"
"""The logits processors, by the names under which the engine's own process imports them."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """One release of vLLM, for the device that it was built for."""

    # Keyword arguments of AsyncEngineArgs and the stat logger factories → a running AsyncLLM.
    start: Callable[[dict[str, Any], list[Any]], Any]
    # Keyword arguments → SamplingParams with which each output holds new ids only.
    sampling_params: Callable[..., Any]
    # The exceptions that generate() raises.
    engine_dead: type[Exception]
    request_failed: type[Exception]
    request_invalid: tuple[type[Exception], ...] = (ValueError,)
    # "cpu" or "cuda".
    device: str = "cpu"
    # Whether SamplingParams takes `stream_interval` (0.32 does); before, it was the engine's alone.
    interval_per_request: bool = True
    # Whether an embedded prompt may have ids beside it (0.32 does). Before, the repetition penalty
    # counted whatever ids the batch's row held last.
    embeds_with_ids: bool = True


def load() -> Bindings:
    """Raises MissingDependencyError when vLLM cannot be imported."""
    for name, value in environment.BEFORE_IMPORT.items():
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

    v2_processors = _v2_processors()
    cuda = current_platform.device_type == "cuda"
    os.environ.update(
        environment.before_start(
            os.environ,
            v2_processors=v2_processors,
            cuda=cuda,
            flashinfer=environment.flashinfer_sampler(os.environ),
        )
    )

    def start(arguments: dict[str, Any], stat_loggers: list[Any]) -> Any:
        # Only vLLM's configuration of this model says which runner it will take.
        config = AsyncEngineArgs(**arguments).create_engine_config()
        masked = arguments | {"logits_processors": [legal_slots(config, v2_processors)]}
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**masked), stat_loggers=stat_loggers)

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
        interval_per_request="stream_interval" in SamplingParams.__struct_fields__,
        embeds_with_ids="prompt_is_token_ids" in EmbedsPrompt.__annotations__,
    )


def _v2_processors() -> bool:
    """Whether this release's V2 model runner takes logits processors."""
    try:
        from vllm.v1.worker.gpu.sample.logits_processor import LogitsContext  # noqa: F401
    except ImportError:
        return False
    return True


def legal_slots(config: Any, v2_processors: bool) -> str:
    """The logits processor for the model runner that vLLM chose by its own rule: by the caller's
    VLLM_USE_V2_MODEL_RUNNER, else V2 wherever its kernels run (they need Triton).

    config: vLLM's own. Releases without V2 do not have the property.
    """
    if v2_processors and config.use_v2_model_runner:
        return LEGAL_SLOTS
    return LEGAL_SLOTS_V1
