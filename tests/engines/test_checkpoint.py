import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from engines.checkpoint import describe, resolve
from engines.recipe import model_recipes
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.checkpoint import weight_files
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
)
from tests.support.engine_builds import change_tensors, edit

ORPHEUS = model_recipes("orpheus-3b")
Q_PROJ = "model.layers.1.self_attn.q_proj.weight"
HEAD = "lm_head.weight"
EMBEDDING = "model.embed_tokens.weight"


def test_no_weights(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointNotFoundError, match=r"no \.safetensors files"):
        weight_files(copy)


def test_a_missing_shard(copy):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CorruptCheckpointError, match=r"model-00002\.safetensors, which is missing"):
        weight_files(copy)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("{}", "weight_map is missing"),
        ("[1]", "the content is .1., not an object"),
        ('{"weight_map": [1]}', "weight_map is .1., not an object"),
    ],
)
def test_an_unreadable_index(copy, text, says):
    (copy / "model.safetensors.index.json").write_text(text)
    with pytest.raises(CorruptCheckpointError, match=rf"index\.json'.* {says}.*; download"):
        weight_files(copy)


# One description, for the plan, the build and the check


def test_describe_a_whole_checkpoint(checkpoint):
    assert describe(checkpoint, ORPHEUS) == read_architecture(checkpoint)


def test_a_plan_needs_neither_weights_nor_tokenizer(copy):
    (copy / "model.safetensors").unlink()
    (copy / "tokenizer.json").unlink()
    edit(copy, vocab_size=156940)
    assert describe(copy, ORPHEUS).vocab_size == 156940


@pytest.mark.parametrize("size", [128256, 156937, 32000])
def test_a_vocabulary_without_audio_ids(copy, size):
    (copy / "model.safetensors").unlink()
    (copy / "tokenizer.json").unlink()
    edit(copy, vocab_size=size)
    with pytest.raises(
        CorruptCheckpointError, match=rf"vocab_size {size} does not hold .* which end at 156938"
    ):
        describe(copy, ORPHEUS)


def test_a_vocabulary_smaller_than_its_own_tokenizer_names(copy):
    size = read_architecture(copy).vocab_size
    (copy / "model.safetensors").unlink()
    edit(copy, vocab_size=size - 1)
    with pytest.raises(CorruptCheckpointError, match=f"which end at {size}"):
        describe(copy, ORPHEUS)


def test_a_text_model(copy):
    """The tokenizer of the Llama that the speech model began as."""
    document = json.loads((copy / "tokenizer.json").read_text())
    document["added_tokens"] = document["added_tokens"][:2]
    (copy / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(CorruptCheckpointError, match=r"lacks '<custom_token_10>'.*for speech"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"vocab_size": 30000}, rf"{EMBEDDING} has shape \[\d+, 128\].*makes it \[30000, 128\]"),
        ({"hidden_size": 256}, rf"{EMBEDDING} has shape"),
        ({"head_dim": 32}, r"q_proj\.weight has shape \[128, 128\].*makes it \[64, 128\]"),
        ({"num_key_value_heads": 2}, r"k_proj\.weight has shape"),
        ({"num_key_value_heads": "absent"}, r"k_proj\.weight has shape"),
        ({"intermediate_size": 64}, r"gate_proj\.weight has shape"),
        ({"num_hidden_layers": 3}, r"no tensor 'model\.layers\.2\."),
        ({"num_hidden_layers": 1}, "holds 2 layers, config.json says num_hidden_layers 1"),
        ({"tie_word_embeddings": False}, r"no tensor 'lm_head\.weight'.*tie_word_embeddings"),
    ],
)
def test_a_config_of_other_weights(copy, changes, says):
    edit(copy, **changes)
    with pytest.raises(CorruptCheckpointError, match=says):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    "name", [Q_PROJ, EMBEDDING, "model.norm.weight", "model.layers.0.input_layernorm.weight"]
)
def test_missing_tensors(copy, name):
    change_tensors(copy, lambda tensors: tensors.pop(name))
    with pytest.raises(CorruptCheckpointError, match=f"no tensor '{name}'"):
        describe(copy, ORPHEUS)


def test_biases_that_are_missing(copy):
    edit(copy, attention_bias=True)
    with pytest.raises(CorruptCheckpointError, match=r"no tensor '.*\.self_attn\.q_proj\.bias'"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    "name",
    ["pytorch_model.bin", "pytorch_model-1-of-2.bin", "consolidated.00.pth", "a.gguf"],
)
def test_weights_of_another_format(copy, name):
    (copy / "model.safetensors").rename(copy / name)
    with pytest.raises(CheckpointError, match=rf"keeps its weights in {name}.*save it again"):
        describe(copy, ORPHEUS)


def test_an_index_whose_files_were_not_downloaded(copy):
    index = {"weight_map": {EMBEDDING: "model.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    (copy / "model.safetensors").unlink()
    (copy / "training_args.bin").write_text("no weights")
    with pytest.raises(CheckpointNotFoundError, match="download it completely"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32])
def test_quantised_tensors_without_a_word_in_the_config(copy, dtype):
    change_tensors(copy, lambda tensors: tensors.update({Q_PROJ: tensors[Q_PROJ].astype(dtype)}))
    with pytest.raises(CheckpointError, match=rf"quantised already: {Q_PROJ} is of type"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_damaged_tokenizer_file(copy, name, text):
    (copy / name).write_text(text)
    with pytest.raises(
        CorruptCheckpointError, match=rf"{name}'.* (is not JSON|not an object).*; download"
    ):
        describe(copy, ORPHEUS)


def test_damaged_weights(copy):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CorruptCheckpointError, match=r"model\.safetensors' cannot be loaded"):
        describe(copy, ORPHEUS)


def test_weights_that_are_a_pointer(copy):
    (copy / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(CorruptCheckpointError, match="git lfs pull"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.q_norm.weight",  # Qwen3's, whose config says Llama
        "model.layers.1.self_attn.q_proj.bias",  # Qwen2's
        "model.layers.0.self_attn.o_proj.bias",
        "lm_head.bias",
        "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
        "model.layers.0.mlp.gate.weight",  # a router of experts
    ],
)
def test_a_tensor_that_an_engine_would_leave_out(copy, name):
    change_tensors(copy, lambda tensors: tensors.update({name: np.ones(4, np.float16)}))
    with pytest.raises(CorruptCheckpointError, match=f"holds {name}, which a LlamaForCausalLM"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("model.layers.0.self_attn.rotary_emb.inv_freq", np.float32),
        ("model.rotary_emb.inv_freq", np.float16),
        ("model.embed_positions", np.int64),
        ("model.causal_mask", np.bool_),
    ],
)
def test_what_old_releases_stored_beside_the_weights(copy, name, dtype):
    change_tensors(copy, lambda tensors: tensors.update({name: np.ones(4, dtype)}))
    assert describe(copy, ORPHEUS) == read_architecture(copy)


def test_a_llama_with_biases_has_four_of_them(copy):
    """As transformers makes it: `attention_bias` is the output projection's too."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = json.loads((copy / "config.json").read_text()) | {"attention_bias": True}
    for name in ("architectures", "model_type"):
        config.pop(name)
    model = LlamaForCausalLM(LlamaConfig(**config))
    model.save_pretrained(copy)
    shape = describe(copy, ORPHEUS)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert shape.layer_weights + shape.small_weights + shape.head_weights == counted
    change_tensors(copy, lambda tensors: tensors.pop("model.layers.1.self_attn.o_proj.bias"))
    with pytest.raises(CorruptCheckpointError, match=r"o_proj\.bias"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    "name", ["consolidated.safetensors", "adapter.safetensors", "a.safetensors"]
)
def test_the_file_that_transformers_loads(copy, name):
    """Without an index that is model.safetensors, whatever else was left in the folder."""
    save_file({"tok_embeddings.weight": np.ones((4, 4), np.float16)}, copy / f"{name}.safetensors")
    assert [path.name for path in weight_files(copy)] == ["model.safetensors"]
    assert describe(copy, ORPHEUS) == read_architecture(copy)


@pytest.mark.parametrize("whole", [True, False])
def test_an_adapter_is_no_model(copy, whole):
    (copy / "adapter_config.json").write_text("{}")
    if not whole:
        (copy / "config.json").unlink()
        (copy / "model.safetensors").rename(copy / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match=r"LoRA adapter.*merge_and_unload"):
        describe(copy, ORPHEUS)


def test_resolve(checkpoint, tmp_path):
    assert resolve(str(checkpoint)) == checkpoint
    (tmp_path / "LLM").mkdir()
    assert resolve(str(tmp_path), subfolder="LLM") == tmp_path / "LLM"
    with pytest.raises(CheckpointNotFoundError, match="no folder"):
        resolve(str(tmp_path / "none"))
