import json

import pytest

from engines.recipe import model_recipes
from tensorrt_tts.engine_folder.architecture import QUANTIZED_FILES, read_architecture
from tensorrt_tts.errors import CheckpointError, CheckpointNotFoundError, CorruptCheckpointError

ORPHEUS = model_recipes("orpheus-3b").architecture
LINEAR = {"rope_type": "linear", "factor": 2.0}
SPARK = model_recipes("spark-0.5b").architecture


HUGE = 10**400
"""A number that JSON can hold and a float cannot."""


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


@pytest.mark.parametrize(
    "method", ["hqq", "eetq", "torchao", "mxfp4", "two\nlines", " ", 4, ["a", "b"], {"x": "y\n"}]
)
def test_a_quantised_checkpoint_is_named_in_one_line(tmp_path, method):
    with pytest.raises(CheckpointError, match="is quantised already") as caught:
        read_architecture(_write(tmp_path, quantization_config={"quant_method": method}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [8192.5, 0.5, 1e-9])
def test_positions_are_whole(tmp_path, value):
    scaling = ORPHEUS.rope_scaling | {"original_max_position_embeddings": value}
    with pytest.raises(CorruptCheckpointError, match=f"embeddings {value!r} is no whole number"):
        read_architecture(_write(tmp_path, rope_scaling=scaling))
    whole = ORPHEUS.rope_scaling | {"original_max_position_embeddings": 8192.0}
    assert read_architecture(_write(tmp_path, rope_scaling=whole)) == ORPHEUS


def test_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointNotFoundError, match=r"has no config\.json"):
        read_architecture(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hidden_size": 0}, "hidden_size is 0, which must be above 0"),
        ({"hidden_size": -3072}, "hidden_size is -3072, which must be above 0"),
        ({"hidden_size": "3072"}, "hidden_size is '3072', not a whole number"),
        ({"num_hidden_layers": 28.0}, r"num_hidden_layers is 28\.0, not a whole number"),
        ({"num_attention_heads": True}, "num_attention_heads is True, not a whole number"),
        ({"intermediate_size": [8192]}, r"intermediate_size is \[8192\], not a whole number"),
        ({"vocab_size": None}, "vocab_size is missing"),
        (
            {"max_position_embeddings": "131072"},
            "max_position_embeddings is '131072', not a whole number",
        ),
        ({"tie_word_embeddings": "false"}, "tie_word_embeddings is 'false', not true or false"),
        ({"rms_norm_eps": 0}, "rms_norm_eps is 0, which must be above 0"),
        ({"head_dim": 0}, "head_dim is 0, which must be above 0"),
        ({"head_dim": 127}, "head_dim 127 is odd"),
        ({"num_key_value_heads": 7}, "num_key_value_heads 7 does not divide num_attention_heads"),
        ({"num_key_value_heads": 48}, "num_key_value_heads 48 does not divide"),
        ({"head_dim": None, "num_attention_heads": 40}, "hidden_size 3072 is no multiple"),
        ({"architectures": ["MistralForCausalLM"]}, "'MistralForCausalLM' is not supported"),
        ({"architectures": []}, "architecture '' is not supported"),
        ({"architectures": None}, "architecture '' is not supported"),
        ({"architectures": "LlamaForCausalLM"}, "'LlamaForCausalLM' is no list of names"),
        ({"architectures": [7]}, "is no list of names"),
        ({"model_type": "qwen2"}, "model_type 'qwen2' contradicts architecture 'LlamaForCausalLM'"),
        (
            {"architectures": ["LlavaForConditionalGeneration"], "text_config": {}},
            "not supported.*save the language model under text_config",
        ),
        ({"rope_scaling": "llama3"}, "rope_scaling 'llama3' is no object"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 32.0}}, "low_freq_factor None is no"),
        ({"rope_scaling": {"type": "linear", "factor": "2"}}, "factor '2' is no positive number"),
        ({"rope_scaling": {"type": ["linear"]}}, "which is no name"),
        ({"rope_scaling": {"type": "linear", "factor": float("inf")}}, "factor inf is no positive"),
        ({"rope_theta": "500000"}, "rope_theta is '500000', not a number"),
        ({"rope_theta": -1.0}, r"rope_theta is -1\.0, which must be above 0"),
        ({"rope_parameters": {"rope_theta": 1e4}}, r"rope_parameters .* contradict rope_scaling"),
        (
            {"rope_scaling": None, "rope_parameters": {"rope_theta": 1e4}},
            r"rope_theta is given as 500000\.0 and as 10000\.0",
        ),
        (
            {"rope_parameters": {"full_attention": {"rope_theta": 1e4}, "sliding_attention": {}}},
            "differ between kinds of layers",
        ),
        ({"rope_theta": HUGE, "rope_scaling": None}, "rope_theta is 1000.*, not a number"),
        ({"rope_scaling": {"type": "linear", "factor": HUGE}}, "factor 1000.*…? is no positive"),
        ({"vocab_size": HUGE}, "vocab_size is 1000.*, which must be below 2147483648"),
        ({"hidden_size": 2**31}, "hidden_size is 2147483648, which must be below 2147483648"),
        ({"architectures": None, "model_type": ["llama"]}, "architecture '' is not supported"),
        ({"rope_scaling": None, "rope_parameters": []}, r"rope_parameters \[\] is no object"),
        (
            {"rope_scaling": None, "rope_parameters": {"type": "linear"}},
            "rope_parameters of type 'linear': factor None is no",
        ),
        (
            {"rope_scaling": ORPHEUS.rope_scaling | {"low_freq_factor": 4.0}},
            "low_freq_factor 4 is not below high_freq_factor 4",
        ),
        (
            {"rope_scaling": ORPHEUS.rope_scaling | {"high_freq_factor": 0.5}},
            r"low_freq_factor 1 is not below high_freq_factor 0\.5",
        ),
    ],
)
def test_unusable_config(tmp_path, changes, says):
    with pytest.raises(CorruptCheckpointError, match=says) as caught:
        read_architecture(_write(tmp_path, **changes))
    assert "config.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({"quantization_config": {"load_in_4bit": True}}, "bitsandbytes"),
        (
            {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}},
            "bitsand",
        ),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "awq"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "gptq"),
        ({"quantization_config": {"quant_method": "compressed-tensors"}}, "compressed-tensors"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "torchao"}}, "torchao"),
        ({"compression_config": {"quant_method": "compressed-tensors"}}, "compressed-tensors"),
        ({"quantization": {"group_size": 64, "bits": 4}}, "unnamed"),
    ],
)
def test_quantised_checkpoints_are_refused(tmp_path, changes, method):
    with pytest.raises(CheckpointError, match=rf"quantised already.*{method}.*--precision"):
        read_architecture(_write(tmp_path, **changes))


@pytest.mark.parametrize("name", QUANTIZED_FILES)
def test_a_file_of_a_quantiser_says_so_too(tmp_path, name):
    _write(tmp_path)
    (tmp_path / name).write_text("{}")
    with pytest.raises(CheckpointError, match=rf"quantised already: {name}"):
        read_architecture(tmp_path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"num_key_value_heads": None}, {"num_key_value_heads": 24}),
        ({"max_position_embeddings": None}, {"max_position_embeddings": 2048}),
        ({"tie_word_embeddings": None}, {"tie_word_embeddings": False}),
        ({"rms_norm_eps": None}, {"rms_norm_eps": 1e-6}),
        ({"architectures": None, "model_type": "llama"}, {"architectures": ("LlamaForCausalLM",)}),
        ({"rope_theta": None, "rope_scaling": None}, {"rope_theta": 1e4, "rope_scaling": None}),
        ({"rope_scaling": {"rope_type": "default"}}, {"rope_scaling": None}),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, {"rope_scaling": LINEAR}),
        ({"quantization_config": None, "attention_dropout": 0.0, "use_cache": True}, {}),
    ],
)
def test_what_is_left_out_has_the_value_that_transformers_gives_it(tmp_path, changes, expected):
    found = read_architecture(_write(tmp_path, **changes))
    assert found == ORPHEUS.model_copy(update=expected)


@pytest.mark.parametrize("kind", [list, str, int])
def test_a_config_that_is_no_object(tmp_path, kind):
    (tmp_path / "config.json").write_text(json.dumps(kind()))
    with pytest.raises(CorruptCheckpointError, match=r"the content is .*, not an object"):
        read_architecture(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mlp_bias": True}, "mlp_bias"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "RoPE scaling of type 'yarn'"),
        ({"rope_scaling": {"type": "dynamic", "factor": 4.0}}, "RoPE scaling of type 'dynamic'"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor 0.5"),
        (
            {"use_sliding_window": True, "sliding_window": 4096, "max_window_layers": 21},
            "sliding_window 4096",
        ),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "sliding_window None"),
        ({"use_sliding_window": False, "sliding_window": 4096}, None),
        ({"use_sliding_window": True, "max_window_layers": 28, "sliding_window": 4096}, None),
        ({"partial_rotary_factor": 1.0, "layer_types": ["full_attention"]}, None),
    ],
)
def test_what_an_engine_would_compute_differently_is_named(tmp_path, changes, said):
    assert read_architecture(_write(tmp_path, **changes)).unsupported == ((said,) if said else ())


def test_truncated_config(tmp_path):
    _write(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(CorruptCheckpointError, match=r"is not JSON .*download"):
        read_architecture(tmp_path)
