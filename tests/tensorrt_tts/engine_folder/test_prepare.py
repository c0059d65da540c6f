"""What the toolchain is given in a checkpoint's place."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.checkpoint import weight_files
from tensorrt_tts.engine_folder.prepare import prepare
from tensorrt_tts.errors import CorruptCheckpointError
from tests.support.engine_builds import change_tensors, edit

HEAD = "lm_head.weight"
EMBEDDING = "model.embed_tokens.weight"

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


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

    change_tensors(copy, store)
    edit(copy, tie_word_embeddings=False)
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

    change_tensors(copy, store)
    _prepared(copy, tmp_path / "prepared")  # as the released Orpheus files are

    def change(tensors):
        tensors[HEAD][5] += 1

    change_tensors(copy, change)
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
    edit(copy, rope_parameters=new)
    config = _prepared(copy, tmp_path / "prepared")
    assert config["rope_theta"] == theta
    assert config.get("rope_scaling") == scaling
    assert not {"rope_parameters", "dtype", "layer_types"} & set(config)


def test_what_transformers_4_leaves_out_is_written_out(copy, tmp_path):
    edit(copy, architectures="absent", head_dim="absent", num_key_value_heads=1, auto_map={"a": 1})
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
    edit(copy, "tokenizer_config.json", **written)
    _prepared(copy, tmp_path / "prepared")
    config = json.loads((tmp_path / "prepared" / "tokenizer_config.json").read_text())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert (config["eos_token"], config["pad_token"]) == expected
    assert "extra_special_tokens" not in config


@pytest.mark.parametrize("said", ["auto", "float8_e4m3fn", "int8", "float32", 16, "absent"])
@pytest.mark.parametrize("field", ["torch_dtype", "dtype"])
@pytest.mark.parametrize(
    ("dtype", "written"), [("float16", "float16"), ("float32", "float32"), ("float64", "float64")]
)
def test_weights_are_loaded_as_what_they_are(copy, tmp_path, field, said, dtype, written):
    """transformers takes the field for a name in torch, and casts what it reads to it."""
    edit(copy, **{field: said})
    change_tensors(copy, lambda ts: ts.update({k: v.astype(dtype) for k, v in ts.items()}))
    prepare(copy, read_architecture(copy), tmp_path / "target", untie=False)
    config = json.loads((tmp_path / "target" / "config.json").read_text())
    assert config["torch_dtype"] == written
    assert "dtype" not in config
