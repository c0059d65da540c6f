"""Building with the double: what is passed, what is published, and every fault."""

import errno
import json
import math
import shutil
import tempfile
import threading
from dataclasses import replace

import pytest
from safetensors.numpy import save_file

from engines import build, toolchain
from engines.build import Host, build_engine, preflight, this_host
from engines.check_plan import check_planned
from engines.plan import plan
from engines.progress import Progress
from engines.toolchain import TensorRTLLM
from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.check import check_engine
from tensorrt_tts.engine_folder.device import ComputeCapability, Device
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.engine_folder.manifest import (
    file_entries,
    find_engines,
    read_manifest,
    write_manifest,
)
from tensorrt_tts.engine_folder.releases import engine_api
from tensorrt_tts.errors import (
    CorruptCheckpointError,
    EngineError,
    EngineMismatchError,
    MissingDependencyError,
)
from tests.support.engine_builds import A100, H100

LLAMA3 = {
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def _edit(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def _visible(root):
    return sorted(p.name for p in root.iterdir() if not p.name.endswith((".lock", ".cache")))


def test_direct_route(double, host, make_plan, checkpoint, tmp_path):
    planned = make_plan("int8")
    built = build_engine(planned, checkpoint, host, tmp_path)
    assert built.fresh
    converted = double.called("LLaMAForCausalLM.from_hugging_face")
    assert converted["hf_model_or_dir"].endswith("/.work/checkpoint")
    assert converted["dtype"] == "float16"
    assert double.called("QuantConfig") == {"quant_algo": "W8A16", "kv_cache_quant_algo": None}
    asked, limits = double.called("BuildConfig"), planned.recipe.limits
    assert asked["max_seq_len"] == limits.max_seq_len == 4608
    assert asked["max_batch_size"] == limits.max_batch_size == 96
    assert asked["opt_batch_size"] == 48
    config = json.loads((built.folder / "config.json").read_text())
    plugins = config["build_config"]["plugin_config"]
    assert plugins["use_paged_context_fmha"] is True
    assert plugins["use_fp8_context_fmha"] is False
    assert plugins["gemm_plugin"] == "auto"
    assert sorted(p.name for p in built.folder.iterdir()) == [
        "config.json",
        "manifest.json",
        "rank0.engine",
        "tokenizer.json",
    ]
    assert "quantize" not in str([name for name, _ in double.calls])


@pytest.mark.parametrize(
    ("fmt", "gpu_name", "device"),
    [
        ("int8+kv-int8", "a100", A100),  # through the native calibrators, which want an untied head
        ("int8-sq", "a100", A100),
        ("fp8+kv-fp8", "h100", H100),
        ("int4-awq", "h100", H100),
        ("int4-awq+kv-int8", "a100", A100),
    ],
)
def test_calibrated_routes(fmt, gpu_name, device, double, host, make_plan, checkpoint, tmp_path):
    built = build_engine(
        make_plan(fmt, gpu_name), checkpoint, replace(host, device=device), tmp_path
    )
    asked = double.called("LLaMAForCausalLM.quantize")
    assert asked["calib_batches"] == (32 if "awq" in fmt else 512)
    assert len(double.calibrated_on) == 512
    assert all(text.count("<custom_token_") > 1024 for text in double.calibrated_on)
    check_engine(built.folder, device, host.toolchain.versions(), contents=True)
    config = json.loads((built.folder / "config.json").read_text())
    paged = config["build_config"]["plugin_config"]["use_paged_context_fmha"]
    assert paged is ("kv-int8" not in fmt)
    assert not (built.folder / ".work").exists()


def test_an_old_release_is_built_with_its_own_contract(
    monkeypatch, make_plan, checkpoint, tmp_path
):
    from tests.support.tensorrt_llm_builder import Double

    double = Double(version="0.21.0")
    double.install(monkeypatch)
    host = Host(A100, 64 * 10**9, TensorRTLLM(engine_api("0.21.0")))
    built = build_engine(make_plan(), checkpoint, host, tmp_path)
    assert json.loads((built.folder / "config.json").read_text())["version"] == "0.21.0"


def test_real_streams_reach_the_calibrator(double, host, make_plan, checkpoint, tmp_path):
    build_engine(make_plan("int8-sq"), checkpoint, host, tmp_path, [[7] * 7], ("leo",))
    for text in double.calibrated_on:
        assert "leo: " in text
        assert "<custom_token_17>" in text
        assert "<custom_token_18>" not in text


def test_a_tokenizer_without_audio_tokens_stops_before_the_gpu_is_used(
    double, host, make_plan, checkpoint, tmp_path
):
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    document = json.loads((copy / "tokenizer.json").read_text())
    document["added_tokens"] = document["added_tokens"][:2]
    (copy / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(CorruptCheckpointError, match="lacks '<custom_token_10>'"):
        build_engine(make_plan("int8-sq"), copy, host, tmp_path / "out")
    assert double.calls == []
    assert not (tmp_path / "out").exists()


def test_manifest(host, make_plan, checkpoint, tmp_path):
    planned = make_plan()
    built = build_engine(planned, checkpoint, host, tmp_path)
    manifest = read_manifest(built.folder)
    assert manifest.key == manifest.inputs.key
    assert built.folder.name == f"orpheus-3b-a100-80-fp16-{manifest.key}"
    assert manifest.inputs.product == "NVIDIA A100-SXM4-80GB"
    assert manifest.inputs.versions == {"tensorrt_llm": "1.2.1", "tensorrt": "10.14.1.48"}
    assert manifest.inputs.recipe["max_batch_size"] == 64
    assert manifest.plan == json.loads(json.dumps(planned.to_dict()))
    assert manifest.environment["driver"] == "580.65.06"
    assert set(manifest.files) == {"config.json", "rank0.engine", "tokenizer.json"}
    assert list(manifest.seconds)[-1] == "check and describe"
    assert find_engines(tmp_path, "tensorrt-llm") == [(built.folder, manifest)]
    assert find_engines(tmp_path, "snac") == []


def test_the_second_time_nothing_is_done(double, host, make_plan, checkpoint, tmp_path):
    first = build_engine(make_plan(), checkpoint, host, tmp_path)
    calls = len(double.calls)
    second = build_engine(make_plan(), checkpoint, host, tmp_path)
    assert (second.folder, second.fresh, len(double.calls)) == (first.folder, False, calls)


@pytest.mark.parametrize("change", ["format", "weights", "driver", "release"])
def test_what_makes_another_engine(change, double, host, make_plan, checkpoint, tmp_path):
    first = build_engine(make_plan(), checkpoint, host, tmp_path)
    planned, source = make_plan("int8" if change == "format" else "fp16"), checkpoint
    if change == "weights":
        source = shutil.copytree(checkpoint, tmp_path / "copy")
        weights = bytearray((source / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (source / "model.safetensors").write_bytes(weights)
    if change == "driver":
        host = replace(host, device=replace(host.device, driver="600.1"))
    if change == "release":
        double.version = "1.1.0"
        host = replace(host, toolchain=TensorRTLLM(engine_api("1.1.0")))
    second = build_engine(planned, source, host, tmp_path)
    assert (second.folder == first.folder) is (change == "driver")
    assert second.fresh is (change != "driver")


def test_timings_are_reused(double, host, make_plan, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    build_engine(make_plan(), checkpoint, host, tmp_path / "out")
    assert double.called("BuildConfig")["input_timing_cache"] is None
    build_engine(make_plan("int8"), checkpoint, host, tmp_path / "out")
    reused = double.called("BuildConfig")["input_timing_cache"]
    assert reused.endswith(".timing-a100-80-nvidia-a100-sxm4-80gb-10-14-1-48.cache")
    assert not (tmp_path / "model.cache").exists()


# Faults


@pytest.mark.parametrize("where", ["build", "Engine.save", "Engine.saved"])
@pytest.mark.parametrize("kind", ["interrupt", "full disk", "crash"])
def test_nothing_half_built_is_kept(where, kind, double, host, make_plan, checkpoint, tmp_path):
    def fail():
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "full disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        raise RuntimeError("Internal Error: no kernel image\nmore lines")

    double.on[where] = fail
    expected = {
        "interrupt": (KeyboardInterrupt, None),
        "full disk": (EngineError, "no space left"),
        "crash": (EngineError, r"failed for orpheus-3b as fp16: Internal Error: no kernel image$"),
    }[kind]
    with pytest.raises(expected[0], match=expected[1]):
        build_engine(make_plan(), checkpoint, host, tmp_path)
    assert _visible(tmp_path) == []
    double.on.clear()
    assert build_engine(make_plan(), checkpoint, host, tmp_path).fresh


def test_an_engine_that_is_not_what_was_planned_is_not_published(
    double, host, make_plan, checkpoint, tmp_path, monkeypatch
):
    """The builder clamps or ignores a setting: found now, not on the first request."""
    real = TensorRTLLM.save

    def clamped(self, engine, folder):
        real(self, engine, folder)
        document = json.loads((folder / "config.json").read_text())
        document["build_config"]["max_batch_size"] = 8
        (folder / "config.json").write_text(json.dumps(document))

    monkeypatch.setattr(TensorRTLLM, "save", clamped)
    with pytest.raises(EngineMismatchError, match="max_batch_size 8, the plan says 64"):
        build_engine(make_plan(), checkpoint, host, tmp_path)
    assert _visible(tmp_path) == []


@pytest.mark.parametrize("damage", ["truncate", "delete", "manifest"])
def test_a_damaged_engine_is_rebuilt(damage, host, make_plan, checkpoint, tmp_path):
    first = build_engine(make_plan(), checkpoint, host, tmp_path)
    engine = first.folder / "rank0.engine"
    size = engine.stat().st_size
    if damage == "truncate":
        engine.write_bytes(engine.read_bytes()[:-1])
    elif damage == "delete":
        engine.unlink()
    else:
        (first.folder / "manifest.json").write_text("{")
    second = build_engine(make_plan(), checkpoint, host, tmp_path)
    assert (second.fresh, second.folder) == (True, first.folder)
    assert engine.stat().st_size == size
    assert _visible(tmp_path) == [first.folder.name]


def test_an_engine_from_before_a_check_is_built_again(host, make_plan, checkpoint, tmp_path):
    """Equal inputs, whole, and wrong all the same: RoPE as transformers 4 read it."""
    first = build_engine(make_plan(), checkpoint, host, tmp_path)
    config = first.folder / "config.json"
    _edit(config, lambda document: document["pretrained_config"].update(rotary_base=5e5))
    manifest = read_manifest(first.folder)
    write_manifest(first.folder, manifest.model_copy(update={"files": file_entries(first.folder)}))
    check_engine(first.folder)
    second = build_engine(make_plan(), checkpoint, host, tmp_path)
    assert (second.fresh, second.folder) == (True, first.folder)


def test_two_builds_at_once(double, host, make_plan, checkpoint, tmp_path):
    """The second waits, then finds the first one's engine."""
    compiling, released, results = threading.Event(), threading.Event(), []

    def pause():
        compiling.set()
        assert released.wait(60)

    double.on["build"] = pause

    class Waiting(Progress):
        def note(self, text):
            assert "another build" in text
            released.set()

    def run(progress):
        results.append(build_engine(planned, checkpoint, host, tmp_path, progress=progress))

    planned = make_plan()
    first = threading.Thread(target=run, args=(Progress(),))
    first.start()
    assert compiling.wait(60)
    run(Waiting())
    first.join()
    assert sorted(result.fresh for result in results) == [False, True]
    assert results[0].folder == results[1].folder
    assert [name for name, _ in double.calls].count("build") == 1


# What is refused before any work


def test_the_wrong_gpu(host, make_plan, tmp_path):
    with pytest.raises(EngineMismatchError, match=r"this is NVIDIA H100.*GPU=h100"):
        preflight(make_plan(), replace(host, device=H100), tmp_path)
    laptop = Device("NVIDIA GeForce RTX 4070", 12282, ComputeCapability(8, 9), "1")
    with pytest.raises(EngineMismatchError, match="has no recipes"):
        preflight(make_plan(), replace(host, device=laptop), tmp_path)


def test_too_little_memory_and_disk(host, make_plan, tmp_path, monkeypatch):
    with pytest.raises(MissingDependencyError, match="needs 0 GB of memory"):
        preflight(make_plan(), replace(host, memory=10**6), tmp_path)
    monkeypatch.setattr(build, "free_disk", lambda folder: 10**6)
    with pytest.raises(EngineError, match="GB are free; free some or pass --output"):
        preflight(make_plan(), host, tmp_path / "not" / "there")


def test_a_cut_vocabulary_is_refused(double, host, make_plan, checkpoint, tmp_path):
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    AudioVocabulary(config["vocab_size"], (range(100, 200),)).write(copy)
    with pytest.raises(EngineError, match=r"cut vocabulary.*use the whole checkpoint"):
        build_engine(make_plan(), copy, host, tmp_path / "out")
    assert double.calls == []


def test_this_host_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(build, "find_device", lambda: None)
    with pytest.raises(
        MissingDependencyError,
        match=r"lacks the package tensorrt_llm==1\.2\.1 and an NVIDIA GPU.*GPU host.*Modal",
    ):
        this_host()
    monkeypatch.setattr(build, "find_device", lambda: A100)
    with pytest.raises(MissingDependencyError, match=r"lacks the package tensorrt_llm==1\.2\.1;"):
        this_host()


def test_this_host_with_everything(double, monkeypatch):
    monkeypatch.setattr(build, "find_device", lambda: A100)
    found = this_host()
    assert found.device == A100
    assert found.toolchain.versions()["tensorrt_llm"] == "1.2.1"
    double.version = "1.4.0rc1"
    with pytest.raises(EngineError, match="has no TensorRT backend"):
        this_host()


def test_every_route_of_every_recipe_runs(double, host, make_plan, checkpoint, tmp_path):
    """All listed formats on a GPU with FP8, one after another, into one folder."""
    from engines.recipe import model_recipes

    formats = model_recipes("orpheus-3b").formats("h100")
    for fmt in formats:
        planned = make_plan(str(fmt), "h100")
        built = build_engine(planned, checkpoint, replace(host, device=H100), tmp_path)
        info = check_engine(built.folder, H100, host.toolchain.versions(), planned)
        assert info.unchecked == ()
    assert len(find_engines(tmp_path, "tensorrt-llm")) == len(formats)
    assert Format.parse("fp8+kv-fp8") in formats


# What is awkward in the toolchain


@pytest.mark.parametrize("fmt", ["int4-awq", "int4-awq+kv-int8", "int8"])
def test_a_padded_vocabulary(fmt, host, make_plan, checkpoint, tmp_path):
    """AWQ's exporter pads to a multiple of 64; the manifest still knows what the checkpoint has."""
    planned = make_plan(fmt)
    size = planned.architecture.vocab_size
    rows = 64 * math.ceil(size / 64) if "awq" in fmt else size
    assert planned.vocab_rows == rows
    assert (rows > size) is ("awq" in fmt)
    built = build_engine(planned, checkpoint, host, tmp_path)
    info = check_planned(built.folder, planned)
    assert info.config.pretrained_config.vocab_size == rows
    assert info.vocab_size == size


@pytest.mark.parametrize("fmt", ["fp16", "int8+kv-int8", "int8-sq"])
@pytest.mark.parametrize(
    ("written", "base", "scaling"),
    [
        (
            {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3}},
            5e5,
            {"rope_type": "llama3", **LLAMA3},
        ),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}, 1e6, None),
        ({"rope_theta": 2e4, "rope_scaling": {"type": "linear", "factor": 4.0}}, 2e4, None),
    ],
)
def test_rope_reaches_the_engine(fmt, written, base, scaling, host, make_plan, copy, tmp_path):
    """However the checkpoint spells it, of which transformers 4 reads one way."""
    _edit(copy / "config.json", lambda config: config.update(written))
    planned = plan(make_plan(fmt).recipe, read_architecture(copy))
    built = build_engine(planned, copy, host, tmp_path / "out")
    engine = json.loads((built.folder / "config.json").read_text())["pretrained_config"]
    assert engine["rotary_base"] == base
    if "rope_parameters" in written:
        assert engine["rotary_scaling"] == scaling
    else:
        assert engine["rotary_scaling"]["rope_type"] == "linear"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rotary_base", 10000.0),
        ("rotary_scaling", None),
        ("rotary_scaling", {"rope_type": "llama3", **LLAMA3, "factor": 8.0}),
        ("norm_epsilon", 1e-5),
        ("num_key_value_heads", 2),
    ],
)
def test_an_engine_that_speaks_another_language_is_not_published(
    field, value, host, make_plan, copy, tmp_path, monkeypatch
):
    rope = {"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3}
    _edit(copy / "config.json", lambda config: config.update(rope_parameters=rope))
    planned = plan(make_plan().recipe, read_architecture(copy))
    real = TensorRTLLM.save

    def changed(self, engine, folder):
        real(self, engine, folder)
        _edit(
            folder / "config.json",
            lambda document: document["pretrained_config"].update({field: value}),
        )

    monkeypatch.setattr(TensorRTLLM, "save", changed)
    with pytest.raises(EngineMismatchError, match=f"has {field} "):
        build_engine(planned, copy, host, tmp_path / "out")
    assert _visible(tmp_path / "out") == []


@pytest.mark.parametrize("fmt", ["fp16", "int8+kv-int8", "int8-sq"])
@pytest.mark.parametrize(
    "place",
    ["prompt-tuned", "vila-voices/v1", "LLaVA", "exaone", "cnn_dailymail", "ScienceQA", "lambada"],
)
def test_a_path_that_tensorrt_llm_takes_for_another_model(
    fmt, place, double, host, make_plan, checkpoint, tmp_path
):
    """In the checkpoint's path, and in the path of all that is built."""
    source = shutil.copytree(checkpoint, tmp_path / place / "checkpoint")
    output = tmp_path / place / "engines"
    built = build_engine(make_plan(fmt), source, host, output)
    assert check_engine(built.folder).vocab_size == make_plan().architecture.vocab_size
    assert len(double.calibrated_on) in (0, 512)


def test_no_neutral_path_anywhere(host, make_plan, checkpoint, tmp_path, monkeypatch):
    temporary = tmp_path / "prompts"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(EngineError, match=r"both .* contain 'mpt'; pass --output, or set TMPDIR"):
        build_engine(make_plan(), checkpoint, host, tmp_path / "prompt-tuned")
    assert _visible(tmp_path / "prompt-tuned") == []
    assert list(temporary.iterdir()) == []


def test_an_int8_cache_beside_awq(double, host, make_plan, checkpoint, tmp_path, monkeypatch):
    """Its scales come of the quantisers that the toolchain adds; what leaves them out is noticed
    before an engine is compiled, and a release that is not known to take them is refused."""
    build_engine(make_plan("int4-awq+kv-int8"), checkpoint, host, tmp_path / "built")
    assert double.kv_cache_cfg["*[kv]_bmm_quantizer"]["num_bits"] == 8
    double.kv_cache_cfg.clear()
    double.calls.clear()
    monkeypatch.setattr(toolchain, "INT8_KV_QUANTIZERS", {})
    with pytest.raises(EngineMismatchError, match="kv_cache_quant_algo None, the plan says INT8"):
        build_engine(make_plan("int4-awq+kv-int8"), checkpoint, host, tmp_path / "unscaled")
    assert "build" not in [name for name, _ in double.calls]
    old = replace(host, toolchain=TensorRTLLM(engine_api("0.21.0")))
    with pytest.raises(EngineError, match=r"0\.21\.0 is not known to export the scales.*--kv int8"):
        build_engine(make_plan("int4-awq+kv-int8"), checkpoint, old, tmp_path / "old")


def test_scales_that_are_missing(double, host, make_plan, checkpoint, tmp_path):
    def forget():
        (folder,) = (tmp_path / "out").glob(".*building*")
        save_file({}, folder / ".work" / "quantized" / "rank0.safetensors")

    double.on["quantized"] = forget
    with pytest.raises(EngineMismatchError, match=r"lacks transformer\.layers\.0\.attention\.kv_"):
        build_engine(make_plan("int8+kv-int8"), checkpoint, host, tmp_path / "out")


def test_a_plan_of_another_checkpoint(double, host, make_plan, copy, tmp_path):
    _edit(copy / "config.json", lambda config: config.update(rope_theta=5e5))
    with pytest.raises(EngineMismatchError, match=r"made for another checkpoint.*--checkpoint"):
        build_engine(make_plan(), copy, host, tmp_path / "out")
    assert double.calls == []
