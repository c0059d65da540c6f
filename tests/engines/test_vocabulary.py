"""A cut checkpoint against masking the whole one: same distribution, same tokens, same audio."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engines.cli import main as engines
from engines.cli import planned
from engines.recipe import model_recipes
from engines.vocabulary import cut, kept_ids
from tensorrt_tts.backends.base import Prompt, Sampling
from tensorrt_tts.backends.prompt_embedding import PROMPT_FILE, PromptEmbedding
from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary, refuse_audio_vocabulary
from tensorrt_tts.backends.reference import ReferenceBackend
from tensorrt_tts.engine_folder.checkpoint import EMBEDDING, HEAD
from tensorrt_tts.errors import (
    CheckpointError,
    CorruptCheckpointError,
    EngineError,
    SettingError,
)
from tensorrt_tts.families.spark.prompt import grammar
from tensorrt_tts.families.spark.spec import INDIC, SPARK
from tensorrt_tts.loading import load_model
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.tiny_bicodec import tiny_codec
from tests.support.tiny_orpheus import tiny_model_folders
from tests.support.tiny_spark import write_spark
from tests.tensorrt_tts.families.spark.spark_tokens import resolved
from tests.tensorrt_tts.test_spark import SPEAKERS, VOICES


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
        refuse_audio_vocabulary(narrow)
    refuse_audio_vocabulary(whole.folder)


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


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> tuple[SpeechModel, SpeechModel]:
    """A tiny Spark with voices of every kind, whole and cut by the command."""
    root = tmp_path_factory.mktemp("spark")
    folder = write_spark(root / "whole", speakers=SPEAKERS)
    codec = ["--codec", str(folder / "BiCodec")]
    asked = ["cut", str(folder / "LLM"), str(root / "cut"), *codec, "--spec", "spark"]
    assert engines(asked) == 0
    return load_model(str(folder), spec="spark"), load_model(
        str(root / "cut"), str(folder / "BiCodec"), "spark"
    )


def test_spark_keeps_its_voices_and_what_any_of_them_may_emit(
    spark: tuple[SpeechModel, SpeechModel],
) -> None:
    whole, narrow = spark
    assert [voice.name for voice in narrow.spec.voices] == VOICES
    vocabulary = AudioVocabulary.read(narrow.folder)
    assert vocabulary is not None
    assert vocabulary.size == 1 + 8192 + 4096 + 1001 + 11 + 4 + 2
    assert vocabulary.full_size == whole.family.tokenizer.size
    config = json.loads((narrow.folder / "config.json").read_text())
    assert config["vocab_size"] == vocabulary.size


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("temperature", [0.0, 0.8])
async def test_spark_says_the_same_with_the_cut_head(
    spark: tuple[SpeechModel, SpeechModel], name: str, temperature: float
) -> None:
    """Every kind of voice, over several segments, which carry the speaker on: the same ids."""
    text = "The first sentence is quite long enough to stand here alone. " * 6
    request = SpeechRequest(
        text, name, seed=4, max_tokens=60, temperature=temperature, repetition_penalty=1.2
    )
    found = []
    for model in spark:
        backend, codec = ReferenceBackend.from_folder(model.folder), tiny_codec()
        synthesizer = Synthesizer(model, backend, codec)
        found.append([ids for _, ids in await synthesizer.generate_segments(request)])
        await synthesizer.close()
    assert found[0] == found[1]
    assert len(found[0]) > 1


def test_spark_logits_of_legal_ids_are_the_same(spark: tuple[SpeechModel, SpeechModel]) -> None:
    from transformers import AutoModelForCausalLM

    whole, narrow = spark
    full, small = (
        AutoModelForCausalLM.from_pretrained(model.folder, dtype=torch.float32).eval()
        for model in spark
    )
    prompts = PromptEmbedding.open(narrow.folder)
    assert prompts is not None
    vocabulary, prompt = prompts.vocabulary, prompt_of(whole)
    emitted = [ids[0] for ids in whole.family.grammar.prefix] + [whole.family.tokens.semantics[5]]
    with torch.inference_mode():
        expected = full(input_ids=torch.tensor([prompt + emitted])).logits[0, len(prompt) - 1 :]
        rows = small.get_input_embeddings().weight[vocabulary.narrow_all(emitted)]
        ours = small(inputs_embeds=torch.cat((prompts.rows(prompt), rows))[None]).logits
    kept = [token for ids in vocabulary.kept for token in ids]
    found = ours[0, len(prompt) - 1 :, 1:]
    torch.testing.assert_close(found, expected[:, kept], atol=1e-5, rtol=1e-5)


def test_the_planner_counts_what_is_kept() -> None:
    """By the released tokenizer's ids: a third of the bytes of a step, before and after."""
    tokens = resolved()
    voices = {voice.name: grammar(tokens, voice) for voice in (*SPARK.voices, *INDIC.voices)}
    released, by_name = (sum(map(len, kept_ids(voices[name]))) for name in ("female", "Mitra"))
    recipe = model_recipes("spark-0.5b")
    assert (released, by_name) == (recipe.legal_ids, 12_292) == (13_306, 12_292)
    plan = planned("spark-0.5b", "l4")
    before, after = plan.full_head.bytes_per_token, plan.audio_head.bytes_per_token
    assert (plan.full_head.rows, plan.audio_head.rows) == (166_000, released)
    assert before - after == 2 * 896 * (166_000 - released)
    assert before / after == pytest.approx(1.37, abs=0.01)
