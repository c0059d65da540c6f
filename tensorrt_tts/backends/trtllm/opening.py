"""Loads TensorRT-LLM: an engine folder, or a checkpoint on its PyTorch backend.

An LLM runs its executor in a worker process that TensorRT-LLM starts through MPI, which keeps the
engine's response thread out of the interpreter lock that the codec needs. The worker imports the
main module anew, so every entry module needs its `if __name__ == "__main__"`; one without would
load the model a second time, which `open_*` refuses. `single_process` is the way on where MPI
cannot start processes (notebooks, some containers).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tensorrt_tts.backends.base import Capacity, Prompt, Sampling
from tensorrt_tts.backends.pruned_vocabulary import refuse_audio_vocabulary
from tensorrt_tts.backends.trtllm.backend import STREAM_INTERVAL, TensorRTLLMBackend
from tensorrt_tts.backends.trtllm.releases import PyTorchRelease, pytorch_release
from tensorrt_tts.backends.trtllm.sampling import native_keywords, processor_keywords
from tensorrt_tts.backends.trtllm.vocabulary import checkpoint_vocabulary, engine_vocabulary
from tensorrt_tts.codecs.select import ENGINES_VARIABLE, engines_root
from tensorrt_tts.engine_folder.architecture import read_architecture, read_config
from tensorrt_tts.engine_folder.check import KIND, EngineInfo, check_engine
from tensorrt_tts.engine_folder.contract import Contract, contract_for
from tensorrt_tts.engine_folder.device import find_device
from tensorrt_tts.engine_folder.find import engine_versions, fitting_engine
from tensorrt_tts.engine_folder.fingerprint import fingerprint
from tensorrt_tts.engine_folder.prepare import prepare
from tensorrt_tts.engine_folder.releases import (
    engine_llm,
    installed_api,
    installed_version,
    load,
    pytorch_llm,
)
from tensorrt_tts.errors import EngineError, reason

SINGLE_PROCESS_VARIABLE = "TLLM_WORKER_USE_SINGLE_PROCESS"


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How to run an engine or a checkpoint."""

    # Of the GPU memory that is free after loading, for the KV cache; the codec and its workspace
    # take the rest.
    kv_fraction: float = 0.7
    # At most what the engine was built for; None for that.
    max_streams: int | None = None
    # Ids per stream; on the PyTorch backend only.
    max_sequence: int = 4096
    # Ids in a chunk.
    stream_interval: int = STREAM_INTERVAL
    # Run the executor in this process.
    single_process: bool = False
    # Replay captured steps; opt-in on TensorRT engines, where it helps small batches.
    cuda_graphs: bool = False


def find_engine(checkpoint: Path, root: Path | None = None) -> Path:
    """The newest engine below `root` that was built from that checkpoint and runs here: one volume
    may hold engines for several GPUs and releases.

    Raises EngineError naming the command that builds one, or, where none runs here, what the
    nearest one is for or lacks. MissingDependencyError without tensorrt_llm.
    """
    root = root or engines_root()
    versions = engine_versions(installed_api().version)
    found = fitting_engine(
        root, KIND, lambda: fingerprint(checkpoint, root), find_device(), versions
    )
    if found is not None:
        return found
    raise EngineError(
        f"no engine of {str(checkpoint)!r} below {str(root)!r}: build one with `make "
        f"build-engine`, or set {ENGINES_VARIABLE} to where it is"
    )


def open_checkpoint(checkpoint: Path, options: RuntimeOptions | None = None) -> TensorRTLLMBackend:
    """The checkpoint's engine, loaded. Raises what `find_engine` and `open_engine` raise."""
    refuse_audio_vocabulary(checkpoint)
    return open_engine(find_engine(checkpoint), options)


def open_engine(folder: Path, options: RuntimeOptions | None = None) -> TensorRTLLMBackend:
    """Load an engine folder, of `python -m engines build` or `trtllm-build`.

    Raises MissingDependencyError without tensorrt_llm, and the EngineError that fits.
    """
    options = options or RuntimeOptions()
    api = installed_api()
    info = check_engine(folder, find_device(), engine_versions(api.version))
    contract = contract_for(api.contract)
    if info.config is None:
        raise EngineError(f"{str(folder)!r} is not an engine of a language model; give one that is")
    vocabulary = engine_vocabulary(info)
    _prepare_process(options)
    llm = _construct(
        engine_llm(), contract.checked("LLM", **_engine_keywords(folder, info, contract, options))
    )
    build = info.config.build_config
    parameters_class = load("tensorrt_llm", "SamplingParams")

    def parameters(sampling: Sampling, prompt: Prompt) -> Any:
        keywords = native_keywords(sampling, vocabulary)
        return parameters_class(**contract.checked("SamplingParams", **keywords))

    streams = min(options.max_streams or build.max_batch_size, build.max_batch_size)
    capacity = Capacity(streams, build.max_seq_len)
    return TensorRTLLMBackend(
        llm, capacity, parameters, "trtllm", options.stream_interval, vocabulary.check
    )


def open_pytorch(checkpoint: Path, options: RuntimeOptions | None = None) -> TensorRTLLMBackend:
    """Load a Hugging Face checkpoint on the PyTorch backend (tensorrt_llm 1.0 and later).

    Raises MissingDependencyError without tensorrt_llm, CheckpointError, and EngineError.
    """
    options = options or RuntimeOptions()
    refuse_audio_vocabulary(checkpoint)
    llm_class = pytorch_llm()
    release = pytorch_release(installed_version())
    contract = contract_for(release.contract)
    vocabulary = checkpoint_vocabulary(checkpoint)
    _prepare_process(options)
    streams = options.max_streams or 64
    with _readable(checkpoint, release) as folder:
        keywords = _pytorch_keywords(folder, contract, options, streams)
        if not release.native_rules:
            # The overlap scheduler begins a step before the last id has reached the host, so that
            # a logits processor would see a list that lags behind: wrong penalties, wrong slots.
            keywords["disable_overlap_scheduler"] = True
        llm = _construct(llm_class, contract.checked("PyTorchLLM", **keywords))
    parameters_class = load("tensorrt_llm", "SamplingParams")

    def parameters(sampling: Sampling, prompt: Prompt) -> Any:
        chosen = (
            native_keywords(sampling, vocabulary, fresh_seed=False)
            if release.native_rules
            else processor_keywords(sampling, len(prompt.ids))
        )
        return parameters_class(**contract.checked("SamplingParams", **chosen))

    capacity = Capacity(streams, options.max_sequence)
    return TensorRTLLMBackend(
        llm, capacity, parameters, "trtllm-pytorch", options.stream_interval, vocabulary.check
    )


@contextmanager
def _readable(checkpoint: Path, release: PyTorchRelease) -> Iterator[Path]:
    """The checkpoint as that release reads it, for as long as it is being loaded.

    A folder saved by transformers 5 has its RoPE where transformers 4 does not look, which then
    takes base 10000 and no scaling, and speaks garbage. It is written anew, with linked weights.

    Raises CheckpointError, and EngineError for a model that cannot be written so.
    """
    if release.transformers_5 or "rope_parameters" not in read_config(checkpoint):
        yield checkpoint
        return
    shape = read_architecture(checkpoint)
    if shape.unsupported:
        raise EngineError(
            f"checkpoint {str(checkpoint)!r} has {shape.unsupported[0]}, which this release of "
            "TensorRT-LLM cannot read as transformers 5 saved it; install "
            "tensorrt_llm>=1.3.0rc24, or serve it with vLLM"
        )
    with TemporaryDirectory(prefix="tensorrt-tts-") as work:
        folder = Path(work) / "checkpoint"
        prepare(checkpoint, shape, folder, untie=False)
        yield folder


def _engine_keywords(
    folder: Path, info: EngineInfo, contract: Contract, options: RuntimeOptions
) -> dict[str, Any]:
    assert info.config is not None
    # An INT8 KV cache rules paged context attention out, and without it nothing can be reused.
    paged = info.config.build_config.plugin_config.use_paged_context_fmha
    keywords = {
        **_keywords(folder, contract, options, reuse=paged),
        "enable_chunked_prefill": paged,
    }
    if options.cuda_graphs:
        knobs = load("tensorrt_llm.llmapi", "ExtendedRuntimePerfKnobConfig")
        keywords["extended_runtime_perf_knob_config"] = knobs(
            **contract.checked(
                "ExtendedRuntimePerfKnobConfig", cuda_graph_mode=True, cuda_graph_cache_size=1000
            )
        )
    return keywords


def _pytorch_keywords(
    checkpoint: Path, contract: Contract, options: RuntimeOptions, streams: int
) -> dict[str, Any]:
    return {
        **_keywords(checkpoint, contract, options, reuse=True),
        "max_batch_size": streams,
        "max_seq_len": options.max_sequence,
        # Answers once per frame instead of once per token; only this backend can.
        "stream_interval": options.stream_interval,
        "enable_iter_perf_stats": True,
    }


def _keywords(
    folder: Path, contract: Contract, options: RuntimeOptions, reuse: bool
) -> dict[str, Any]:
    """Of both. reuse: of the KV of prompts already seen."""
    llmapi = partial(load, "tensorrt_llm.llmapi")
    cache = contract.checked(
        "KvCacheConfig", free_gpu_memory_fraction=options.kv_fraction, enable_block_reuse=reuse
    )
    # Admit only what can run to its end: an evicted stream would fall silent.
    policy = contract.check_enum("CapacitySchedulerPolicy", "GUARANTEED_NO_EVICT")
    scheduler = contract.checked(
        "SchedulerConfig",
        capacity_scheduler_policy=getattr(llmapi("CapacitySchedulerPolicy"), policy),
    )
    return {
        "model": str(folder),
        "skip_tokenizer_init": True,
        "kv_cache_config": llmapi("KvCacheConfig")(**cache),
        "scheduler_config": llmapi("SchedulerConfig")(**scheduler),
    }


def _prepare_process(options: RuntimeOptions) -> None:
    """Once, before the first import: the variable is read at import and never again."""
    if "__worker__" in sys.modules:  # the name mpi4py gives the main module in its workers
        raise EngineError(
            "the main module loads a model when it is imported, and a TensorRT-LLM worker imports "
            "it; put that code below `if __name__ == '__main__':`"
        )
    if options.single_process:
        os.environ[SINGLE_PROCESS_VARIABLE] = "1"


def _construct(llm_class: Any, keywords: dict[str, Any]) -> Any:
    try:
        return llm_class(**keywords)
    except Exception as error:  # MPI, CUDA, TensorRT and pydantic all raise their own
        raise EngineError(
            f"TensorRT-LLM cannot load {keywords['model']!r}: {reason(error)}; `python -m engines "
            "check` tells whether the engine fits this machine"
        ) from error


def checkpoint_backend(folder: Path, device: str, max_streams: int) -> TensorRTLLMBackend:
    """For `loading.BACKENDS`. device: not asked, it is the engine's."""
    return open_checkpoint(folder, RuntimeOptions(max_streams=max_streams))


def pytorch_backend(folder: Path, device: str, max_streams: int) -> TensorRTLLMBackend:
    """For `loading.BACKENDS`. device: not asked, tensorrt_llm has only GPUs."""
    return open_pytorch(folder, RuntimeOptions(max_streams=max_streams))
