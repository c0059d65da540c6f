"""The vLLM backend: one AsyncLLM engine that all streams of a process share.

Ids go in and come out; vLLM never sees text, loads no tokenizer and detokenises nothing. The engine
runs in processes of its own and batches the streams; here is only what turns its outputs into
`TokenChunk`s and its failures into the error tree.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tensorrt_tts.backends.admission import Admission
from tensorrt_tts.backends.base import BackendStats, Capacity, Finish, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.backends.pruned_vocabulary import FULL_SIZE_KEY
from tensorrt_tts.backends.vocabulary import check_ids
from tensorrt_tts.errors import (
    BackendError,
    EngineError,
    MissingDependencyError,
    SettingError,
    TTSError,
    reason,
)
from vllm_inference import bindings
from vllm_inference.bindings import Bindings
from vllm_inference.engine_stats import EngineStats
from vllm_inference.options import (
    VLLMOptions,
    engine_arguments,
    read_config,
    sequence_limit,
)
from vllm_inference.requests import sampling_arguments

_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH}


class VLLMBackend:
    """See `base.Backend`. Build with `from_folder`."""

    name = "vllm"

    def __init__(
        self,
        engine: Any,
        vllm: Bindings,
        capacity: Capacity,
        options: VLLMOptions,
        engine_stats: EngineStats,
        prompts: PromptEmbedding | None = None,
        vocab_size: int | None = None,
    ) -> None:
        """engine: a running AsyncLLM whose stat logger is engine_stats. prompts: for a checkpoint
        whose vocabulary is cut (`backends.pruned_vocabulary`). vocab_size: of the whole one, None
        where nothing says."""
        self.capacity = capacity
        self._engine = engine
        self._vllm = vllm
        self._options = options
        self._engine_stats = engine_stats
        self._prompts = prompts
        self._kv_blocks = engine.vllm_config.cache_config.num_gpu_blocks
        check = None if vocab_size is None else partial(check_ids, size=vocab_size)
        self._admission = Admission(self.name, capacity, check)
        self._tokens = 0

    @classmethod
    def from_folder(cls, folder: Path, options: VLLMOptions | None = None) -> VLLMBackend:
        """Start an engine on a checkpoint folder. Blocks for seconds to minutes: loading, warm-up.

        Raises MissingDependencyError without a vLLM for the device, CheckpointError for an unusable
        folder, and EngineError when the engine does not start.
        """
        options = options or VLLMOptions()
        config = read_config(folder)
        vllm = bindings.load()
        if vllm.device != options.device:
            # vLLM would start all the same, on its own device with settings for the other.
            raise MissingDependencyError(
                f"device is {options.device!r}, but the vLLM installed is built for "
                f"{vllm.device!r}; set --device {vllm.device} or install the other build"
            )
        prompts = PromptEmbedding.open(folder)
        if prompts is not None and not vllm.embeds_with_ids:
            raise EngineError(
                f"checkpoint '{folder}' has a cut vocabulary, which needs vLLM 0.32 or later; use "
                "the whole checkpoint, or a newer vLLM"
            )
        # A fixed seed here would make every restart speak the same "random" samples again.
        arguments = engine_arguments(folder, config, options, seed=secrets.randbits(31))
        if not vllm.interval_per_request:
            arguments["stream_interval"] = options.stream_interval
        if prompts is not None:
            arguments["enable_prompt_embeds"] = True
        stats = EngineStats()
        try:
            engine = vllm.start(arguments, [lambda *_: stats])
        except Exception as error:  # pydantic's, torch's, safetensors' and vLLM's own
            raise EngineError(
                f"vLLM cannot start on '{folder}' ({reason(error)}); its log above says more"
            ) from error
        capacity = Capacity(options.max_streams, sequence_limit(config, options))
        vocab_size = config.get(FULL_SIZE_KEY, config.get("vocab_size"))
        return cls(engine, vllm, capacity, options, stats, prompts, vocab_size)

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        place = self._admission.admit(prompt, sampling, request_id)
        try:
            arguments = self._arguments(sampling)
            stops = frozenset(arguments["stop_token_ids"])
            # aclosing: leaving this block early closes vLLM's generator, and that aborts there.
            async with aclosing(
                self._engine.generate(
                    self._prompt(prompt), self._vllm.sampling_params(**arguments), request_id
                )
            ) as outputs:
                async for output in outputs:
                    if (over := self._admission.over()) is not None:
                        raise over
                    chunk = _chunk(output.outputs[0], stops)
                    if self._prompts is not None:
                        chunk = replace(chunk, ids=self._prompts.vocabulary.widen_all(chunk.ids))
                    self._tokens += len(chunk.ids)
                    if chunk.finish is not None:
                        break
                    yield chunk
                else:
                    raise BackendError("vLLM ended a generation without saying why; try again")
            self._admission.release(place)
            yield chunk
        except self._vllm.engine_dead as error:
            raise self._admission.die(reason(error)) from error
        except self._vllm.request_failed as error:
            raise BackendError(
                f"vLLM failed this request ({reason(error.__cause__ or error)}); try again"
            ) from error
        except self._vllm.request_invalid as error:
            raise SettingError(f"vLLM refuses the request: {reason(error)}") from error
        except TTSError:
            raise
        except Exception as error:  # torch's, msgspec's, an assertion: what it did not foresee
            if self._engine is not None and self._engine.errored:
                raise self._admission.die(reason(error)) from error
            raise BackendError(f"vLLM failed this request ({reason(error)}); try again") from error
        finally:
            self._admission.release(place)

    def _arguments(self, sampling: Sampling) -> dict[str, Any]:
        """Of SamplingParams, for a stream that has its place."""
        if self._prompts is not None:
            sampling = self._prompts.vocabulary.narrow_sampling(sampling)
        arguments = sampling_arguments(sampling)
        if self._vllm.interval_per_request and self._admission.taken > self._options.singly_below:
            arguments["stream_interval"] = self._options.stream_interval
        return arguments

    def _prompt(self, prompt: Prompt) -> dict[str, Any]:
        """As vLLM takes it. A cut vocabulary has no ids for text: the model reads embeddings, and
        the ids beside them are what the repetition penalty counts."""
        if self._prompts is None:
            return {"prompt_token_ids": list(prompt.ids)}
        return {
            "prompt_embeds": self._prompts.rows(prompt.ids),
            "prompt_token_ids": self._prompts.vocabulary.narrow_all(prompt.ids),
            "prompt_is_token_ids": [False] * len(prompt.ids),
        }

    def stats(self) -> BackendStats:
        """`waiting` and what `extra` holds is the scheduler's last word, a step old at most.

        extra: engine_running (requests in the batch, as the scheduler counts), kv_usage (0 … 1),
        prefix_queries and prefix_hits (prompt ids looked up and found, since the start),
        preemptions (requests that had to be computed again for want of KV blocks).
        """
        engine = self._engine_stats
        if self._engine is not None and self._engine.errored:
            self._admission.die("it stopped by itself")
        waiting = min(engine.waiting, self._admission.taken)
        return BackendStats(
            running=self._admission.taken - waiting,
            waiting=waiting,
            fault=self._admission.fault,
            generated_tokens=self._tokens,
            # One block is vLLM's padding and never free.
            kv_blocks_free=round((1 - engine.kv_usage) * (self._kv_blocks - 1)),
            extra={
                "engine_running": engine.running,
                "kv_usage": engine.kv_usage,
                "prefix_queries": engine.prefix_queries,
                "prefix_hits": engine.prefix_hits,
                "preemptions": engine.preemptions,
            },
        )

    async def close(self) -> None:
        if self._admission.closed:
            return
        self._admission.close()
        if self._admission.fault is None:
            for request_id in self._admission.request_ids:
                await self._engine.abort(request_id)  # wakes who waits for its next ids
        await asyncio.to_thread(self._engine.shutdown, self._options.shutdown_s)
        # AsyncLLM shuts down again when it is collected, which fails at interpreter exit; and what
        # vLLM itself keeps of it is only collected then.
        self._engine.shutdown = lambda timeout=None: None
        self._engine = None


def _chunk(output: Any, stops: frozenset[int]) -> TokenChunk:
    """vLLM delivers the stop id that ended the generation; the protocol does not."""
    ids = tuple(output.token_ids)
    if output.finish_reason is None:
        return TokenChunk(ids)
    finish = _FINISH.get(output.finish_reason)
    if finish is None:
        raise BackendError(f"vLLM ended a generation with {output.finish_reason!r}; try again")
    if finish is Finish.STOP and ids and ids[-1] in stops:
        ids = ids[:-1]
    return TokenChunk(ids, finish)


def open_backend(folder: Path, device: str, max_streams: int) -> VLLMBackend:
    """For `tensorrt_tts.loading.BACKENDS`. Raises what `VLLMBackend.from_folder` raises."""
    return VLLMBackend.from_folder(folder, VLLMOptions(device=device, max_streams=max_streams))
