import json

import pytest

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError, SettingError
from vllm_inference.options import (
    VLLMOptions,
    engine_arguments,
    kv_cache_bytes,
    read_config,
    sequence_limit,
)

ORPHEUS = {
    "hidden_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 131072,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device", "tpu"),
        ("dtype", "int8"),
        ("max_streams", 0),
        ("max_sequence", 0),
        ("stream_interval", 0),
        ("memory_fraction", 0.0),
        ("memory_fraction", 1.5),
    ],
)
def test_bad_options_are_named(field, value):
    with pytest.raises(SettingError, match=field):
        VLLMOptions(**{field: value})


def test_kv_cache_of_orpheus_by_hand():
    """2 (K, V) × 28 layers × 8 heads × 128 × 2 bytes = 114 688 bytes a token."""
    options = VLLMOptions(device="cuda", max_streams=8, max_sequence=4096)
    assert kv_cache_bytes(ORPHEUS, options) == 114_688 * (8 * 4096 + 128)


def test_head_dim_defaults_to_the_hidden_size_shared_out():
    config = {name: value for name, value in ORPHEUS.items() if name != "head_dim"}
    assert kv_cache_bytes(config, VLLMOptions()) == kv_cache_bytes(ORPHEUS, VLLMOptions())


def test_not_a_language_model():
    with pytest.raises(CorruptCheckpointError, match="num_attention_heads"):
        kv_cache_bytes({"sampling_rate": 24000}, VLLMOptions())


def test_the_sequence_is_what_the_checkpoint_has_positions_for():
    assert sequence_limit({"max_position_embeddings": 2048}, VLLMOptions()) == 2048
    assert sequence_limit(ORPHEUS, VLLMOptions(max_sequence=4096)) == 4096


def test_cpu_arguments(tmp_path):
    options = VLLMOptions(max_streams=3)
    arguments = engine_arguments(tmp_path, ORPHEUS, options, 7)
    assert arguments["dtype"] == "float32"
    assert arguments["enforce_eager"] is True
    assert arguments["kv_cache_memory_bytes"] == kv_cache_bytes(ORPHEUS, options)
    assert "gpu_memory_utilization" not in arguments
    assert (arguments["max_num_seqs"], arguments["seed"]) == (3, 7)


def test_cuda_arguments(tmp_path):
    arguments = engine_arguments(
        tmp_path, ORPHEUS, VLLMOptions(device="cuda", dummy_weights=True), 7
    )
    assert arguments["dtype"] == "bfloat16"
    assert arguments["gpu_memory_utilization"] == 0.8
    assert arguments["load_format"] == "dummy"
    assert "kv_cache_memory_bytes" not in arguments
    assert "enforce_eager" not in arguments


def test_a_fixed_cache_size(tmp_path):
    arguments = engine_arguments(tmp_path, ORPHEUS, VLLMOptions(device="cuda", kv_cache_gib=1.5), 7)
    assert arguments["kv_cache_memory_bytes"] == 3 * 2**29


def test_read_config(tmp_path):
    with pytest.raises(CheckpointNotFoundError, match=r"config\.json"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(ORPHEUS))
    assert read_config(tmp_path) == ORPHEUS
    for broken in ("{", "[1]"):
        (tmp_path / "config.json").write_text(broken)
        with pytest.raises(CorruptCheckpointError, match="download it again"):
            read_config(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_position_embeddings", "2048"),
        ("max_position_embeddings", 0),
        ("num_attention_heads", 0),
        ("num_hidden_layers", "2"),
        ("num_hidden_layers", True),
        ("hidden_size", [64]),
        ("head_dim", "wide"),
        ("num_key_value_heads", -1),
    ],
)
def test_a_config_s_number_that_is_none_is_named(tmp_path, field, value):
    (tmp_path / "config.json").write_text(json.dumps({**ORPHEUS, field: value}))
    with pytest.raises(CorruptCheckpointError, match=rf"config\.json': {field} is .*download it"):
        read_config(tmp_path)


@pytest.mark.parametrize("field", ["max_position_embeddings", "head_dim", "num_key_value_heads"])
def test_null_is_as_good_as_left_out(tmp_path, field):
    (tmp_path / "config.json").write_text(json.dumps({**ORPHEUS, field: None}))
    config = read_config(tmp_path)
    assert config == {name: value for name, value in ORPHEUS.items() if name != field}
    assert engine_arguments(tmp_path, config, VLLMOptions(), 7)["max_model_len"] == 4096
