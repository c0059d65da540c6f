"""Loading: what is passed to TensorRT-LLM, what is refused before it, and the whole synthesizer."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tensorrt_tts.backends.protocol import Sampling
from tensorrt_tts.backends.trtllm import TensorRTLLMBackend
from tensorrt_tts.backends.trtllm_open import (
    SINGLE_PROCESS_VARIABLE,
    RuntimeOptions,
    find_engine,
    open_engine,
    open_pytorch,
)
from tensorrt_tts.codecs.select import ENGINES_VARIABLE
from tensorrt_tts.errors import (
    CorruptEngineError,
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
)
from tests.support import fake_tensorrt_llm
from tests.support.fake_tensorrt_llm import FakeLLM

ROOT = Path(__file__).parents[3]


def engine_folder(path: Path, version: str = "1.2.1", paged: bool = True) -> Path:
    """As `trtllm-build` leaves it: config.json and rank0.engine."""
    path.mkdir()
    pretrained = {
        "architecture": "LlamaForCausalLM",
        "dtype": "float16",
        "vocab_size": 1000,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_size": 32,
        "mapping": {"world_size": 1},
        "quantization": {"quant_algo": None, "kv_cache_quant_algo": None if paged else "INT8"},
    }
    build = {
        "max_batch_size": 4,
        "max_seq_len": 512,
        "max_num_tokens": 512,
        "max_input_len": 256,
        "plugin_config": {"use_paged_context_fmha": paged},
    }
    config = {"version": version, "pretrained_config": pretrained, "build_config": build}
    (path / "config.json").write_text(json.dumps(config))
    (path / "rank0.engine").write_bytes(bytes(1 << 20))
    return path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    fake_tensorrt_llm.install(monkeypatch)
    monkeypatch.setattr(FakeLLM, "script", staticmethod(lambda p, s, position: 10 + position))
    return monkeypatch


async def generated(backend: TensorRTLLMBackend) -> list[int]:
    stream = backend.stream([1, 2], Sampling(max_tokens=20, stop_ids=(2,)), "a")
    return [token async for chunk in stream for token in chunk.ids]


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


async def test_pytorch_backend(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    backend = open_pytorch(tmp_path)
    keywords = backend._llm.keywords
    assert backend.name == "trtllm-pytorch"
    assert keywords["stream_interval"] == 7
    assert keywords["disable_overlap_scheduler"] is True
    assert "build_config" not in keywords
    assert await generated(backend) == list(range(10, 30))
    rules = backend._llm.submitted[0].parameters.logits_processor
    assert rules.repetition_penalty == 1.1


def test_without_tensorrt_llm(tmp_path: Path) -> None:
    for opening in (open_engine, open_pytorch):
        with pytest.raises(MissingDependencyError, match=r"tensorrt_llm.*GPU host.*Modal"):
            opening(tmp_path)


def test_removed_backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_tensorrt_llm.install(monkeypatch, version="1.4.0rc1")
    with pytest.raises(EngineError, match=r"removed upstream.*1\.2\.1"):
        open_engine(engine_folder(tmp_path / "engine"))
    assert open_pytorch(tmp_path).name == "trtllm-pytorch"  # the way on


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


def test_no_engine_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tmp_path / "lm"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text("{}")
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setenv(ENGINES_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint)


def modules() -> list[Path]:
    packages = ("tensorrt_tts", "engines", "vllm_inference", "benchmarks", "deploy")
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return [*found, *ROOT.glob("*.py")]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_tensorrt_llm_is_never_imported_at_module_level(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        assert not any(name.split(".")[0] in ("tensorrt_llm", "tensorrt") for name in names)


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if path.name == "__main__.py" or path.parent == ROOT],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_entry_modules_do_nothing_when_a_worker_imports_them(path: Path) -> None:
    def guarded(node: ast.stmt) -> bool:
        return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)

    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        assert guarded(node) or not called, f"{path}:{node.lineno} runs on import"


def test_imports_with_tensorrt_llm_blocked() -> None:
    code = (
        "import sys; sys.modules['tensorrt_llm'] = None; sys.modules['tensorrt'] = None;"
        "import tensorrt_tts.backends.trtllm, tensorrt_tts.backends.trtllm_open;"
        "import tensorrt_tts.codecs.fixed_window"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT)


def test_whole_synthesizer(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Text to audio through the adapter: equal to an offline decode of what the engine emitted,
    whatever its manners."""
    import asyncio

    import numpy as np

    from tensorrt_tts.codecs.context import decode
    from tensorrt_tts.codecs.snac import SnacCodec
    from tensorrt_tts.loading import load_model
    from tensorrt_tts.models.frames import parse
    from tensorrt_tts.speech import SpeechRequest
    from tensorrt_tts.synthesizer import Synthesizer
    from tests.support.fake_tensorrt_llm import Manners
    from tests.support.tiny_orpheus import tiny_model_folders

    language_model, codec_folder = tiny_model_folders()
    model = load_model(str(language_model), codec=str(codec_folder))
    codec = SnacCodec.from_folder(codec_folder)
    tokens = model.tokens

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
