"""Engines: what is passed to TensorRT-LLM, what is refused before it, and speech through one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models

from tensorrt_tts.backends.base import Grammar, Prompt, Sampling
from tensorrt_tts.backends.trtllm.backend import TensorRTLLMBackend
from tensorrt_tts.backends.trtllm.opening import (
    SINGLE_PROCESS_VARIABLE,
    RuntimeOptions,
    open_engine,
    open_pytorch,
)
from tensorrt_tts.errors import (
    CorruptEngineError,
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
    SettingError,
)
from tests.support import fake_tensorrt_llm
from tests.support.fake_tensorrt_llm import FakeLLM
from tests.support.trtllm_engines import engine_folder, generated


async def test_engine_folder(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    backend = open_engine(engine_folder(tmp_path / "engine"))
    assert backend.name == "trtllm"
    assert (backend.capacity.max_streams, backend.capacity.max_sequence) == (4, 512)
    keywords = backend._llm.keywords
    assert keywords["skip_tokenizer_init"] is True
    assert keywords["kv_cache_config"].dtype == "auto"  # the engine decides; other values assert
    assert keywords["kv_cache_config"].enable_block_reuse is True
    assert keywords["scheduler_config"].capacity_scheduler_policy == "GUARANTEED_NO_EVICT"
    assert await generated(backend) == list(range(10, 30))


def test_int8_cache_turns_reuse_off(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keywords = open_engine(engine_folder(tmp_path / "engine", paged=False))._llm.keywords
    assert keywords["kv_cache_config"].enable_block_reuse is False
    assert keywords["enable_chunked_prefill"] is False


def test_options(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed.delenv(SINGLE_PROCESS_VARIABLE, raising=False)
    options = RuntimeOptions(0.3, max_streams=2, single_process=True, cuda_graphs=True)
    backend = open_engine(engine_folder(tmp_path / "engine"), options)
    import os

    assert os.environ[SINGLE_PROCESS_VARIABLE] == "1"
    installed.setenv(SINGLE_PROCESS_VARIABLE, "1")  # so that it is undone
    keywords = backend._llm.keywords
    assert keywords["kv_cache_config"].free_gpu_memory_fraction == 0.3
    assert keywords["extended_runtime_perf_knob_config"].cuda_graph_mode is True
    assert backend.capacity.max_streams == 2
    assert (
        open_engine(tmp_path / "engine", RuntimeOptions(max_streams=99)).capacity.max_streams == 4
    )


def most_likely(prompt: list[int], parameters: Any, position: int) -> int:
    """What a greedy sampler picks of a padded head: its real logits are all below the padding's."""
    logits = torch.full((1024,), -5.0)
    logits[position % 1000] = -4.0
    logits[1000:] = 0.0
    if parameters.embedding_bias is not None:
        logits += parameters.embedding_bias
    return int(logits.argmax())


@pytest.mark.parametrize("grammar", [Grammar(), Grammar((range(1000),), strict=False)])
async def test_padded_rows_are_never_sampled(
    installed: pytest.MonkeyPatch, tmp_path: Path, grammar: Grammar
) -> None:
    folder = engine_folder(tmp_path / "engine", algorithm="W4A16_AWQ", rows=1024)
    names = {f"t{index}": index for index in range(1000)}
    Tokenizer(models.WordLevel(names, unk_token="t0")).save(str(folder / "tokenizer.json"))
    installed.setattr(FakeLLM, "script", staticmethod(most_likely))
    backend = open_engine(folder)
    sampling = Sampling(max_tokens=20, temperature=0, repetition_penalty=1.0, grammar=grammar)
    stream = backend.stream(Prompt((1,)), sampling, "a")
    assert [token async for chunk in stream for token in chunk.ids] == list(range(20))


async def test_padding_of_unknown_size_asks_for_legal_ids(
    installed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend = open_engine(engine_folder(tmp_path / "engine", algorithm="W4A16_AWQ", rows=1024))
    with pytest.raises(SettingError, match=r"a grammar without a cycle.*tokenizer\.json"):
        await generated(backend)
    sampling = Sampling(max_tokens=5, grammar=Grammar((range(10, 60),)))
    stream = backend.stream(Prompt((1,)), sampling, "a")
    assert [token async for chunk in stream for token in chunk.ids] == list(range(10, 15))


def test_without_tensorrt_llm(tmp_path: Path) -> None:
    for opening in (open_engine, open_pytorch):
        with pytest.raises(MissingDependencyError, match=r"tensorrt_llm.*GPU host.*Modal"):
            opening(tmp_path)


@pytest.mark.parametrize("version", ["1.3.0rc24", "1.4.0rc1"])
def test_removed_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path, version: str
) -> None:
    fake_tensorrt_llm.install(monkeypatch, version)
    with pytest.raises(EngineError, match=r"removed upstream.*1\.2\.1"):
        open_engine(engine_folder(tmp_path / "engine"))
    assert open_pytorch(checkpoint).name == "trtllm-pytorch"  # the way on


def test_bad_engines(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = engine_folder(tmp_path / "other", version="1.1.0")
    with pytest.raises(EngineMismatchError, match=r"1\.1\.0"):
        open_engine(folder)
    (engine_folder(tmp_path / "cut") / "rank0.engine").unlink()
    with pytest.raises(CorruptEngineError, match="rank0"):
        open_engine(tmp_path / "cut")


def test_load_failure_is_one_line(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed.setattr(FakeLLM, "refuses", RuntimeError("CUDA out of memory\nstack\nstack"))
    with pytest.raises(EngineError, match="CUDA out of memory") as caught:
        open_engine(engine_folder(tmp_path / "engine"))
    assert "\n" not in str(caught.value)


def test_an_unguarded_entry_module_is_refused_in_the_worker(
    installed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed.setitem(sys.modules, "__worker__", SimpleNamespace())  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="__name__ == '__main__'"):
        open_engine(engine_folder(tmp_path / "engine"))


def test_whole_synthesizer(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Text to audio through the adapter: equal to an offline decode of what the engine emitted,
    whatever its manners."""
    import asyncio

    import numpy as np

    from tensorrt_tts.codecs.base import decode
    from tensorrt_tts.codecs.snac.codec import SnacCodec
    from tensorrt_tts.families.orpheus.frames import parse
    from tensorrt_tts.loading import load_model
    from tensorrt_tts.speech import SpeechRequest
    from tensorrt_tts.synthesizer import Synthesizer
    from tests.support.fake_tensorrt_llm import Manners
    from tests.support.tiny_orpheus import tiny_model_folders

    language_model, codec_folder = tiny_model_folders()
    model = load_model(str(language_model), codec=str(codec_folder))
    codec = SnacCodec.from_folder(codec_folder)
    tokens = model.family.tokens

    def script(prompt: list[int], parameters: Any, position: int) -> int:
        if position == 7 * 12:
            return tokens.end_of_speech
        token = tokens.audio_id(position % 7, position * 31 % tokens.codebook_size)
        assert parameters.embedding_bias[token] == 0
        return token

    installed.setattr(FakeLLM, "script", staticmethod(script))
    emitted = [script([], SimpleNamespace(embedding_bias=[0] * 10**4), p) for p in range(84)]
    steps, _, _ = parse(emitted, tokens)

    async def speak(manners: Manners) -> tuple[np.ndarray, Any, TensorRTLLMBackend]:
        installed.setattr(FakeLLM, "manners", manners)
        backend = open_engine(tmp_path / "engine")
        synthesizer = Synthesizer(model, backend, codec)
        audio, report = await synthesizer.synthesize(SpeechRequest("Hello there.", seed=3))
        assert backend.stats().running == 0
        await synthesizer.close()
        return audio, report, backend

    engine_folder(tmp_path / "engine")
    path = tmp_path / "engine" / "config.json"
    path.write_text(path.read_text().replace('"vocab_size": 1000', '"vocab_size": 2000'))
    outcomes = [
        asyncio.run(speak(manners))
        for manners in (
            Manners(),
            Manners(steps=(5, 0, 1, 9), empty_final=True),
            Manners(steps=(3,), shows_end=True),
        )
    ]
    for audio, report, backend in outcomes:
        assert report.frames == 12
        assert report.tokens == 84
        assert len(audio) == 12 * 2048
        assert (
            np.array_equal(audio, outcomes[0][0])
            or np.abs(audio.astype(int) - outcomes[0][0]).max() <= 1
        )
        submitted = backend._llm.submitted[0]
        assert submitted.prompt_token_ids[-1] == tokens.start_of_speech
        assert submitted.parameters.end_id == tokens.end_of_speech
    assert len(decode(codec, steps)) == len(outcomes[0][0])
