import importlib.metadata
import json
import runpy
import shutil
import sys

import pytest

from engines import build, cli
from engines.cli import main
from engines.recipe import model_recipes
from tests.support.engine_builds import A100


def _run(capsys, *arguments):
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_build_here_prints_the_plan_then_one_error(capsys):
    """The acceptance case: this machine has neither the package nor a GPU."""
    code, out, err = _run(capsys, "build", "orpheus-3b", "--gpu", "a100")
    assert code == 4
    assert "Plan: orpheus-3b as fp16 on a100-80" in out
    assert err.count("\n") == 1
    assert err.startswith("error: cannot build here: this machine lacks the package tensorrt_llm")
    assert "GPU host" in err
    assert "make build-engine-modal" in err


def test_l4_fp16_says_why_and_what_can(capsys):
    code, out, err = _run(capsys, "build", "orpheus-3b", "--gpu", "l4")
    assert code == 5
    assert "int4-awq        audio" in out
    assert "fp16 on l4 cannot reach the 82.03 tok/s of real time (bound 44.6)" in err
    assert err.count("\n") == 1
    code, _, err = _run(capsys, "build", "orpheus-3b", "--gpu", "l4", "--offline")
    assert code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["plan", "orpheus-3b", "--gpu", "v100"], 2, "GPU 'v100' is unknown"),
        (["plan", "orpheus-9b", "--gpu", "l4"], 2, "model 'orpheus-9b' has no recipes"),
        (["plan", "orpheus-3b", "--gpu", "l4", "--precision", "int3"], 2, "precision 'int3'"),
        (["plan", "orpheus-3b", "--gpu", "a100", "--precision", "fp8"], 5, "is impossible"),
        (["plan", "orpheus-3b", "--gpu", "l4", "--checkpoint", "./none"], 3, "no folder"),
        (["check", "none"], 5, "no engine folder 'none'"),
        (
            ["plan", "orpheus-3b", "--gpu", "l4", "--precision", "fp8+kv-fp8", "--kv", "int8"],
            2,
            "contradicts",
        ),
        (["build", "orpheus-3b", "--gpu", "a100", "--calibration", "none"], 2, "cannot be read"),
    ],
)
def test_errors_are_one_line_with_their_code(capsys, arguments, code, says):
    found, _, err = _run(capsys, *arguments)
    assert found == code
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert says in err


def test_plan_as_json(capsys):
    arguments = ["plan", "orpheus-3b", "--gpu", "l4", "--precision", "int8", "--kv", "int8"]
    code, out, _ = _run(capsys, *arguments, "--json")
    assert code == 0
    document = json.loads(out)
    assert document["recipe"]["format"] == "int8+kv-int8"
    assert document["real_time"] == "no"


def test_plan_of_a_checkpoint_on_disk(capsys, checkpoint):
    arguments = ["plan", "orpheus-3b", "--gpu", "l4", "--checkpoint", str(checkpoint)]
    code, out, _ = _run(capsys, *arguments)
    assert code == 0
    assert "real time         needs 82.03 tok/s; yes" in out  # two layers are quick


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"max_position_embeddings": 2048}, 5, "max_position_embeddings 2048 of the checkpoint"),
        ({"max_position_embeddings": None}, 5, "max_position_embeddings 2048 of the checkpoint"),
        ({"quantization_config": {"quant_method": "gptq"}}, 3, "quantised already"),
        ({"vocab_size": 128256}, 3, "embed_tokens.weight has shape"),
        ({"head_dim": 63}, 3, "head_dim 63 is odd"),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, 5, "RoPE scaling of type 'yarn'"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "build"])
def test_an_unfit_checkpoint_is_refused_before_a_machine_is_asked_for(
    capsys, checkpoint, tmp_path, command, changes, code, says
):
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | changes))
    arguments = [command, "orpheus-3b", "--gpu", "a100", "--checkpoint", str(copy)]
    found, out, err = _run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert says in err


def test_a_checkpoint_without_key_value_heads_has_as_many_as_heads(capsys, tmp_path):
    """config.json alone is enough for a plan."""
    shape = model_recipes("orpheus-3b").architecture.model_dump(exclude={"num_key_value_heads"})
    (tmp_path / "config.json").write_text(json.dumps(shape))
    arguments = ["plan", "orpheus-3b", "--gpu", "a100", "--checkpoint", str(tmp_path)]
    code, out, _ = _run(capsys, *arguments)
    assert code == 0
    assert "336 KiB a token" in out  # 2 · 28 · 24 · 128 · 2 bytes


def test_recipes(capsys):
    code, out, _ = _run(capsys, "recipes")
    assert code == 0
    assert "spark-0.5b: formats" in out
    code, out, _ = _run(capsys, "recipes", "--json")
    assert json.loads(out)["orpheus-3b"]["a100-80"]["fp16"] == 64


def test_build_twice_then_check(capsys, double, checkpoint, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    config = json.loads((checkpoint / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"rope_theta": 5e5}))
    monkeypatch.setattr(build, "find_device", lambda: A100)
    monkeypatch.setattr(cli, "find_device", lambda: A100)
    arguments = ["build", "orpheus-3b", "--gpu", "a100", "--output", str(tmp_path)]
    arguments += ["--checkpoint", str(checkpoint), "--precision", "int8"]
    code, out, err = _run(capsys, *arguments)
    assert code == 0
    assert "(built)" in out
    assert "compile for the GPU" in err
    code, out, _ = _run(capsys, *arguments)
    assert "(already there, nothing to do)" in out
    folder = out.splitlines()[-1].split(" (")[0]
    code, out, _ = _run(capsys, "check", folder)
    assert code == 0
    assert "W8A16" in out
    assert "not checked" not in out
    code, _, err = _run(capsys, "check", folder, "--checkpoint", str(other))
    assert code == 5
    assert "the checkpoint says" in err
    code, out, _ = _run(
        capsys, "check", folder, "--checkpoint", str(checkpoint), "--quick", "--json"
    )
    assert json.loads(out)["built_on"] == A100.product


@pytest.mark.parametrize(
    ("installed", "says"),
    [
        ({"tensorrt_llm": "1.2.1", "tensorrt": "10.13.3.9"}, "installed is 10.13.3.9"),
        ({"tensorrt_llm": "1.2.1", "tensorrt-cu13": "10.14.2"}, "installed is 10.14.2"),
        ({"tensorrt_llm": "1.2.1"}, "tensorrt 10.14.1.48, installed is none"),
        ({"tensorrt": "11.0"}, "installed is 11.0"),  # a host of the codec's engine alone
        ({"tensorrt_llm": "1.2.0", "tensorrt": "10.14.1.48"}, "tensorrt_llm 1.2.1, installed is"),
        ({"tensorrt_llm": "1.2.1", "tensorrt-cu13": "10.14.1.48"}, None),
        ({}, None),
    ],
)
def test_check_compares_what_a_server_would(
    capsys, double, host, make_plan, checkpoint, tmp_path, monkeypatch, installed, says
):
    built = build.build_engine(make_plan("int8"), checkpoint, host, tmp_path)
    monkeypatch.setattr(cli, "find_device", lambda: A100)

    def version(package):
        if package not in installed:
            raise importlib.metadata.PackageNotFoundError(package)
        return installed[package]

    monkeypatch.setattr(importlib.metadata, "version", version)
    code, out, err = _run(capsys, "check", str(built.folder))
    assert code == (0 if says is None else 5)
    assert (says or "") in err
    assert err.count("\n") == (says is not None)
    assert ("not checked" in out) == (not installed)


def test_ctrl_c(capsys, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "plan", interrupted)
    code, _, err = _run(capsys, "plan", "orpheus-3b", "--gpu", "l4")
    assert code == 130
    assert "nothing half-built" in err


def test_importing_main_runs_nothing(monkeypatch):
    """TensorRT-LLM's MPI workers import the entry module again, under another name."""
    monkeypatch.setattr(sys, "argv", ["engines"])
    runpy.run_module("engines.__main__", run_name="__worker__")
