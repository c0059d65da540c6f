"""Loading: what is passed to TensorRT-LLM, what is refused before it, and the whole synthesizer."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM

from tensorrt_tts.backends.base import Grammar, Prompt, Sampling
from tensorrt_tts.backends.trtllm import opening as trtllm_open
from tensorrt_tts.backends.trtllm.backend import TensorRTLLMBackend
from tensorrt_tts.backends.trtllm.opening import (
    SINGLE_PROCESS_VARIABLE,
    RuntimeOptions,
    find_engine,
    open_checkpoint,
    open_engine,
    open_pytorch,
)
from tensorrt_tts.codecs.select import ENGINES_VARIABLE
from tensorrt_tts.engine_folder import digest_cache
from tensorrt_tts.engine_folder.device import ComputeCapability, Device
from tensorrt_tts.engine_folder.fingerprint import fingerprint
from tensorrt_tts.engine_folder.manifest import Inputs, Manifest, file_entries, write_manifest
from tensorrt_tts.errors import (
    CorruptEngineError,
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
    SettingError,
)
from tests.support import fake_tensorrt_llm
from tests.support.fake_tensorrt_llm import FakeLLM

ROOT = Path(__file__).parents[4]


A100 = Device("NVIDIA A100-SXM4-80GB", 81920, ComputeCapability(8, 0), "580.1")
L4 = Device("NVIDIA L4", 23034, ComputeCapability(8, 9), "580.1")
PCIE = Device("NVIDIA A100 80GB PCIe", 81920, ComputeCapability(8, 0), "580.1")


def engine_folder(
    path: Path,
    version: str = "1.2.1",
    paged: bool = True,
    algorithm: str | None = None,
    rows: int = 1000,
) -> Path:
    """As `trtllm-build` leaves it: config.json and rank0.engine."""
    path.mkdir()
    pretrained = {
        "architecture": "LlamaForCausalLM",
        "dtype": "float16",
        "vocab_size": rows,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_size": 32,
        "mapping": {"world_size": 1},
        "quantization": {"quant_algo": algorithm, "kv_cache_quant_algo": None if paged else "INT8"},
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


def published(
    root: Path,
    name: str,
    checkpoint: Path,
    built_at: str,
    device: Device = A100,
    version: str = "1.2.1",
    tensorrt: str = "none",
) -> Path:
    """An engine of that checkpoint as `python -m engines build` publishes it."""
    root.mkdir(exist_ok=True)
    folder = engine_folder(root / name, version)
    inputs = Inputs(
        kind="tensorrt-llm",
        checkpoint=fingerprint(checkpoint, root),
        recipe={},
        product=device.product,
        capability=str(device.capability),
        versions={"tensorrt_llm": version, "tensorrt": tensorrt},
    )
    manifest = Manifest(
        key=inputs.key,
        inputs=inputs,
        source=str(checkpoint),
        plan={},
        environment={},
        built_at=built_at,
        seconds={},
        files=file_entries(folder),
    )
    write_manifest(folder, manifest)
    return folder


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "lm"
    folder.mkdir()
    (folder / "config.json").write_text('{"vocab_size": 1000}')
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    fake_tensorrt_llm.install(monkeypatch)
    monkeypatch.setattr(FakeLLM, "script", staticmethod(lambda p, s, position: 10 + position))
    return monkeypatch


async def generated(backend: TensorRTLLMBackend) -> list[int]:
    stream = backend.stream(
        Prompt((1, 2)), Sampling(max_tokens=20, grammar=Grammar(stops=(2,))), "a"
    )
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


async def test_pytorch_backend(installed: pytest.MonkeyPatch, checkpoint: Path) -> None:
    backend = open_pytorch(checkpoint)
    keywords = backend._llm.keywords
    assert backend.name == "trtllm-pytorch"
    assert keywords["stream_interval"] == 7
    assert keywords["disable_overlap_scheduler"] is True
    assert "build_config" not in keywords
    assert await generated(backend) == list(range(10, 30))
    submitted = backend._llm.submitted[0].parameters
    assert submitted.logits_processor.repetition_penalty == 1.1
    assert submitted.repetition_penalty is None


@pytest.mark.parametrize("version", ["1.3.0rc24", "1.3.0rc29", "1.4.0rc1"])
async def test_pytorch_backend_that_has_penalties_keeps_its_overlap_scheduler(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, version: str
) -> None:
    fake_tensorrt_llm.install(monkeypatch, version)
    monkeypatch.setattr(FakeLLM, "script", staticmethod(lambda p, s, position: 10 + position))
    backend = open_pytorch(checkpoint)
    assert "disable_overlap_scheduler" not in backend._llm.keywords
    grammar = Grammar((range(10, 30), range(30, 50)), stops=(2,))
    sampling = Sampling(max_tokens=5, grammar=grammar)
    _ = [chunk async for chunk in backend.stream(Prompt((1, 2)), sampling, "a")]
    submitted = backend._llm.submitted[0].parameters
    assert submitted.logits_processor is None
    assert submitted.repetition_penalty == 1.1
    assert (submitted.embedding_bias == 0).nonzero().flatten().tolist() == [2, *range(10, 50)]
    assert submitted.embedding_bias.shape == (1000,)
    assert submitted.seed is None


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The config.json of the folder that the PyTorch backend is given, as it is while it loads."""
    found: dict[str, Any] = {}
    construct = trtllm_open._construct

    def reading(llm_class: Any, keywords: dict[str, Any]) -> Any:
        folder = Path(keywords["model"])
        found.update(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        found["folder"] = folder
        found["weights"] = len(load_file(next(folder.glob("*.safetensors"))))
        return construct(llm_class, keywords)

    monkeypatch.setattr(trtllm_open, "_construct", reading)
    return found


SCALING = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def saved_by_5(folder: Path, **rope: Any) -> Path:
    """As transformers 5 writes it, weights included."""
    config = LlamaConfig(
        vocab_size=1000,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        rope_parameters={"rope_theta": 500000.0, **rope},
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    assert "rope_parameters" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return folder


@pytest.mark.parametrize("rope", [{"rope_type": "default"}, SCALING])
def test_pytorch_backend_whose_transformers_is_4_is_told_the_rope_of_5(
    installed: pytest.MonkeyPatch, tmp_path: Path, seen: dict[str, Any], rope: dict[str, Any]
) -> None:
    checkpoint = saved_by_5(tmp_path / "checkpoint", **rope)
    assert open_pytorch(checkpoint).name == "trtllm-pytorch"
    assert seen["rope_theta"] == 500000.0
    assert seen.get("rope_scaling") == (None if rope["rope_type"] == "default" else SCALING)
    assert seen["weights"] > 5
    assert not seen["folder"].exists()


def test_pytorch_backend_whose_transformers_is_5_takes_the_folder_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: dict[str, Any]
) -> None:
    fake_tensorrt_llm.install(monkeypatch, "1.3.0rc24")
    checkpoint = saved_by_5(tmp_path / "checkpoint", **SCALING)
    open_pytorch(checkpoint)
    assert seen["folder"] == checkpoint


def test_a_rope_that_transformers_4_cannot_be_told(
    installed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkpoint = saved_by_5(tmp_path / "checkpoint", rope_type="dynamic", factor=2.0)
    with pytest.raises(EngineError, match=r"RoPE scaling of type 'dynamic'.*1\.3\.0rc24"):
        open_pytorch(checkpoint)


@pytest.mark.parametrize("version", ["1.2.1", "1.3.0rc24"])
async def test_pytorch_backend_refuses_ids_its_model_has_not(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, version: str
) -> None:
    fake_tensorrt_llm.install(monkeypatch, version)
    backend = open_pytorch(checkpoint)
    with pytest.raises(SettingError, match="prompt has id 1000"):
        await anext(backend.stream(Prompt((1, 1000)), Sampling(max_tokens=5), "a"))
    assert backend._llm.submitted == []
    assert backend.stats().fault is None


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


def test_no_engine_names_the_command(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    installed.setenv(ENGINES_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint)
    assert not (tmp_path / "nowhere").exists()  # nothing was hashed for it
    other = tmp_path / "other"
    shutil.copytree(checkpoint, other)
    (other / "model.safetensors").write_bytes(b"others")
    published(tmp_path / "nowhere", "theirs", other, "2026-11-01")
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint)


def on(monkeypatch: pytest.MonkeyPatch, device: Device | None) -> None:
    monkeypatch.setattr(trtllm_open, "find_device", lambda: device)


def test_one_volume_serves_all_gpus(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    """The newest that runs here, whatever was built for others since."""
    root = tmp_path / "engines"
    for name, built_at, device in (
        ("old", "2026-11-01", A100),
        ("a100", "2026-11-02", A100),
        ("pcie", "2026-11-03", PCIE),
        ("l4", "2026-11-04", L4),
    ):
        published(root, name, checkpoint, built_at, device)
    for device, name in ((A100, "a100"), (PCIE, "pcie"), (L4, "l4")):
        on(installed, device)
        assert find_engine(checkpoint, root) == root / name
        assert open_checkpoint_below(installed, checkpoint, root).name == "trtllm"
    on(installed, None)  # no answer from the driver: nothing to compare with
    assert find_engine(checkpoint, root) == root / "l4"


def open_checkpoint_below(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, root: Path
) -> TensorRTLLMBackend:
    monkeypatch.setenv(ENGINES_VARIABLE, str(root))
    return open_checkpoint(checkpoint)


def test_a_start_reads_the_weights_once(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    """6 GB of them at every start would be ten seconds of silence on a network volume."""
    installed.setattr(digest_cache, "SETTLED_NS", -(10**18))  # as if they had lain there for long
    root = tmp_path / "engines"
    on(installed, A100)
    good = published(root, "good", checkpoint, "2026-11-01")
    read: list[str] = []
    installed.setattr(digest_cache, "digest", lambda path: read.append(path.name) or "0" * 64)
    assert find_engine(checkpoint, root) == good
    assert read == []
    (checkpoint / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(EngineError, match="make build-engine"):
        find_engine(checkpoint, root)
    assert read == ["model.safetensors"]


def test_engines_that_cannot_run_are_passed_over(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    root = tmp_path / "engines"
    on(installed, A100)
    good = published(root, "good", checkpoint, "2026-11-01")
    published(root, "release", checkpoint, "2026-11-02", version="1.1.0")
    published(root, "libraries", checkpoint, "2026-11-03", tensorrt="10.13.3.9")
    (published(root, "cut", checkpoint, "2026-11-04") / "rank0.engine").unlink()
    changed = published(root, "changed", checkpoint, "2026-11-05") / "manifest.json"
    changed.write_text(changed.read_text().replace('"recipe": {}', '"recipe": {"a": 1}'))
    (published(root, "unreadable", checkpoint, "2026-11-06") / "manifest.json").write_text("{")
    published(root, ".a100.building-x", checkpoint, "2026-11-07")
    (published(root, "torn", checkpoint, "2026-11-08") / "config.json").write_text("")
    assert find_engine(checkpoint, root) == good


def test_the_nearest_engine_says_why_none_runs_here(
    installed: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> None:
    root = tmp_path / "engines"
    on(installed, A100)
    published(root, "l4", checkpoint, "2026-11-02", L4)
    with pytest.raises(EngineMismatchError, match=r"'NVIDIA L4', this GPU is 'NVIDIA A100"):
        find_engine(checkpoint, root)
    published(root, "release", checkpoint, "2026-11-01", version="1.1.0")
    with pytest.raises(
        EngineMismatchError,
        match=r"none of this checkpoint's 2 engines.*1\.1\.0, installed is 1\.2",
    ):
        find_engine(checkpoint, root)
    (published(root, "cut", checkpoint, "2026-10-01") / "rank0.engine").unlink()
    with pytest.raises(
        CorruptEngineError, match=r"3 engines.*rank0\.engine is missing.*build again"
    ):
        find_engine(checkpoint, root)


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
        "import tensorrt_tts.backends.trtllm.backend, tensorrt_tts.backends.trtllm.opening;"
        "import tensorrt_tts.codecs.fixed_window"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT)


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
