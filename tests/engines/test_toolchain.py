"""Every keyword that the toolchain passes is held to the contract."""

import ast
from pathlib import Path

import pytest

import engines
import engines.toolchain
import tensorrt_tts
from engines.calibration import dataset
from engines.quant_rules import Impossible, quant_rule
from tensorrt_tts.engine_folder.contract import contract_for
from tensorrt_tts.engine_folder.device import ComputeCapability
from tensorrt_tts.engine_folder.formats import every_format
from tensorrt_tts.engine_folder.releases import PINNED, engine_api
from tensorrt_tts.errors import EngineError

RELEASES = ("1.2.1", "0.21.0")


def _sources():
    packages = (engines, tensorrt_tts)
    return sorted(path for one in packages for path in Path(one.__file__).parent.rglob("*.py"))


def test_no_module_imports_tensorrt_llm():
    """Only `releases.load` reaches it, at the moment of building or loading."""
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
                match node.args:
                    case [ast.Constant(module), ast.Constant(name)]:
                        found.add(f"{module}.{name}")
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
