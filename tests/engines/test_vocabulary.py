"""A cut checkpoint against masking the whole one: same distribution, same tokens, same audio."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engines.vocabulary import cut, kept_ids, spark_kept
from tensorrt_tts.backends.base import Prompt, Sampling
from tensorrt_tts.backends.prompt_embedding import PROMPT_FILE, PromptEmbedding
from tensorrt_tts.backends.pruned_vocabulary import refuse_audio_vocabulary
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.engine_folder.checkpoint import EMBEDDING, HEAD
from tensorrt_tts.errors import (
    CheckpointError,
    CorruptCheckpointError,
    EngineError,
    SettingError,
)
from tensorrt_tts.loading import load_model
from tensorrt_tts.speech_model import SpeechModel
from tests.support.tiny_orpheus import tiny_model_folders


@pytest.fixture(scope="module")
def whole() -> SpeechModel:
    folder, codec = tiny_model_folders()
    return load_model(str(folder), codec=str(codec))


@pytest.fixture(scope="module")
def narrow(whole: SpeechModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut") / "lm"
    cut(whole.folder, kept_ids(whole.family.grammar), folder)
    return folder


def prompt_of(model: SpeechModel, text: str = "Hello there.") -> list[int]:
    return list(model.family.prompt(text, model.spec.voice(None)).ids)


def tied_copy(model: SpeechModel, folder: Path) -> Path:
    """As Orpheus ships it: tied by its config, with a head in the file all the same."""
    shutil.copytree(model.folder, folder)
    path = folder / "model.safetensors"
    weights = load_file(path)
    weights[EMBEDDING] = weights[HEAD].clone()
    save_file(weights, path, metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    return folder


def test_two_heads_are_refused(whole: SpeechModel, tmp_path: Path) -> None:
    """Tied by the config, two tensors in the file: releases of transformers disagree on it."""
    folder = tied_copy(whole, tmp_path / "tied")
    weights = load_file(folder / "model.safetensors")
    weights[HEAD] = weights[HEAD] + 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptCheckpointError, match="two different ones"):
        cut(folder, kept_ids(whole.family.grammar), tmp_path / "out")


@pytest.mark.parametrize("tied", [False, True])
def test_logits_of_legal_ids_are_the_same(
    whole: SpeechModel, narrow: Path, tmp_path: Path, tied: bool
) -> None:
    from transformers import AutoModelForCausalLM

    source, ours = whole.folder, narrow
    if tied:
        source, ours = tied_copy(whole, tmp_path / "tied"), tmp_path / "tied-cut"
        cut(source, kept_ids(whole.family.grammar), ours)
    full = AutoModelForCausalLM.from_pretrained(source).eval()
    small = AutoModelForCausalLM.from_pretrained(ours).eval()
    prompts = PromptEmbedding.open(ours)
    assert prompts is not None
    vocabulary = prompts.vocabulary
    assert small.lm_head.weight.shape[0] == vocabulary.size < full.lm_head.weight.shape[0]
    prompt = prompt_of(whole)
    emitted = [whole.family.tokens.audio_id(p % 7, (p * 7) % 40) for p in range(15)]
    with torch.inference_mode():
        expected = full(input_ids=torch.tensor([prompt + emitted])).logits[0, len(prompt) - 1 :]
        embedded = torch.cat(
            (
                prompts.rows(prompt),
                small.get_input_embeddings().weight[vocabulary.narrow_all(emitted)],
            )
        )
        ours_logits = small(inputs_embeds=embedded[None]).logits[0, len(prompt) - 1 :]
    kept = [token for ids in vocabulary.kept for token in ids]
    torch.testing.assert_close(ours_logits[:, 1:], expected[:, kept], atol=1e-5, rtol=1e-5)


@pytest.fixture
async def backends(
    whole: SpeechModel, narrow: Path
) -> AsyncIterator[tuple[ReferenceBackend, ReferenceBackend]]:
    pair = ReferenceBackend.from_folder(whole.folder), ReferenceBackend.from_folder(narrow)
    yield pair
    for backend in pair:
        await backend.close()


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
async def test_reference_backend_samples_the_same_tokens(
    whole: SpeechModel,
    backends: tuple[ReferenceBackend, ReferenceBackend],
    strict: bool,
    temperature: float,
) -> None:
    """Also with the penalty, which counts prompt ids: the prompt holds one of the stops."""
    tokens = whole.family.tokens
    sampling = Sampling(
        60,
        temperature,
        top_p=0.9,
        repetition_penalty=1.3,
        seed=11,
        grammar=tokens.grammar(strict),
    )
    prompt = prompt_of(whole)
    assert set(prompt) & set(tokens.stop_ids)
    results = []
    for backend in backends:
        chunks = [chunk async for chunk in backend.stream(Prompt(tuple(prompt)), sampling, "a")]
        ids = [token for chunk in chunks for token in chunk.ids]
        results.append((ids, chunks[-1].finish))
    assert results[0] == results[1]
    assert len(results[0][0]) > 7


def test_folder_loads_as_a_speech_model(whole: SpeechModel, narrow: Path) -> None:
    again = load_model(str(narrow), codec=str(whole.codec_folder))
    assert again.family.tokens == whole.family.tokens
    assert prompt_of(again) == prompt_of(whole)


def test_head_and_embedding_shrink_and_nothing_else_changes(
    whole: SpeechModel, narrow: Path
) -> None:
    before = load_file(whole.folder / "model.safetensors")
    index = json.loads((narrow / "model.safetensors.index.json").read_text())
    after = {name: load_file(narrow / file)[name] for name, file in index["weight_map"].items()}
    assert after.keys() == before.keys()
    for name, tensor in after.items():
        if name not in (EMBEDDING, HEAD):
            assert torch.equal(tensor, before[name])
    assert after[HEAD].shape == (7 * 40 + 3 + 1, before[HEAD].shape[1])
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in after.values())
    # A loader that takes every .safetensors of the folder must not find the prompt's rows.
    assert {path.name for path in narrow.glob("*.safetensors")} == set(index["weight_map"].values())


def test_refusals(whole: SpeechModel, narrow: Path, tmp_path: Path) -> None:
    kept = kept_ids(whole.family.grammar)
    with pytest.raises(SettingError, match="exists"):
        cut(whole.folder, kept, narrow)
    with pytest.raises(SettingError, match="cut already"):
        cut(narrow, kept, tmp_path / "again")
    with pytest.raises(SettingError, match="within the vocabulary"):
        cut(whole.folder, [range(10**6)], tmp_path / "far")
    assert list(tmp_path.glob("*")) == []
    with pytest.raises(EngineError, match=r"cut vocabulary.*vllm or reference"):
        refuse_audio_vocabulary(narrow, "TensorRT-LLM")
    refuse_audio_vocabulary(whole.folder, "TensorRT-LLM")


def config_of(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"quantization_config": {"quant_method": "awq"}}, "quantised already"),
        ({"vocab_size": 100}, r"embed_tokens\.weight has shape"),
        ({"num_hidden_layers": 3}, "no tensor"),
        ({"num_key_value_heads": None, "num_attention_heads": 4}, "has shape"),
        ({"architectures": ["GPT2LMHeadModel"]}, "not supported"),
    ],
)
def test_what_a_plan_refuses_is_not_cut(
    whole: SpeechModel, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    folder = shutil.copytree(whole.folder, tmp_path / "copy")
    config_of(folder, **changes)
    with pytest.raises(CheckpointError, match=says):
        cut(folder, kept_ids(whole.family.grammar), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["{", "", "[]", "null", '"temperature"'])
def test_a_damaged_generation_config_is_named(
    whole: SpeechModel, tmp_path: Path, text: str
) -> None:
    folder = shutil.copytree(whole.folder, tmp_path / "copy")
    (folder / "generation_config.json").write_text(text)
    with pytest.raises(CorruptCheckpointError, match=r"generation_config\.json"):
        cut(folder, kept_ids(whole.family.grammar), tmp_path / "cut")
    assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b""])
def test_a_damaged_config_is_named(whole: SpeechModel, tmp_path: Path, content: bytes) -> None:
    folder = shutil.copytree(whole.folder, tmp_path / "copy")
    (folder / "config.json").write_bytes(content)
    with pytest.raises(CorruptCheckpointError, match=r"config\.json"):
        cut(folder, kept_ids(whole.family.grammar), tmp_path / "cut")


@pytest.mark.parametrize("other", ["model-q4.gguf", "pytorch_model.bin", "consolidated.00.pth"])
def test_weights_of_another_kind_are_named(whole: SpeechModel, tmp_path: Path, other: str) -> None:
    """As the planner names them."""
    folder = shutil.copytree(whole.folder, tmp_path / "copy")
    (folder / "model.safetensors").rename(folder / other)
    with pytest.raises(CheckpointError, match=f"keeps its weights in {other}"):
        cut(folder, kept_ids(whole.family.grammar), tmp_path / "cut")


def test_a_head_that_would_not_shrink(whole: SpeechModel, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"of 373 rows is no smaller than the whole one of 372"):
        cut(whole.folder, [range(372)], tmp_path / "out")


def test_damaged_prompt_embedding(narrow: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(narrow, folder)
    (folder / PROMPT_FILE).write_bytes(b"cut short")
    with pytest.raises(CorruptCheckpointError, match="cut the checkpoint again"):
        ReferenceBackend.from_folder(folder)
    save_file({"weight": torch.zeros(3, 2)}, folder / PROMPT_FILE)
    with pytest.raises(CorruptCheckpointError, match="3 rows"):
        PromptEmbedding.open(folder)


def test_prompt_beyond_the_vocabulary(narrow: Path) -> None:
    prompts = PromptEmbedding.open(narrow)
    assert prompts is not None
    with pytest.raises(SettingError, match="beyond the vocabulary"):
        prompts.rows([10**6])


def test_spark_ranges() -> None:
    """Ids of the released tokenizer, by name."""
    ids = {
        "<|bicodec_global_0|>": 151665,
        "<|bicodec_global_4095|>": 155760,
        "<|bicodec_semantic_0|>": 155761,
        "<|bicodec_semantic_8191|>": 163952,
        "<|end_global_token|>": 165156,
        "<|start_semantic_token|>": 165151,
        "<|end_semantic_token|>": 165157,
        "<|im_end|>": 151645,
    }
    kept = spark_kept(ids.get)
    assert kept[:2] == (range(155761, 163953), range(151665, 155761))
    assert sum(map(len, kept)) == 8192 + 4096 + 4
    with pytest.raises(CorruptCheckpointError, match="im_end"):
        spark_kept({**ids, "<|im_end|>": None}.get)
    with pytest.raises(CorruptCheckpointError, match="not consecutive"):
        spark_kept({**ids, "<|bicodec_global_4095|>": 9}.get)
