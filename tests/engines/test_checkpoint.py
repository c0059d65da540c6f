import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engines.checkpoint import resolve, untie, weight_files
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
)


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def test_no_weights(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointNotFoundError, match=r"no \.safetensors files"):
        weight_files(copy)


def test_a_missing_shard(copy):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CorruptCheckpointError, match=r"model-00002\.safetensors, which is missing"):
        weight_files(copy)


def _weights(folder):
    """All tensors as a loader sees them through the index."""
    weight_map = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    files = {name: load_file(folder / name) for name in set(weight_map.values())}
    return {key: files[name][key] for key, name in weight_map.items()}


def test_untie(checkpoint, tmp_path):
    untie(checkpoint, tmp_path / "untied")
    before, after = load_file(checkpoint / "model.safetensors"), _weights(tmp_path / "untied")
    assert set(after) == {*before, "lm_head.weight"}
    for name, tensor in before.items():
        np.testing.assert_array_equal(after[name], tensor)
    np.testing.assert_array_equal(after["lm_head.weight"], before["model.embed_tokens.weight"])
    config = json.loads((tmp_path / "untied" / "config.json").read_text())
    assert config["tie_word_embeddings"] is False
    assert (tmp_path / "untied" / "tokenizer.json").is_file()
    assert weight_files(tmp_path / "untied")  # what the converters read


def test_untie_keeps_a_head_of_its_own(copy, tmp_path):
    tensors = load_file(copy / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"] + 1
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    untie(copy, tmp_path / "untied")
    kept = _weights(tmp_path / "untied")["lm_head.weight"]
    np.testing.assert_array_equal(kept, tensors["lm_head.weight"])


def test_untie_without_an_embedding(copy, tmp_path):
    save_file({"x": np.zeros(1, np.float32)}, copy / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"no tensor 'model\.embed_tokens\.weight'"):
        untie(copy, tmp_path / "untied")


def test_resolve(checkpoint, tmp_path):
    assert resolve(str(checkpoint)) == checkpoint
    (tmp_path / "LLM").mkdir()
    assert resolve(str(tmp_path), subfolder="LLM") == tmp_path / "LLM"
    with pytest.raises(CheckpointNotFoundError, match="no folder"):
        resolve(str(tmp_path / "none"))
