import re
from importlib.resources import files

import pytest

from engines.gpus import GPUS, gpu
from engines.plan import plan
from engines.recipe import model_names, model_recipes, recipe
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.spec import ENGLISH
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens

ENTRIES = [
    (name, gpu_name, fmt)
    for name in model_names()
    for gpu_name in model_recipes(name).gpus
    for fmt in model_recipes(name).formats(gpu_name)
]


def test_what_ships():
    assert model_names() == ("orpheus-3b", "spark-0.5b")
    for name in model_names():
        assert set(model_recipes(name).gpus) == set(GPUS)
    formats = {str(fmt) for _, _, fmt in ENTRIES}
    assert formats >= {"fp16", "bf16", "int8", "int8+kv-int8", "int8-sq", "fp8", "fp8+kv-fp8"}
    for name in model_names():
        assert Format.parse("int4-awq") in model_recipes(name).formats("l4")


@pytest.mark.parametrize(("name", "gpu_name", "fmt"), ENTRIES, ids=lambda v: str(v))
def test_every_entry_can_be_built_and_its_batch_fits(name, gpu_name, fmt):
    planned = plan(recipe(model_recipes(name), gpu(gpu_name), fmt))
    assert planned.recipe.listed
    assert planned.recipe.limits.max_batch_size <= planned.memory.streams_typical


def test_orpheus_agrees_with_the_runtime():
    """The engine must hold what the runtime asks of it."""
    model = model_recipes("orpheus-3b")
    tokens = OrpheusTokens()
    assert model.legal_ids == tokens.audio_end - tokens.audio_base + len(tokens.stop_ids)
    assert model.token_rate == SLOTS * 24000 / 2048
    assert model.limits.max_seq_len >= ENGLISH.budget.ceiling + model.limits.max_input_len
    assert tokens.audio_end <= model.architecture.vocab_size


def test_inheritance():
    model = model_recipes("orpheus-3b")
    fp16 = model.limits_for("l4", Format.parse("fp16"))
    assert (fp16.max_batch_size, fp16.kv_fraction, fp16.max_seq_len) == (8, 0.7, 4608)
    unlisted = recipe(model, gpu("l4"), Format.parse("bf16"))
    assert not unlisted.listed
    assert unlisted.limits.max_batch_size == 1


@pytest.mark.parametrize(
    ("model", "fmt", "dtype"),
    [
        ("orpheus-3b", "int8", "float16"),
        ("orpheus-3b", "bf16", "bfloat16"),
        ("spark-0.5b", "int8", "bfloat16"),
        ("spark-0.5b", "bf16", "bfloat16"),
    ],
)
def test_dtype(model, fmt, dtype):
    assert recipe(model_recipes(model), gpu("l4"), Format.parse(fmt)).dtype == dtype


def test_default_format():
    assert str(recipe(model_recipes("orpheus-3b"), gpu("l4")).format) == "fp16"
    assert str(recipe(model_recipes("spark-0.5b"), gpu("l4")).format) == "bf16"


def _own(tmp_path, change):
    text = files("engines.recipes").joinpath("orpheus-3b.toml").read_text()
    path = tmp_path / "own.toml"
    path.write_text(change(text))
    return str(path)


def test_own_recipe_file(tmp_path):
    path = _own(tmp_path, lambda text: text.replace('name = "orpheus-3b"', 'name = "mine"'))
    assert model_recipes(path).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("max_num_tokens = 2048", "max_num_token = 2048", "max_num_token"),
        ("kv_fraction = 0.7", "kv_fraction = 1.7", "kv_fraction"),
        ("[gpus.l40s]", "[gpus.l400]", "gpus.l400: unknown GPU"),
        ("[gpus.l4.int8-sq]", "[gpus.l4.int7]", "precision 'int7' is unknown"),
        ("typical_tokens = 1040", "typical_tokens = 9999", "exceeds max_seq_len 4608"),
        ("max_input_len = 512", "max_input_len = 8192", "exceeds max_seq_len 4608"),
        ("max_num_tokens = 8192", "max_num_tokens = 32", "could not serve every stream"),
        ("[limits]", "[limits", "own.toml"),
    ],
)
def test_a_mistake_in_a_recipe_file_is_named(tmp_path, old, new, says):
    with pytest.raises(SettingError, match=re.escape(says)) as caught:
        model_recipes(_own(tmp_path, lambda text: text.replace(old, new)))
    assert "own.toml" in str(caught.value)


def test_unknown_model(tmp_path):
    with pytest.raises(SettingError, match=r"choose one of: orpheus-3b, spark-0\.5b"):
        model_recipes("orpheus-7b")
    with pytest.raises(SettingError, match="No such file"):
        model_recipes(str(tmp_path / "none.toml"))
