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
from pathlib import Path
from typing import Any

from tensorrt_tts.backends.base import BackendStats, Capacity, Finish, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.prompt_embedding import PromptEmbedding
from tensorrt_tts.errors import (
    BackendError,
    CapacityError,
    EngineDiedError,
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

_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH, "abort": Finish.ABORT}


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
    ) -> None:
        """engine: a running AsyncLLM whose stat logger is engine_stats. prompts: for a checkpoint
        whose vocabulary is cut (`backends.pruned_vocabulary`)."""
        self.capacity = capacity
        self._engine = engine
        self._vllm = vllm
        self._options = options
        self._engine_stats = engine_stats
        self._prompts = prompts
        self._kv_blocks = engine.vllm_config.cache_config.num_gpu_blocks
        self._open: set[str] = set()
        self._aborted: set[str] = set()
        self._tokens = 0
        self._dead: str | None = None
        self._closed = False

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
        if not vllm.hand_on_per_request:
            arguments["stream_interval"] = options.hand_on
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
        return cls(engine, vllm, capacity, options, stats, prompts)

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TokenChunk, None]:
        arguments = self._admit(prompt, sampling, request_id)
        stops = frozenset(arguments["stop_token_ids"])
        try:
            # aclosing: leaving this block early closes vLLM's generator, and that aborts there.
            async with aclosing(
                self._engine.generate(
                    self._prompt(prompt),
                    self._vllm.sampling_params(**arguments),
                    request_id,
                )
            ) as outputs:
                async for output in outputs:
                    chunk = _chunk(output.outputs[0], stops)
                    if request_id in self._aborted and chunk.finish is None:
                        # abort() came before vLLM knew the request.
                        chunk = TokenChunk((), Finish.ABORT)
                    if self._prompts is not None:
                        chunk = replace(chunk, ids=self._prompts.vocabulary.widen_all(chunk.ids))
                    self._tokens += len(chunk.ids)
                    yield chunk
                    if chunk.finish is not None:
                        return
            raise BackendError("vLLM ended a generation without saying why; try again")
        except self._vllm.engine_dead as error:
            self._dead = reason(error)
            raise self._death() from error
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
                self._dead = reason(error)
                raise self._death() from error
            raise BackendError(f"vLLM failed this request ({reason(error)}); try again") from error
        finally:
            self._open.discard(request_id)
            self._aborted.discard(request_id)

    def _admit(self, prompt: Prompt, sampling: Sampling, request_id: str) -> dict[str, Any]:
        """Refuse what cannot be served, or take the stream in: its SamplingParams arguments."""
        if self._dead is not None or self._closed:
            raise self._death()
        if not prompt.ids or len(prompt.ids) >= self.capacity.max_sequence:
            raise SettingError(
                f"prompt of {len(prompt.ids)} ids does not fit a sequence of "
                f"{self.capacity.max_sequence}; shorten the text"
            )
        if request_id in self._open:
            raise SettingError(f"request_id {request_id!r} is already in flight; use a new one")
        if len(self._open) >= self.capacity.max_streams:
            raise CapacityError(
                f"all {self.capacity.max_streams} streams are busy; try again", retry_after=1.0
            )
        if self._prompts is not None:
            sampling = self._prompts.vocabulary.narrow_sampling(sampling)
        arguments = sampling_arguments(sampling)
        if self._vllm.hand_on_per_request and len(self._open) >= self._options.singly_below:
            arguments["stream_interval"] = self._options.hand_on
        self._open.add(request_id)
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

    def _death(self) -> EngineDiedError:
        if self._dead is None:
            return EngineDiedError("the vllm backend is closed; open a new one")
        return EngineDiedError(f"the vLLM engine died: {self._dead}; restart the process")

    async def abort(self, request_id: str) -> None:
        if request_id in self._open and self._dead is None and self._engine is not None:
            self._aborted.add(request_id)
            await self._engine.abort(request_id)

    def stats(self) -> BackendStats:
        """`waiting` and what `extra` holds is the scheduler's last word, a step old at most.

        extra: engine_running (requests in the batch, as the scheduler counts), kv_usage (0 … 1),
        prefix_queries and prefix_hits (prompt ids looked up and found, since the start),
        preemptions (requests that had to be computed again for want of KV blocks).
        """
        engine = self._engine_stats
        if self._dead is None and self._engine is not None and self._engine.errored:
            self._dead = "it stopped by itself"
        waiting = min(engine.waiting, len(self._open))
        return BackendStats(
            running=len(self._open) - waiting,
            waiting=waiting,
            fault=self._dead,
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
        if self._closed:
            return
        self._closed = True
        for request_id in tuple(self._open):
            await self.abort(request_id)
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
