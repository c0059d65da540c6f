import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engines.architecture import read_architecture
from engines.checkpoint import describe, prepare, resolve, weight_files
from engines.recipe import model_recipes
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
)

ORPHEUS = model_recipes("orpheus-3b")
Q_PROJ = "model.layers.1.self_attn.q_proj.weight"
HEAD = "lm_head.weight"
EMBEDDING = "model.embed_tokens.weight"

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def _edit(folder, name="config.json", **changes):
    path = folder / name
    raw = json.loads(path.read_text()) if path.is_file() else {}
    raw = {key: value for key, value in {**raw, **changes}.items() if value != "absent"}
    path.write_text(json.dumps(raw))


def _tensors(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_no_weights(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointNotFoundError, match=r"no \.safetensors files"):
        weight_files(copy)


def test_a_missing_shard(copy):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CorruptCheckpointError, match=r"model-00002\.safetensors, which is missing"):
        weight_files(copy)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"weight_map": [1]}'])
def test_an_unreadable_index(copy, text):
    (copy / "model.safetensors.index.json").write_text(text)
    with pytest.raises(CorruptCheckpointError, match=r"index\.json cannot be read"):
        weight_files(copy)


# One description, for the plan, the build and the check


def test_describe_a_whole_checkpoint(checkpoint):
    assert describe(checkpoint, ORPHEUS) == read_architecture(checkpoint)


def test_a_plan_needs_neither_weights_nor_tokenizer(copy):
    (copy / "model.safetensors").unlink()
    (copy / "tokenizer.json").unlink()
    _edit(copy, vocab_size=156940)
    assert describe(copy, ORPHEUS).vocab_size == 156940


@pytest.mark.parametrize("size", [128256, 156937, 32000])
def test_a_vocabulary_without_audio_ids(copy, size):
    (copy / "model.safetensors").unlink()
    (copy / "tokenizer.json").unlink()
    _edit(copy, vocab_size=size)
    with pytest.raises(
        CorruptCheckpointError, match=rf"vocab_size {size} does not hold .* which end at 156938"
    ):
        describe(copy, ORPHEUS)


def test_a_vocabulary_smaller_than_its_own_tokenizer_names(copy):
    size = read_architecture(copy).vocab_size
    (copy / "model.safetensors").unlink()
    _edit(copy, vocab_size=size - 1)
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
    _edit(copy, **changes)
    with pytest.raises(CorruptCheckpointError, match=says):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize(
    "name", [Q_PROJ, EMBEDDING, "model.norm.weight", "model.layers.0.input_layernorm.weight"]
)
def test_missing_tensors(copy, name):
    _tensors(copy, lambda tensors: tensors.pop(name))
    with pytest.raises(CorruptCheckpointError, match=f"no tensor '{name}'"):
        describe(copy, ORPHEUS)


def test_biases_that_are_missing(copy):
    _edit(copy, attention_bias=True)
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
    _tensors(copy, lambda tensors: tensors.update({Q_PROJ: tensors[Q_PROJ].astype(dtype)}))
    with pytest.raises(CheckpointError, match=rf"quantised already: {Q_PROJ} is of type"):
        describe(copy, ORPHEUS)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_damaged_tokenizer_file(copy, name, text):
    (copy / name).write_text(text)
    with pytest.raises(CorruptCheckpointError, match=rf"{name} cannot be read"):
        describe(copy, ORPHEUS)


def test_damaged_weights(copy):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CorruptCheckpointError, match=r"model\.safetensors cannot be read"):
        describe(copy, ORPHEUS)


# The same model as transformers 4 and TensorRT-LLM read it


def _prepared(folder, target, untie=False):
    prepare(folder, read_architecture(folder), target, untie)
    return json.loads((target / "config.json").read_text())


def _weights(folder):
    """All tensors as a loader sees them: every .safetensors file of the folder."""
    found = {}
    for path in folder.glob("*.safetensors"):
        found |= load_file(path)
    index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    assert index.keys() == found.keys()
    return found


@pytest.mark.parametrize("untie", [False, True])
def test_prepare(checkpoint, tmp_path, untie):
    target = tmp_path / "prepared"
    config = _prepared(checkpoint, target, untie)
    before, after = load_file(checkpoint / "model.safetensors"), _weights(target)
    assert set(after) == {*before, HEAD} if untie else set(before)
    for name, tensor in before.items():
        np.testing.assert_array_equal(after[name], tensor)
    if untie:
        np.testing.assert_array_equal(after[HEAD], before[EMBEDDING])
    assert config["tie_word_embeddings"] is not untie
    assert (target / "tokenizer.json").read_bytes() == (checkpoint / "tokenizer.json").read_bytes()
    shape = read_architecture(checkpoint)
    assert read_architecture(target) == shape.model_copy(
        update={"tie_word_embeddings": not untie, "head_dim": shape.head_size}
    )
    assert weight_files(target)  # what the converters read


def test_prepare_keeps_a_head_of_its_own(copy, tmp_path):
    def store(tensors):
        tensors[HEAD] = tensors[EMBEDDING] + 1

    _tensors(copy, store)
    _edit(copy, tie_word_embeddings=False)
    _prepared(copy, tmp_path / "prepared", untie=True)
    kept = _weights(tmp_path / "prepared")[HEAD]
    np.testing.assert_array_equal(kept, load_file(copy / "model.safetensors")[HEAD])


def test_files_that_the_index_does_not_name_stay_out(copy, tmp_path):
    """An adapter, or the original's consolidated weights: the converters would read them too."""
    names = load_file(copy / "model.safetensors")
    index = {"weight_map": dict.fromkeys(names, "model.safetensors")}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({"adapter": np.zeros(1, np.float32)}, copy / "adapter_model.safetensors")
    _prepared(copy, tmp_path / "prepared")
    assert "adapter" not in _weights(tmp_path / "prepared")


def test_a_tied_head_that_is_another_one(copy, tmp_path):
    def store(tensors):
        tensors[HEAD] = tensors[EMBEDDING].copy()

    _tensors(copy, store)
    _prepared(copy, tmp_path / "prepared")  # as the released Orpheus files are

    def change(tensors):
        tensors[HEAD][5] += 1

    _tensors(copy, change)
    with pytest.raises(CorruptCheckpointError, match="stores two different ones"):
        _prepared(copy, tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("new", "theta", "scaling"),
    [
        ({"rope_theta": 5e5, **LLAMA3}, 5e5, LLAMA3),
        ({"rope_theta": 1e6, "rope_type": "default"}, 1e6, None),
        (
            {"rope_theta": 2e4, "rope_type": "linear", "factor": 2.0},
            2e4,
            {"rope_type": "linear", "factor": 2.0},
        ),
        ({"full_attention": {"rope_theta": 3e4, "rope_type": "default"}}, 3e4, None),
        ({"rope_type": "default"}, 1e4, None),
    ],
)
def test_rope_as_transformers_5_writes_it(copy, tmp_path, new, theta, scaling):
    _edit(copy, rope_parameters=new, dtype="bfloat16")
    config = _prepared(copy, tmp_path / "prepared")
    assert config["rope_theta"] == theta
    assert config.get("rope_scaling") == scaling
    assert config["torch_dtype"] == "bfloat16"
    assert not {"rope_parameters", "dtype", "layer_types"} & set(config)


def test_what_transformers_4_leaves_out_is_written_out(copy, tmp_path):
    _edit(copy, architectures="absent", head_dim="absent", num_key_value_heads=1, auto_map={"a": 1})
    config = _prepared(copy, tmp_path / "prepared")
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["model_type"] == "llama"
    assert config["head_dim"] == 64
    assert "auto_map" not in config  # code of the checkpoint's own is never run


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            {
                "tokenizer_class": "TokenizersBackend",
                "backend": "tokenizers",
                "bos_token": "<|begin_of_text|>",
                "eos_token": "<|eot_id|>",
                "extra_special_tokens": ["<custom_token_0>"],
            },
            ("<|eot_id|>", "<|eot_id|>"),
        ),
        ({"tokenizer_class": "Qwen2Tokenizer", "pad_token": "<unk>"}, ("<unk>", "<unk>")),
        ({"eos_token": {"content": "<|eot_id|>", "lstrip": False}}, ("<|eot_id|>", "<|eot_id|>")),
        ({"eos_token": "<|not in the vocabulary|>"}, ("<|begin_of_text|>", "<|begin_of_text|>")),
        ({}, ("<|begin_of_text|>", "<|begin_of_text|>")),
    ],
)
def test_tokenizer_config(copy, tmp_path, written, expected):
    _edit(copy, "tokenizer_config.json", **written)
    _prepared(copy, tmp_path / "prepared")
    config = json.loads((tmp_path / "prepared" / "tokenizer_config.json").read_text())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert (config["eos_token"], config["pad_token"]) == expected
    assert "extra_special_tokens" not in config


def test_resolve(checkpoint, tmp_path):
    assert resolve(str(checkpoint)) == checkpoint
    (tmp_path / "LLM").mkdir()
    assert resolve(str(tmp_path), subfolder="LLM") == tmp_path / "LLM"
    with pytest.raises(CheckpointNotFoundError, match="no folder"):
        resolve(str(tmp_path / "none"))
