"""What is accepted, and every kind of folder that is not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from engines.build import build_engine
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.check import check_engine
from tensorrt_tts.engine_folder.device import ComputeCapability
from tensorrt_tts.engine_folder.manifest import Inputs, Manifest, file_entries, write_manifest
from tensorrt_tts.errors import CorruptEngineError, EngineError, EngineMismatchError
from tests.support.engine_builds import A100, H100

VERSIONS = {"tensorrt_llm": "1.2.1", "tensorrt": "10.14.1.48"}


@pytest.fixture
def engine(host, make_plan, checkpoint, tmp_path):
    return build_engine(make_plan(), checkpoint, host, tmp_path).folder


@pytest.fixture
def foreign(engine):
    """As `trtllm-build` leaves it: no tokenizer, no manifest."""
    (engine / "manifest.json").unlink()
    (engine / "tokenizer.json").unlink()
    return engine


def _edit(folder, change):
    path = folder / "config.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_whole(engine):
    info = check_engine(engine, A100, VERSIONS, contents=True)
    assert info.unchecked == ()
    assert info.config.build_config.max_batch_size == 64
    assert info.manifest.inputs.product == A100.product


def test_on_a_laptop_what_stays_open_is_said(engine):
    unchecked = check_engine(engine).unchecked
    assert len(unchecked) == 2
    assert "no GPU" in unchecked[0]
    assert "not installed" in unchecked[1]


def test_foreign(foreign):
    info = check_engine(foreign, A100, VERSIONS)
    assert info.manifest is None
    assert len(info.unchecked) == 1
    assert "no manifest" in info.unchecked[0]


@pytest.mark.parametrize(
    ("device", "versions", "says"),
    [
        (H100, VERSIONS, r"built on 'NVIDIA A100.*capability 8\.0, this GPU has 9\.0"),
        (replace(A100, product="NVIDIA A100-SXM4-40GB"), VERSIONS, "this GPU is 'NVIDIA A100-SXM4"),
        (replace(A100, capability=ComputeCapability(8, 6)), VERSIONS, "this GPU has 8.6"),
        (
            A100,
            {**VERSIONS, "tensorrt_llm": "1.1.0"},
            r"tensorrt_llm 1\.2\.1, installed is 1\.1\.0",
        ),
        (A100, {**VERSIONS, "tensorrt": "10.13"}, r"tensorrt 10\.14\.1\.48, installed is 10\.13"),
    ],
)
def test_another_machine(engine, device, versions, says):
    with pytest.raises(EngineMismatchError, match=says) as caught:
        check_engine(engine, device, versions)
    assert "build again" in str(caught.value)


def test_another_version_without_manifest(foreign):
    with pytest.raises(EngineMismatchError, match=r"built with tensorrt_llm 1\.2\.1, installed"):
        check_engine(foreign, A100, {"tensorrt_llm": "1.0.0"})


def test_a_release_that_is_not_covered(foreign):
    _edit(foreign, lambda document: document.update(version="1.3.0rc5"))
    with pytest.raises(EngineError, match=r"newer than 1\.2\.1"):
        check_engine(foreign)


def test_one_flipped_bit(engine):
    path = engine / "rank0.engine"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    check_engine(engine)  # sizes agree: that is what contents=True is for
    with pytest.raises(CorruptEngineError, match="SHA-256"):
        check_engine(engine, contents=True)


@pytest.mark.parametrize("name", ["rank0.engine", "config.json", "tokenizer.json"])
def test_missing_and_truncated(engine, name):
    path = engine / name
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(CorruptEngineError, match=f"{name} has {len(data) - 1} bytes"):
        check_engine(engine)
    path.unlink()
    with pytest.raises(CorruptEngineError, match=f"{name} is missing"):
        check_engine(engine)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON .*; delete"),
        ("{}", "key is missing; delete"),
        ('{"schema_version": 2}', "schema_version is 2, .*; delete"),
    ],
)
def test_bad_manifest(engine, text, says):
    (engine / "manifest.json").write_text(text)
    with pytest.raises(CorruptEngineError, match=says):
        check_engine(engine)


@pytest.mark.parametrize(
    "architecture", [None, [], {}, {"vocab_size": None}, {"vocab_size": "9"}, {"vocab_size": 0}]
)
def test_a_plan_without_a_vocabulary(engine, architecture):
    path = engine / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["plan"]["architecture"] = architecture
    path.write_text(json.dumps(manifest))
    with pytest.raises(CorruptEngineError, match=r"plan: its architecture must .*; delete"):
        check_engine(engine)


def test_an_edited_manifest(engine):
    path = engine / "manifest.json"
    path.write_text(path.read_text().replace(A100.product, H100.product))
    with pytest.raises(CorruptEngineError, match="changed after the build"):
        check_engine(engine, H100, VERSIONS)


def _set(section, **values):
    return lambda document: document[section].update(values)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda d: d.pop("version"), CorruptEngineError, "version is missing"),
        (lambda d: d.pop("pretrained_config"), CorruptEngineError, "pretrained_config"),
        (lambda d: d.pop("build_config"), CorruptEngineError, "build_config"),
        (_set("build_config", max_seq_len=None), CorruptEngineError, "max_seq_len"),
        (_set("build_config", max_seq_len=99999), CorruptEngineError, "exceeds the model's"),
        (_set("build_config", use_strip_plan=True), CorruptEngineError, "holds no weights"),
        (
            _set("pretrained_config", quantization={"kv_cache_quant_algo": "INT8"}),
            CorruptEngineError,
            "INT8 KV cache with use_paged_context_fmha",
        ),
        (
            _set("pretrained_config", architecture="GPTForCausalLM"),
            EngineMismatchError,
            "holds a GPTForCausalLM",
        ),
        (_set("pretrained_config", mapping={"world_size": 2}), CorruptEngineError, "rank1.engine"),
        (_set("pretrained_config", hidden_size=256), CorruptEngineError, "truncated"),
    ],
)
def test_config_of_a_foreign_engine(foreign, change, error, says):
    _edit(foreign, change)
    with pytest.raises(error, match=says):
        check_engine(foreign)


def test_truncated_foreign_engine(foreign):
    path = foreign / "rank0.engine"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 4 // 5])
    with pytest.raises(CorruptEngineError, match="it is truncated"):
        check_engine(foreign)
    path.unlink()
    with pytest.raises(CorruptEngineError, match=r"has no rank0\.engine"):
        check_engine(foreign)


def test_weights_beside_the_engine_count(foreign):
    """manage_weights: a small plan and a large safetensors file."""
    path = foreign / "rank0.engine"
    data = path.read_bytes()
    path.write_bytes(data[:100])
    (foreign / "rank0_managed_weights.safetensors").write_bytes(data)
    check_engine(foreign)


@pytest.mark.parametrize("name", ["config.json", "missing", "empty", "half"])
def test_not_an_engine(tmp_path, engine, name):
    folder = tmp_path / "other"
    if name == "half":  # what a killed build leaves
        folder = shutil.copytree(engine, tmp_path / ".engine.building-x")
    elif name != "missing":
        folder.mkdir()
    if name == "config.json":
        (folder / name).write_text("{truncat")
    with pytest.raises(EngineError, match=r"build (one|again)"):
        check_engine(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rotary_base", 10000.5),
        ("rotary_scaling", {"rope_type": "linear", "factor": 2.0}),
        ("rotary_scaling", {"type": "unheard of"}),
        ("vocab_size", 28800),  # padded as AWQ would be, which this is not
        ("norm_epsilon", 1e-5),
    ],
)
def test_the_engine_of_another_checkpoint(foreign, checkpoint, field, value):
    """Engines of `trtllm-build` too; one made of a checkpoint of transformers 5, above all."""
    shape = read_architecture(checkpoint)
    assert -(-shape.vocab_size // 64) * 64 == 28800 != shape.vocab_size
    check_engine(foreign, checkpoint=shape)
    _edit(foreign, _set("pretrained_config", **{field: value}))
    check_engine(foreign)
    with pytest.raises(EngineMismatchError, match=f"has {field} .*, the checkpoint says"):
        check_engine(foreign, checkpoint=shape)


@pytest.mark.parametrize(
    ("field", "value"),
    [("head_size", 0), ("head_size", -64), ("vocab_size", 10**400), ("hidden_size", 2**31)],
)
def test_a_size_that_is_none(foreign, field, value):
    _edit(foreign, _set("pretrained_config", **{field: value}))
    with pytest.raises(CorruptEngineError, match=rf"config\.json': pretrained_config\.{field} is"):
        check_engine(foreign)


def test_other_kinds_are_checked_by_their_manifest(tmp_path):
    """A codec engine has no config.json of TensorRT-LLM's."""
    folder = tmp_path / "snac"
    folder.mkdir()
    (folder / "decoder.engine").write_bytes(b"plan")
    inputs = Inputs(
        kind="snac",
        checkpoint="0" * 64,
        recipe={"window": 32},
        product=A100.product,
        capability="8.0",
        versions={"tensorrt": "10.14.1.48"},
    )
    manifest = Manifest(
        key=inputs.key,
        inputs=inputs,
        source="snac",
        plan={},
        environment={},
        built_at="2026-01-01T00:00:00+00:00",
        seconds={},
        files=file_entries(folder),
    )
    write_manifest(folder, manifest)
    assert check_engine(folder, A100, VERSIONS, contents=True).config is None
    with pytest.raises(EngineMismatchError, match=r"this GPU has 9\.0"):
        check_engine(folder, H100, VERSIONS)
    (folder / "decoder.engine").write_bytes(b"pla")
    with pytest.raises(CorruptEngineError, match="3 bytes, 4 were written"):
        check_engine(folder, A100, VERSIONS)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("..", "no config.json"),
        (".", "is an unfinished build"),
        ("../.x.building-1", "is an unfinished build"),
        ("../.x.building-1/..", "no config.json"),
    ],
)
def test_a_folder_is_known_by_its_own_name(given, says, tmp_path, monkeypatch):
    (tmp_path / ".x.building-1").mkdir()
    monkeypatch.chdir(tmp_path / ".x.building-1")
    with pytest.raises(CorruptEngineError, match=says):
        check_engine(Path(given))
