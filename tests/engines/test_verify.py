"""`engines verify` through the double of TensorRT-LLM, with real models inside."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engines import verify_command
from engines.agreement import limits
from engines.cli import main
from engines.progress import Progress
from engines.verification import NAME, read_verification
from engines.verify import Size, spread, without
from engines.verify_command import Wanted, verify_backend, verify_engine
from engines.verify_prompts import SENTENCES, prompts
from tensorrt_tts.backends import reference_weights
from tensorrt_tts.backends.base import Finish, TokenChunk
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.engine_folder.device import Device
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.errors import (
    BackendError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
    EngineDiedError,
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
    SettingError,
)
from tensorrt_tts.families.orpheus.spec import SPECS
from tensorrt_tts.loading import BACKENDS
from tests.support import altered_models, fake_tensorrt_llm
from tests.support.engine_builds import A100
from tests.support.engine_of_model import Logits, ModelScript, write_engine
from tests.support.fake_tensorrt_llm import FakeLLM

LM, CODEC = demo_folder("lm"), str(demo_folder("codec"))
SIZE = Size(prompts=2, spoken=14, read=6, far_spoken=60, far=6, generated=5)
WANTED = Wanted(codec=CODEC, device="cpu", size=SIZE)


@pytest.fixture(scope="module")
def weights() -> Any:
    return reference_weights.load(LM)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    fake_tensorrt_llm.install(monkeypatch)
    monkeypatch.setattr(verify_command, "find_device", lambda: A100)
    monkeypatch.setattr("tensorrt_tts.backends.trtllm.opening.find_device", lambda: A100)
    return monkeypatch


@pytest.fixture(scope="module")
def logits(weights: Any) -> Callable[[altered_models.Alter], Logits]:
    """Of the demo voice, altered; one for each alteration."""
    return functools.cache(lambda alter: Logits(alter(weights)))


@pytest.fixture
def engine(
    installed: pytest.MonkeyPatch, tmp_path: Path, logits: Callable[[altered_models.Alter], Logits]
) -> Callable[..., Path]:
    """An engine folder of the demo voice, whose engine runs the model given."""

    def make(alter: altered_models.Alter = altered_models.fp16, **options: Any) -> Path:
        installed.setattr(FakeLLM, "script", ModelScript(logits(alter)))
        return write_engine(tmp_path / "engine", LM, **options)

    return make


def test_an_engine_that_says_what_its_weights_say(engine: Callable[..., Path]) -> None:
    folder = engine()
    verdict, found = verify_engine(folder, wanted=WANTED)
    assert verdict.same
    assert {name: group.ids for name, group in verdict.groups.items()} == {
        "read": 12,
        "far": 6,
        "generated": 10,
    }
    assert verdict.overlap == 1.0
    key = json.loads((folder / "manifest.json").read_text())["key"]
    assert read_verification(folder, key) == found
    assert read_verification(folder, "another build") is None
    assert "float32, cpu" in found.reference


@pytest.mark.parametrize("fault", ["rope base", "overflow", "head of the embedding"])
def test_one_line_and_a_code_for_another_language(
    engine: Callable[..., Path], installed: pytest.MonkeyPatch, capsys: Any, fault: str
) -> None:
    installed.setattr(verify_command, "Size", lambda prompts: SIZE)
    folder = engine(altered_models.BROKEN[fault])
    assert main(["verify", str(folder), "--codec", CODEC, "--device", "cpu"]) == 5
    out, err = capsys.readouterr()
    assert "too far apart" in out
    (line,) = [one for one in err.splitlines() if one.startswith("error: ")]
    assert line.startswith(f"error: '{folder}' speaks another language than its weights: ")
    assert json.loads((folder / NAME).read_text())["same"] is False


def test_one_line_for_the_same_language(
    engine: Callable[..., Path], installed: pytest.MonkeyPatch, capsys: Any
) -> None:
    installed.setattr(verify_command, "Size", lambda prompts: SIZE)
    folder = engine(altered_models.int8_kv, quant_algo="W8A16", kv_quant_algo="INT8")
    assert main(["verify", str(folder), "--codec", CODEC, "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith(f"'{folder}' speaks its weights' language: ")
    assert "mean gap 0.2;" in out  # what an 8-bit engine is held to


def test_of_another_checkpoint(engine: Callable[..., Path], tmp_path: Path) -> None:
    """An engine is compared with its own weights, or not at all."""
    folder = engine()
    other = tmp_path / "other"
    other.mkdir()
    for path in LM.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "generation_config.json").write_text("{}")
    with pytest.raises(EngineMismatchError, match="fingerprint"):
        verify_engine(folder, other, WANTED)


def test_an_engine_whose_checkpoint_is_elsewhere(engine: Callable[..., Path]) -> None:
    folder = engine()
    with pytest.raises(CheckpointNotFoundError, match="--checkpoint"):
        verify_engine(folder, Path("/vol/checkpoint"), WANTED)


@pytest.mark.parametrize(
    ("name", "said"), [("none", "none"), ("empty", "config.json"), ("half", "is not JSON")]
)
def test_what_is_no_engine_is_told_where_no_engine_can_run(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without tensorrt_llm, whose absence would else be all that is said."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{", encoding="utf-8")

    def absent() -> None:
        raise MissingDependencyError("tensorrt_llm")

    monkeypatch.setattr(verify_command, "installed_api", absent)
    with pytest.raises(EngineError, match=said):
        verify_engine(tmp_path / name, wanted=WANTED)


def test_an_engine_of_trtllm_build_needs_its_checkpoint_named(engine: Callable[..., Path]) -> None:
    folder = engine(manifest=False)
    with pytest.raises(CheckpointNotFoundError, match="no manifest"):
        verify_engine(folder, wanted=WANTED)
    assert verify_engine(folder, LM, WANTED)[0].same


def test_on_another_gpu_it_is_not_even_loaded(
    engine: Callable[..., Path], installed: pytest.MonkeyPatch
) -> None:
    other = Device("NVIDIA L4", 23034, A100.capability, "580")
    installed.setattr(verify_command, "find_device", lambda: other)
    with pytest.raises(EngineMismatchError, match="does not fit this machine"):
        verify_engine(engine(), wanted=WANTED)


def test_an_engine_that_takes_no_long_sequence_is_still_judged(engine: Callable[..., Path]) -> None:
    """Its longest sequence ends before the far half of the speech begins."""
    verdict, _ = verify_engine(engine(max_seq_len=100), wanted=WANTED)
    assert verdict.same
    assert "far" not in verdict.groups


class ShortReader(ReferenceBackend):
    """Reads fewer ids at once than it can hold, as an engine without chunked prefill."""

    error: Exception
    most = 60

    async def stream(self, prompt: Any, sampling: Any, request_id: str) -> Any:
        if len(prompt.ids) > self.most:
            raise self.error
        async for chunk in super().stream(prompt, sampling, request_id):
            yield chunk


def asked_of(backend: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[str]]:
    """The verdict on that backend, and what was noted on the way."""
    monkeypatch.setitem(BACKENDS, "vllm", lambda model, device, streams: backend)
    notes: list[str] = []
    progress = Progress()
    monkeypatch.setattr(progress, "note", notes.append)
    wanted = Wanted(codec=CODEC, device="cpu", size=SIZE)
    return verify_backend("vllm", str(LM), wanted, progress)[0], notes


@pytest.mark.parametrize("error", [SettingError("too long"), BackendError("exceeds 60 ids")])
def test_what_an_engine_can_read_is_compared(
    monkeypatch: pytest.MonkeyPatch, weights: Any, error: Exception
) -> None:
    """One position that is too long does not take the others with it."""
    backend = ShortReader(weights)
    longest = max(len(one.prompt) for one in prompts(LM, SIZE.prompts, CODEC))
    backend.error, backend.most = error, longest + 45
    verdict, notes = asked_of(backend, monkeypatch)
    assert verdict.same
    assert 0 < verdict.groups["far"].ids < SIZE.far
    assert notes == [f"not all was compared far into a sequence: {error}"]


def test_one_that_reads_nothing_far_says_so(monkeypatch: pytest.MonkeyPatch, weights: Any) -> None:
    backend = ShortReader(weights)
    longest = max(len(one.prompt) for one in prompts(LM, SIZE.prompts, CODEC))
    backend.error, backend.most = SettingError("too long"), longest + SIZE.spoken
    verdict, _ = asked_of(backend, monkeypatch)
    assert "far" not in verdict.groups
    assert "nothing was compared far into a sequence" in verdict.summary()


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_an_engine_that_ends_by_itself_is_not_judged_by_the_rest(
    monkeypatch: pytest.MonkeyPatch, weights: Any, keep: int
) -> None:
    """One that stops at its own end of speech, unasked, hides what it would have said."""

    class Stops(ReferenceBackend):
        async def stream(self, prompt: Any, sampling: Any, request_id: str) -> Any:
            short = replace(sampling, max_tokens=max(1, min(keep, sampling.max_tokens)))
            async for chunk in super().stream(prompt, short, request_id):
                yield chunk if keep else TokenChunk((), Finish.STOP)

    with pytest.raises(BackendError, match=r"said \d ids of \d+ after"):
        asked_of(Stops(weights), monkeypatch)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model.norm.weight", float("nan")),
        ("lm_head.weight", float("inf")),
        ("model.layers.0.mlp.down_proj.weight", float("nan")),
    ],
)
def test_a_checkpoint_that_computes_no_numbers_is_named(
    tmp_path: Path, name: str, value: float
) -> None:
    """The reference cannot judge by those, and the engine is not to blame."""
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(LM, tmp_path / "lm")
    tensors = load_file(folder / "model.safetensors")
    tensors[name].view(-1)[0] = value
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CorruptCheckpointError, match="itself computes NaN or infinity"):
        verify_backend("vllm", str(folder), WANTED)


@pytest.mark.parametrize("kv", ["INT8", "FP8", "NVFP4", "W4A8_something"])
def test_a_cache_of_any_kind(engine: Callable[..., Path], kv: str) -> None:
    """trtllm-build knows more of them than this toolkit."""
    folder = engine(altered_models.int8_kv, manifest=False, kv_quant_algo=kv)
    assert verify_engine(folder, LM, WANTED)[0].allowed == limits(Format.parse("fp16+kv-fp8"))


def test_an_engine_that_dies_says_so(
    engine: Callable[..., Path], installed: pytest.MonkeyPatch
) -> None:
    folder = engine()
    installed.setattr(FakeLLM, "manners", fake_tensorrt_llm.Manners(dies_after=3))
    with pytest.raises(EngineDiedError):
        verify_engine(folder, wanted=WANTED)
    assert not (folder / NAME).exists()


def test_without_tensorrt_llm(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="tensorrt_llm"):
        verify_engine(write_engine(tmp_path / "engine", LM), wanted=WANTED)


@pytest.mark.parametrize(("alter", "same"), [("bf16", True), ("layer order", False)])
def test_another_backend_on_a_checkpoint(
    monkeypatch: pytest.MonkeyPatch, weights: Any, alter: str, same: bool
) -> None:
    alters = {**altered_models.ROUNDED, **altered_models.BROKEN}
    monkeypatch.setitem(
        BACKENDS,
        "vllm",
        lambda model, device, streams: ReferenceBackend(alters[alter](weights)),
    )
    wanted = Wanted(codec=CODEC, device="cpu", size=SIZE)
    assert verify_backend("vllm", str(LM), wanted)[0].same is same


def test_a_cut_vocabulary(tmp_path: Path) -> None:
    """A checkpoint of the audio ids alone, which says no id of the text."""
    from engines.vocabulary import cut, kept_ids
    from tensorrt_tts.loading import load_model

    model = load_model("demo")
    cut(model.folder, kept_ids(model.family.grammar), tmp_path / "cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKENDS, "vllm", lambda m, d, s: ReferenceBackend.from_folder(m.folder, d))
        verdict, _ = verify_backend("vllm", str(tmp_path / "cut"), WANTED)
    assert verdict.same
    assert verdict.overlap == 1.0


def test_prompts_are_the_models_own_in_the_languages_of_its_voices() -> None:
    asked = prompts(LM, 3, CODEC)
    assert len({tuple(one.prompt) for one in asked}) == 3
    assert all(one.sampling.grammar.cycle and not one.sampling.grammar.stops for one in asked)
    assert {voice.language for spec in SPECS.values() for voice in spec.voices} == set(SENTENCES)


def test_spark_is_asked_in_the_form_of_its_calibration(tmp_path: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    names = ["<unk>", *map(chr, range(32, 127))]
    names += ["<|task_tts|>", "<|start_content|>", "<|end_content|>", "<|start_global_token|>"]
    names += ["<|end_global_token|>", "<|start_semantic_token|>"]
    names += [f"<|bicodec_global_{n}|>" for n in range(4096)]
    names += [f"<|bicodec_semantic_{n}|>" for n in range(8192)]
    tokenizer = Tokenizer(
        models.WordLevel({name: n for n, name in enumerate(names)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.add_special_tokens([AddedToken(n, normalized=False) for n in names if len(n) > 5])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (one,) = prompts(tmp_path, 1)
    text = [names[token] for token in one.prompt]
    assert (text[0], text[-1]) == ("<|task_tts|>", "<|start_semantic_token|>")
    assert sum(part.startswith("<|bicodec_global_") for part in text) == 32
    assert names[one.sampling.grammar.cycle[0][-1]] == "<|bicodec_semantic_8191|>"


def test_positions_are_spread_and_include_both_ends() -> None:
    assert spread(0, 84, 20)[0] == 0
    assert spread(0, 84, 20)[-1] == 84
    assert len(spread(0, 84, 20)) == 20
    assert spread(3, 4, 10) == [3, 4]
    assert spread(5, 5, 10) == [5]


def test_ids_named_already_are_left_out() -> None:
    assert without((range(6), range(9, 11)), [0, 3, 10]) == (
        range(1, 3),
        range(4, 6),
        range(9, 10),
    )
    torch.manual_seed(0)
    forbidden = torch.randperm(50)[:5].tolist()
    left = [token for ids in without((range(50),), forbidden) for token in ids]
    assert sorted(left + forbidden) == list(range(50))
