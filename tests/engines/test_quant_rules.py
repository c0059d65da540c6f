"""Every precision × KV type × compute capability has the answer in the table, and no other."""

import pytest

from engines.quant_rules import Impossible, Route, quant_rule
from tensorrt_tts.engine_folder.device import ComputeCapability
from tensorrt_tts.engine_folder.formats import Format, every_format

CAPABILITIES = ("7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "10.3", "11.9", "12.0")

# Route of each format, by class of GPU: A = 8.0 and 8.6, H = 8.9 and 9.0, B = 10.0 to 11.9.
# "-" is impossible. Written out by hand from the rules of TensorRT-LLM 1.2.1.
TABLE = {
    #                     A           H           B
    "fp16": ("direct", "direct", "direct"),
    "fp16+kv-int8": ("native", "native", "-"),
    "fp16+kv-fp8": ("-", "modelopt", "modelopt"),
    "bf16": ("direct", "direct", "direct"),
    "bf16+kv-int8": ("native", "native", "-"),
    "bf16+kv-fp8": ("-", "modelopt", "modelopt"),
    "int8": ("direct", "direct", "-"),
    "int8+kv-int8": ("native", "native", "-"),
    "int8+kv-fp8": ("-", "-", "-"),
    "int8-sq": ("modelopt", "modelopt", "-"),
    "int8-sq+kv-int8": ("native", "native", "-"),
    "int8-sq+kv-fp8": ("-", "-", "-"),
    "fp8": ("-", "modelopt", "modelopt"),
    "fp8+kv-int8": ("-", "-", "-"),
    "fp8+kv-fp8": ("-", "modelopt", "modelopt"),
    "int4-awq": ("modelopt", "modelopt", "-"),
    "int4-awq+kv-int8": ("modelopt", "modelopt", "-"),
    "int4-awq+kv-fp8": ("-", "-", "-"),
}

COLUMN = {"8.0": 0, "8.6": 0, "8.9": 1, "9.0": 1, "10.0": 2, "10.3": 2, "11.9": 2}

CASES = [(fmt, sm) for fmt in map(str, every_format()) for sm in CAPABILITIES]


def _rule(fmt, sm):
    return quant_rule(Format.parse(fmt), ComputeCapability.parse(sm))


def test_the_table_is_complete():
    assert list(TABLE) == [str(fmt) for fmt in every_format()]
    assert len(CASES) == 18 * len(CAPABILITIES)


@pytest.mark.parametrize(("fmt", "sm"), CASES)
def test_route(fmt, sm):
    found = _rule(fmt, sm)
    expected = TABLE[fmt][COLUMN[sm]] if sm in COLUMN else "-"
    if expected == "-":
        assert isinstance(found, Impossible)
        assert len(found.reason) > 40
    else:
        assert found.route == expected
        assert found.calibrates is (expected != "direct")


@pytest.mark.parametrize(("fmt", "sm"), [case for case in CASES if case[1] in ("8.0", "8.9")])
def test_consequences(fmt, sm):
    """What follows from a route, whatever the format."""
    rule = _rule(fmt, sm)
    if isinstance(rule, Impossible):
        return
    precision, _, kv = fmt.partition("+kv-")
    assert rule.kv_quant_algo == (kv.upper() or None)
    assert rule.untie is (rule.route is Route.NATIVE)
    paged = not (kv == "int8" or (kv == "fp8" and precision != "fp8"))
    off = {item.feature for item in rule.off}
    assert off == (
        set()
        if paged
        else {"use_paged_context_fmha", "enable_block_reuse", "enable_chunked_prefill"}
    )
    assert rule.plugins.get("use_paged_context_fmha", True) is paged
    assert rule.plugins["use_fp8_context_fmha"] is (fmt == "fp8+kv-fp8")


@pytest.mark.parametrize(
    ("fmt", "algorithm"),
    [
        ("fp16", None),
        ("int8", "W8A16"),
        ("int8+kv-int8", "W8A16"),
        ("int8-sq", "W8A8_SQ_PER_CHANNEL"),
        ("int8-sq+kv-int8", "W8A8_SQ_PER_CHANNEL_PER_TOKEN_PLUGIN"),
        ("fp8", "FP8"),
        ("int4-awq", "W4A16_AWQ"),
    ],
)
def test_algorithm(fmt, algorithm):
    assert _rule(fmt, "8.9").quant_algo == algorithm


def test_reasons_say_what_is_wrong():
    assert "8.9 or later" in _rule("fp8", "8.0").reason
    assert "FP8 KV cache" in _rule("fp16+kv-fp8", "8.6").reason
    assert "INT8 KV cache" in _rule("fp16+kv-int8", "10.0").reason
    assert "older than 8.0" in _rule("fp16", "7.5").reason
    assert "not covered" in _rule("fp16", "12.0").reason
