import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.gpus import GPUS, gpu
from engines.plan import RESERVED, plan, possible_formats
from engines.plan_table import COLUMNS, render
from engines.recipe import model_names, model_recipes, recipe
from engines.roofline import RealTime
from tensorrt_tts.engine_folder.formats import Format, every_format
from tensorrt_tts.errors import ImpossiblePlanError


def _plan(model, gpu_name, fmt=None):
    chosen = Format.parse(fmt) if fmt else None
    return plan(recipe(model_recipes(model), gpu(gpu_name), chosen))


def test_memory_by_hand():
    memory = _plan("orpheus-3b", "a100", "fp16").memory
    weights = 2 * (2_818_572_288 + 57 * 3072 + 156940 * 3072)
    activations = 2 * 8192 * (4 * 3072 + 2 * 8192) + 4 * 64 * 156940
    assert memory.weights == weights
    assert memory.activations == activations
    free = 81920 * 2**20 - RESERVED - activations - weights
    assert memory.pool == int(0.85 * free)
    assert memory.streams_longest == memory.pool // (4608 * 112 * 1024) == 123


def test_an_untied_head_is_counted_twice():
    model = model_recipes("orpheus-3b")
    wanted = recipe(model, gpu("a100"))
    untied = model.architecture.model_copy(update={"tie_word_embeddings": False})
    more = plan(wanted, untied).memory.weights - plan(wanted).memory.weights
    assert more == 2 * 156940 * 3072


def test_l4_fp16_says_why_not_and_what_can():
    found = _plan("orpheus-3b", "l4", "fp16")
    assert found.verdict is RealTime.NO
    assert found.full_head.streams == 0
    here = {(a.format, a.head): a.verdict for a in found.alternatives if a.gpu == "l4"}
    assert here["int4-awq", "audio"] is RealTime.YES
    assert here["int4-awq", "full"] is RealTime.MARGINAL
    assert here["int8", "audio"] is RealTime.MARGINAL
    assert ("int8", "full") not in here  # bound 79 tok/s
    elsewhere = {a.gpu for a in found.alternatives if a.gpu != "l4"}
    assert elsewhere == {"a100-40", "a100-80", "h100", "h200"}


def test_the_audio_head_reads_fewer_bytes():
    found = _plan("orpheus-3b", "h100", "int8")
    saved = found.full_head.bytes_per_token - found.audio_head.bytes_per_token
    assert saved == 2 * 3072 * (156940 - 28675)
    assert found.audio_head.one.ceiling > found.full_head.one.ceiling


@pytest.mark.parametrize(
    ("model", "gpu_name", "fmt", "says"),
    [
        (
            "orpheus-3b",
            "a100",
            "fp8",
            r"need compute capability 8\.9.*nearest on a100-80: int8.*l4",
        ),
        ("orpheus-3b", "l4", "fp8+kv-int8", r"nearest on l4: .*fp8\+kv-fp8"),
        ("spark-0.5b", "a10g", "fp16", r"overflow FP16's range.*nearest on a10g: bf16"),
    ],
)
def test_impossible_pairs_are_refused_with_the_nearest(model, gpu_name, fmt, says):
    with pytest.raises(ImpossiblePlanError, match=says) as caught:
        _plan(model, gpu_name, fmt)
    assert "\n" not in str(caught.value)


def test_a_model_too_large_for_the_gpu():
    model = model_recipes("orpheus-3b")
    shape = model.architecture.model_copy(update={"num_hidden_layers": 140})
    with pytest.raises(ImpossiblePlanError, match=r"leave no room on 24\.2 GB") as caught:
        plan(recipe(model, gpu("l4"), Format.parse("fp16")), shape)
    assert "nearest on l4: int8" in str(caught.value)
    assert "fp16 is possible on" in str(caught.value)


def _changed(model="orpheus-3b", fmt="fp16", **changes):
    recipes = model_recipes(model)
    shape = recipes.architecture.model_copy(update=changes)
    return plan(recipe(recipes, gpu("a100"), Format.parse(fmt)), shape)


@pytest.mark.parametrize(
    ("model", "changes", "says"),
    [
        (
            "orpheus-3b",
            {"max_position_embeddings": 2048},
            r"max_position_embeddings 2048 .* less than max_seq_len 4608 .*orpheus-3b\.toml",
        ),
        ("orpheus-3b", {"max_position_embeddings": 4607}, "max_position_embeddings 4607"),
        ("spark-0.5b", {"max_position_embeddings": 4095}, "less than max_seq_len 4096"),
        ("orpheus-3b", {"vocab_size": 28674}, "vocab_size 28674 is less than the 28675 ids"),
        ("spark-0.5b", {"vocab_size": 10000}, "vocab_size 10000 is less than the 13306 ids"),
        ("orpheus-3b", {"unsupported": ("mlp_bias",)}, "has mlp_bias, .*serve it with vLLM"),
    ],
)
def test_what_the_check_would_refuse_is_not_promised(model, changes, says):
    fmt = model_recipes(model).default_format
    with pytest.raises(ImpossiblePlanError, match=says) as caught:
        _changed(model, fmt, **changes)
    assert "\n" not in str(caught.value)
    at_the_limit = {"max_position_embeddings": 4608, "vocab_size": 28675}
    assert _changed(**at_the_limit).full_head.rows == 28675


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hidden_size": 3136}, "hidden_size 3136 leaves 64 over"),
        ({"intermediate_size": 8000}, "intermediate_size 8000 leaves 64 over"),
        ({"head_dim": 100}, "query_size 2400 leaves 96 over"),
    ],
)
def test_awq_groups_128_weights(changes, says):
    """ModelOpt 0.37 stops with NotImplementedError, after the calibration."""
    with pytest.raises(ImpossiblePlanError, match=rf"{says}; nearest on a100-80: int8"):
        _changed(fmt="int4-awq", **changes)
    assert _changed(fmt="int8", **changes).rule.quant_algo == "W8A16"


@pytest.mark.parametrize(("model", "rows"), [("orpheus-3b", 156992), ("spark-0.5b", 166016)])
def test_awq_pads_the_vocabulary(model, rows):
    """Both tables of the engine are counted with their padding, in no other format."""
    padded, plain = _plan(model, "l4", "int4-awq"), _plan(model, "l4", "int8")
    size = model_recipes(model).architecture.vocab_size
    assert (padded.vocab_rows, padded.full_head.rows) == (rows, rows)
    assert (plain.vocab_rows, plain.full_head.rows) == (size, size)
    untied = model_recipes(model).architecture.model_copy(update={"tie_word_embeddings": False})
    two = plan(recipe(model_recipes(model), gpu("l4"), Format.parse("int4-awq")), untied)
    hidden = untied.hidden_size
    assert two.memory.weights - padded.memory.weights == 2 * rows * hidden
    assert padded.to_dict()["architecture"]["vocab_size"] == size
    assert _changed(model, "int4-awq", vocab_size=rows).vocab_rows == rows


@given(
    st.sampled_from(model_names()),
    st.sampled_from(list(GPUS)),
    st.sampled_from([str(fmt) for fmt in every_format()]),
)
def test_every_pair_is_planned_or_refused(model, gpu_name, fmt):
    """And what is planned is printable, is JSON, and does not promise more than fits."""
    recipes = model_recipes(model)
    possible = possible_formats(recipes, gpu(gpu_name), recipes.architecture)
    try:
        found = _plan(model, gpu_name, fmt)
    except ImpossiblePlanError:
        assert Format.parse(fmt) not in possible
        return
    assert Format.parse(fmt) in possible
    document = json.loads(json.dumps(found.to_dict()))
    assert document["real_time"] == found.verdict.value
    limits = found.recipe.limits
    assert found.full_head.streams <= min(limits.max_batch_size, found.memory.streams_typical)
    assert found.memory.weights + found.memory.pool < found.memory.total
    table = render(found)
    assert f"Plan: {model} as {fmt} on {gpu(gpu_name).name}" in table
    assert all(line == line.rstrip() and len(line) <= COLUMNS for line in table.splitlines())
    for off in found.rule.off:
        assert off.feature in table


def test_the_table_names_what_a_reader_needs():
    table = render(_plan("orpheus-3b", "l4", "fp16"))
    for words in ("needs 82.03 tok/s; no:", "112 KiB a token", "int4-awq        audio", "6.60"):
        assert words in table
    assert "156992 rows, the last 52 of them padding" in render(
        _plan("orpheus-3b", "l4", "int4-awq")
    )
    assert "padding" not in table
    table = render(_plan("orpheus-3b", "a100", "int8+kv-int8"))
    for words in ("saved with its own lm_head", "enable_block_reuse", "W8A16", "56 KiB"):
        assert words in table
