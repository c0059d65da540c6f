import json

import pytest

from engines.architecture import read_architecture
from engines.recipe import model_recipes
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError

ORPHEUS = model_recipes("orpheus-3b").architecture
SPARK = model_recipes("spark-0.5b").architecture


def _write(folder, **changes):
    config = {**ORPHEUS.model_dump(), **changes}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_parameter_counts_of_the_released_models():
    # 3.30 B with the tied table once; 3 782 986 752 with the copy the file also stores, less the
    # 12 rows of another vocabulary size are what the hub reports.
    tied = ORPHEUS.layer_weights + ORPHEUS.small_weights + ORPHEUS.head_weights
    assert tied == 3_300_867_072
    assert tied + ORPHEUS.head_weights == 3_782_986_752
    # The hub reports 506.6 M for Spark-TTS-0.5B's language model.
    spark = SPARK.layer_weights + SPARK.small_weights + SPARK.head_weights
    assert spark == 506_634_112


def test_real_checkpoints_count_the_same(checkpoint):
    from transformers import AutoModelForCausalLM

    shape = read_architecture(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint)
    counted = sum(parameter.numel() for parameter in model.parameters())  # tied: once
    assert shape.layer_weights + shape.small_weights + shape.head_weights == counted


def test_qwen_biases_count(tmp_path):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=101,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    model = Qwen2ForCausalLM(config)
    model.save_pretrained(tmp_path)
    shape = read_architecture(tmp_path)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert shape.layer_weights + shape.small_weights + shape.head_weights == counted


def test_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointNotFoundError, match=r"has no config\.json"):
        read_architecture(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hidden_size": 0}, "hidden_size: input should be greater than 0"),
        ({"vocab_size": None}, "vocab_size"),
        ({"architectures": ["MistralForCausalLM"]}, "'MistralForCausalLM' is not supported"),
        ({"architectures": []}, "architecture '' is not supported"),
    ],
)
def test_unusable_config(tmp_path, changes, says):
    with pytest.raises(CorruptCheckpointError, match=says):
        read_architecture(_write(tmp_path, **changes))


def test_truncated_config(tmp_path):
    _write(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(CorruptCheckpointError, match="cannot be read"):
        read_architecture(tmp_path)
