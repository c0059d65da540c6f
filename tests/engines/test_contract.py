"""The contract itself, and that every keyword the toolchain passes is held to it."""

import ast
import re
from pathlib import Path

import pytest

import engines
import engines.toolchain
from engines.calibration import dataset
from engines.compat import PINNED, engine_api
from engines.contract import contract_for
from engines.formats import every_format
from engines.gpus import ComputeCapability
from engines.quant_rules import Impossible, quant_rule
from tensorrt_tts.errors import EngineError

RELEASES = ("1.2.1", "0.21.0")
PACKAGE = Path(engines.__file__).parent


@pytest.mark.parametrize("version", [*RELEASES, "1.3.0rc24"])
def test_contract_is_well_formed(version):
    contract = contract_for(version)
    assert contract.version == version
    for name, callable_ in contract.callables.items():
        assert set(callable_.required) <= set(callable_.parameters), name
        assert not set(callable_.refused) & set(callable_.parameters), name
        assert callable_.path.startswith("tensorrt_llm."), name
        assert callable_.evidence, name


def test_defaults_that_must_not_be_left_to_upstream():
    build = contract_for(PINNED).callables["BuildConfig"]
    assert build.parameters["max_seq_len"] is None  # would become 131072 for Llama 3.2
    assert build.parameters["max_batch_size"] == 2048
    assert {"max_seq_len", "max_batch_size", "max_num_tokens"} <= set(build.required)
    sampling = contract_for(PINNED).callables["SamplingParams"]
    assert sampling.parameters["max_tokens"] == 32
    assert {"max_tokens", "end_id", "detokenize"} <= set(sampling.required)


@pytest.mark.parametrize(
    ("name", "keywords", "says"),
    [
        ("BuildConfig", {"max_seq_len", "max_batch_size", "max_num_token"}, "'max_num_tokens'"),
        ("BuildConfig", {"max_seq_len", "max_batch_size"}, "needs max_num_tokens"),
        ("LLM", {"model", "stream_interval"}, "PyTorch backend only"),
        ("PyTorchLLM", {"model", "build_config"}, "no engine is built"),
        ("SamplingParams", {"max_tokens", "end_id", "detokenize", "random_seed"}, "seed"),
        ("QWenForCausalLM.quantize", {"hf_model_dir", "output_dir", "device"}, "no device"),
        ("PluginConfig", {"xyzzy"}, "no such parameter"),
        ("Nonsense", set(), "not in the contract"),
    ],
)
def test_check_refuses_and_says_why(name, keywords, says):
    with pytest.raises(EngineError, match=re.escape(says)):
        contract_for(PINNED).check(name, keywords)


def test_enum_members():
    contract = contract_for(PINNED)
    assert contract.check_enum("QuantAlgo", "W8A16") == "W8A16"
    with pytest.raises(EngineError, match="'W8A61' is not a QuantAlgo"):
        contract.check_enum("QuantAlgo", "W8A61")


def _sources():
    return sorted(PACKAGE.rglob("*.py"))


def test_no_module_imports_tensorrt_llm():
    """Only `compat.load` reaches it, at the moment of building."""
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            assert not any(name.split(".")[0] == "tensorrt_llm" for name in names), path


def test_what_is_loaded_is_in_the_contract():
    """Every `load("module", "name")` names a callable or an enum that the contract lists."""
    allowed = {callable_.path for callable_ in contract_for(PINNED).callables.values()}
    allowed |= {f"tensorrt_llm.llmapi.{name}" for name in contract_for(PINNED).enums}
    found = set()
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load":
                module, name = node.args
                if isinstance(module, ast.Constant) and isinstance(name, ast.Constant):
                    found.add(f"{module.value}.{name.value}")
    assert found <= allowed
    assert "tensorrt_llm.BuildConfig" in found  # the scan does find them


# Mutation: misspell, one at a time, every keyword the toolchain hands to the contract.

SOURCE = Path(engines.toolchain.__file__).read_text()


def _is_checked(node):
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "checked"


def _keyword_places():
    """(kind, line, column) of each keyword: a call's `name=` or a dict's "name"."""
    places = []
    for node in ast.walk(ast.parse(SOURCE)):
        if _is_checked(node):
            places += [("keyword", k.lineno, k.col_offset) for k in node.keywords if k.arg]
            for splat in (k.value for k in node.keywords if k.arg is None):
                if isinstance(splat, ast.Dict):
                    places += [
                        ("string", k.lineno, k.col_offset)
                        for k in splat.keys
                        if isinstance(k, ast.Constant)
                    ]
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "keywords":
            assert isinstance(node.value, ast.Dict)
            places += [("string", k.lineno, k.col_offset) for k in node.value.keys if k is not None]
    return places


def _misspelt(place):
    kind, line, column = place
    lines = SOURCE.splitlines(keepends=True)
    at = column + (kind == "string")
    text = lines[line - 1]
    assert text[at].isidentifier()
    lines[line - 1] = text[:at] + "z" + text[at:]
    return "".join(lines)


def test_mutation_finds_every_keyword():
    assert len(_keyword_places()) >= 28


def _both_routes(tools, make_plan, checkpoint, work):
    """Everything the toolchain can call: conversion, calibration, compilation, saving."""
    direct, sq = make_plan("fp16"), make_plan("int8-sq")
    dataset_folder = dataset(work, ["<custom_token_10>"])
    model = tools.convert(checkpoint, direct.architecture, direct.recipe, direct.rule)
    quantized = tools.calibrate(
        checkpoint, sq.architecture, sq.recipe, sq.rule, dataset_folder, work
    )
    for one, planned in ((model, direct), (quantized, sq)):
        engine = tools.compile(one, planned.recipe, planned.rule, None, work / "timing")
        tools.save(engine, work)


def test_the_unmutated_source_passes(host, make_plan, checkpoint, tmp_path):
    _both_routes(host.toolchain, make_plan, checkpoint, tmp_path)


@pytest.mark.parametrize("place", _keyword_places(), ids=lambda p: f"{p[0]}-{p[1]}-{p[2]}")
def test_a_misspelt_keyword_fails(place, double, make_plan, checkpoint, tmp_path):
    namespace = {"__name__": "engines.toolchain_mutant"}
    exec(compile(_misspelt(place), "toolchain_mutant.py", "exec"), namespace)
    mutant = namespace["TensorRTLLM"](engine_api(double.version))
    with pytest.raises(EngineError, match=r"does not take|needs"):
        _both_routes(mutant, make_plan, checkpoint, tmp_path)


@pytest.mark.parametrize("version", RELEASES)
def test_the_rules_name_only_known_plugins_and_algorithms(version):
    contract = contract_for(version)
    for fmt in every_format():
        for sm in ("8.0", "8.9", "9.0"):
            rule = quant_rule(fmt, ComputeCapability.parse(sm))
            if isinstance(rule, Impossible):
                continue
            contract.check("PluginConfig", rule.plugins)
            for algorithm in (rule.quant_algo, rule.kv_quant_algo):
                if algorithm is not None:
                    contract.check_enum("QuantAlgo", algorithm)
            for off in rule.off:  # each feature exists where the plan says it is set
                name = off.where.split(": ")[1]
                contract.check(name, {off.feature, *contract.callables[name].required})
