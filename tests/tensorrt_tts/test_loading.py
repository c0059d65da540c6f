import errno
import inspect
import json
import pkgutil
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import torch

from tensorrt_tts.checkpoint_folder import demo_folder, find
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
    MissingDependencyError,
    SettingError,
)
from tensorrt_tts.families.orpheus.spec import DEMO, SamplingDefaults
from tensorrt_tts.loading import (
    BACKENDS,
    check_device,
    known_backend,
    known_spec,
    load_model,
    open_synthesizer,
)
from tensorrt_tts.tokenizer import TextTokenizer
from tests.support.tiny_orpheus import tiny_model_folders
from tests.support.tiny_snac import TINY, write_snac


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Copies that a test may spoil."""
    model, codec = tiny_model_folders()
    shutil.copytree(model, tmp_path / "lm")
    shutil.copytree(codec, tmp_path / "codec")
    return str(tmp_path / "lm"), str(tmp_path / "codec")


def test_a_folder(folders: tuple[str, str]) -> None:
    model = load_model(*folders)
    assert model.spec.name == "orpheus-english"
    assert model.family.tokens.codebook_size == TINY.codebook_size
    assert model.family.tokenizer.token_id("<custom_token_0>") == model.family.tokens.custom_base


def test_spec_can_be_chosen(folders: tuple[str, str]) -> None:
    assert load_model(*folders, spec="veena").spec.name == "veena"
    with pytest.raises(SettingError, match=r"'klingon' is unknown; choose one of: orpheus-english"):
        load_model(*folders, spec="klingon")


def test_an_adapter_is_no_model(folders: tuple[str, str]) -> None:
    """Alone it has no config.json; beside a model some backends would add it and some not."""
    (Path(folders[0]) / "adapter_config.json").write_text("{}")
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"LoRA adapter.*merge_and_unload"):
            load_model(*folders)
        (Path(folders[0]) / "config.json").unlink(missing_ok=True)


def test_unknown_backend_fails_before_loading() -> None:
    with pytest.raises(
        SettingError, match=r"backend 'abacus' is unknown; choose one of: reference"
    ):
        open_synthesizer("/nowhere", "abacus")


@pytest.mark.parametrize(
    ("file", "content", "error", "says"),
    [
        ("config.json", None, CheckpointNotFoundError, r"no config\.json"),
        ("config.json", "{", CorruptCheckpointError, r"config\.json"),
        ("config.json", "{}", CorruptCheckpointError, "vocab_size"),
        ("tokenizer.json", None, CheckpointNotFoundError, r"no tokenizer\.json"),
        ("tokenizer.json", "{}", CorruptCheckpointError, "not a readable tokenizer"),
    ],
)
def test_spoilt_folders(
    folders: tuple[str, str],
    file: str,
    content: str | None,
    error: type[Exception],
    says: str,
) -> None:
    path = Path(folders[0]) / file
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=says):
        load_model(*folders)


def test_codec_and_model_that_do_not_belong_together(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    other = write_snac(tmp_path / "other", TINY.model_copy(update={"codebook_size": 64}))
    with pytest.raises(CorruptCheckpointError, match="do not belong together"):
        load_model(folders[0], str(other))


def test_vocabulary_size_comes_from_the_config(folders: tuple[str, str]) -> None:
    path = Path(folders[0]) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vocab_size": 100}))
    with pytest.raises(CorruptCheckpointError, match="vocab_size 100"):
        load_model(*folders)


@pytest.mark.parametrize(
    "name", ["./none", "/none/at/all", "none", "a/b/c", "foo bar/baz", "a/b--c"]
)
def test_no_such_folder(name: str) -> None:
    with pytest.raises(CheckpointNotFoundError, match=f"no folder '{name}'"):
        find(name, ("*",))


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub client is in offline mode in all tests."""
    with pytest.raises(CheckpointError, match=r"owner/name is not in the local cache and the hub"):
        find("owner/name", ("*",))
    with pytest.raises(CheckpointError, match=r"owner/name.*its mirror too: owner/mirror"):
        find("owner/name", ("*",), mirror="owner/mirror")


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("GatedRepoError", CheckpointError, "gated: accept its licence"),
        ("RepositoryNotFoundError", CheckpointNotFoundError, "check the spelling"),
    ],
)
def test_what_the_hub_answers(
    monkeypatch: pytest.MonkeyPatch, kind: str, error: type[Exception], says: str
) -> None:
    import huggingface_hub
    from huggingface_hub import errors

    def refuse(*_: object, **__: object) -> None:
        response = httpx.Response(403, request=httpx.Request("GET", "https://hub.invalid"))
        raise getattr(errors, kind)("refused", response=response)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(error, match=says):
        find("owner/name", ("*",))


def answered(status: int) -> Exception:
    from huggingface_hub.errors import HfHubHTTPError

    response = httpx.Response(status, request=httpx.Request("GET", "https://hub.invalid"))
    return HfHubHTTPError(f"{status} for url: https://hub.invalid", response=response)


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "cannot be stored .*HF_HOME"),
        (httpx.ReadTimeout("timed out"), "broke off; try again, .* .timed out.$"),
        (
            httpx.ConnectError("[Errno -2] Name or service not known"),
            "the hub cannot be reached for",
        ),
        (httpx.ProxyError("502 Bad Gateway"), "cannot be reached .* check network and proxy"),
        (answered(503), "the hub answered 503 for owner/name; try again later"),
        (answered(429), "takes no more requests from here for owner/name; wait some minutes"),
        (answered(451), "the hub refuses owner/name with 451; check the id"),
        (httpx.RemoteProtocolError(""), "broke off; .* .RemoteProtocolError.$"),
    ],
    ids=str,
)
def test_a_broken_download(monkeypatch: pytest.MonkeyPatch, failure: Exception, says: str) -> None:
    import huggingface_hub

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(CheckpointError, match=says):
        find("owner/name", ("*",))


@pytest.mark.parametrize(
    ("device", "error"), [("banana", SettingError), ("cuda", MissingDependencyError)]
)
def test_a_device_that_is_not_there_fails_before_loading(
    device: str, error: type[Exception]
) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(error, match=f"device '{device}'"):
        open_synthesizer("none", device=device)


def test_retrained_weights_bring_their_sampling() -> None:
    """A folder of the demo voice's kind samples as its generation_config.json says, as `demo`."""
    shipped = load_model("demo")
    opened = load_model(str(shipped.folder), codec=str(shipped.codec_folder))
    assert opened.spec.name == "demo"
    assert opened.sampling == shipped.sampling


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tts_spec": ["a"]}, r"tts_spec is \['a'\], not a string"),
        ({"tts_spec": 3}, "tts_spec is 3, not a string"),
        ({"tts_spec": "klingon"}, "tts_spec 'klingon' is unknown; choose one of: orpheus-english"),
        ({"vocab_size": "156940"}, "vocab_size is '156940', not a whole number"),
        ({"vocab_size": 156940.0}, r"vocab_size is 156940\.0, not a whole number"),
        ({"vocab_size": True}, "vocab_size is True, not a whole number"),
        ({"vocab_size": -5}, "vocab_size is -5, which must be above 0"),
        ({"vocab_size": None}, "vocab_size is None, not a whole number"),
        ({"tts_full_vocab_size": 1.5}, r"tts_full_vocab_size is 1\.5, not a whole number"),
    ],
)
def test_a_config_is_checked(
    folders: tuple[str, str], change: dict[str, object], says: str
) -> None:
    path = Path(folders[0]) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptCheckpointError, match=rf"lm/config\.json': {says}"):
        load_model(*folders)


def saved_settings(folders: tuple[str, str], content: str) -> SamplingDefaults:
    """Of a folder of the demo voice's kind, the only one whose settings are read."""
    (Path(folders[0]) / "generation_config.json").write_text(content)
    return load_model(*folders, spec="demo").sampling


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1]", r"the content is \[1\], not an object"),
        ("{", "is not JSON .*download it again"),
        ('{"temperature": "warm"}', "temperature 'warm' is not a number; use 0.0 to 2.0"),
        ('{"temperature": 5.0}', r"temperature 5\.0 is out of range; use 0\.0 to 2\.0"),
        ('{"temperature": NaN}', "temperature nan is out of range"),
        ('{"temperature": -0.1}', r"temperature -0\.1 is out of range"),
        ('{"temperature": true}', "temperature True is not a number"),
        ('{"top_p": 0}', r"top_p 0 is out of range; use 0\.01 to 1\.0"),
        ('{"top_p": [0.9]}', r"top_p \[0\.9\] is not a number"),
        ('{"top_k": 50.0}', r"top_k 50\.0 is not a whole number"),
        ('{"top_k": -1}', "top_k -1 is out of range"),
        ('{"repetition_penalty": Infinity}', "repetition_penalty inf is out of range"),
        ('{"do_sample": "no"}', "do_sample 'no' is not true or false; use one of them"),
        ('{"do_sample": "false"}', "do_sample 'false' is not true or false"),
        ('{"do_sample": 0}', "do_sample 0 is not true or false"),
        ('{"do_sample": [%s0]}' % ("0, " * 999), "do_sample .{40} is not true or false"),
        ('{"temperature": ""}', "temperature '' is not a number"),
        ('{"temperature": {"value": 0.6}}', "temperature {'value': 0.6} is not a number"),
        ('{"temperature": 1%s}' % ("0" * 400), "temperature 10{39} is out of range"),
        ('{"top_k": 1%s}' % ("0" * 5000), "is not JSON .*download it again"),
    ],
)
def test_saved_settings_are_checked_as_a_requests(
    folders: tuple[str, str], content: str, says: str
) -> None:
    with pytest.raises(CorruptCheckpointError, match=rf"generation_config\.json'.*{says}"):
        saved_settings(folders, content)


def test_saved_settings(folders: tuple[str, str]) -> None:
    default = saved_settings(folders, "{}")
    assert saved_settings(folders, '{"temperature": null, "top_k": null}') == default
    assert saved_settings(folders, '{"temperature": 0.3, "top_k": 40, "do_sample": true}') == (
        replace(default, temperature=0.3, top_k=40)
    )
    greedy = saved_settings(folders, '{"do_sample": false, "temperature": 0.7, "top_p": 0.5}')
    assert greedy == replace(default, temperature=0.0, top_p=0.5)


def test_saved_settings_that_cannot_be_read(folders: tuple[str, str]) -> None:
    path = Path(folders[0]) / "generation_config.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(CorruptCheckpointError, match="is a folder, not a file"):
        load_model(*folders, spec="demo")


def test_files_with_a_byte_order_mark(folders: tuple[str, str]) -> None:
    for folder, name in ((0, "config.json"), (0, "tokenizer.json"), (1, "config.json")):
        path = Path(folders[folder]) / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_model(*folders).spec.name == "orpheus-english"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[]", "not a readable tokenizer|not an object"),
        (b'{"model": {"type": "Abacus"}}', "does not know its content; download it again, or"),
        (b"\xff\xfe{", "is not UTF-16"),
        (b'{"a": "\xe9"}', "is not UTF-8: byte 7 is 0xe9"),
    ],
)
def test_tokenizers_that_are_none(folders: tuple[str, str], content: bytes, says: str) -> None:
    (Path(folders[0]) / "tokenizer.json").write_bytes(content)
    with pytest.raises(CorruptCheckpointError, match=says):
        load_model(*folders)


@pytest.mark.parametrize("spelled", [" veena", "Veena", "VEENA\n"])
def test_names_are_found_in_any_case(folders: tuple[str, str], spelled: str) -> None:
    assert load_model(*folders, spec=spelled).spec.name == "veena"
    known = known_spec(spelled)
    assert known is not None
    assert known.name == "veena"


@pytest.mark.parametrize("spelled", ["vllm", "vLLM", " VLLM "])
def test_backends_are_found_in_any_case(spelled: str) -> None:
    assert known_backend(spelled) is BACKENDS["vllm"]


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_is_opened_by_the_same_three(name: str) -> None:
    opens = pkgutil.resolve_name(BACKENDS[name].where)
    inspect.signature(opens).bind(Path(), device="cpu", max_streams=1)


@pytest.mark.parametrize(
    ("name", "opens", "options"),
    [
        ("trtllm", "tensorrt_tts.backends.trtllm.opening.open_checkpoint", {"max_streams": 3}),
        ("trtllm-pytorch", "tensorrt_tts.backends.trtllm.opening.open_pytorch", {"max_streams": 3}),
        (
            "vllm",
            "vllm_inference.backend.VLLMBackend.from_folder",
            {"max_streams": 3, "device": "cuda"},
        ),
    ],
)
def test_a_backend_gets_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, name: str, opens: str, options: dict[str, object]
) -> None:
    monkeypatch.setattr(opens, lambda folder, options: (folder, options))
    model = SimpleNamespace(folder=Path("weights"))
    folder, found = BACKENDS[name](model, "cuda", 3)
    assert folder == Path("weights")
    assert {field: getattr(found, field) for field in options} == options


def test_loading_imports_no_backend_and_no_voice() -> None:
    code = "import sys, tensorrt_tts.loading; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = ended.stdout.split()
    assert "tensorrt_tts.loading" in imported
    backends = {opener.where.partition(":")[0] for opener in BACKENDS.values()}
    assert not {*backends, "vllm_inference", "engines", "demo_voice"} & set(imported)


def test_a_folder_is_not_taken_for_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Veena").mkdir()
    assert known_spec("Veena") is None
    assert known_spec("veena") is not None


@pytest.mark.parametrize("device", ["cpu", " CPU"])
def test_devices_are_spelled_as_torch_does(device: str) -> None:
    assert check_device(device) == "cpu"


@pytest.mark.parametrize("device", ["cuda:2", "CUDA:7", " cuda:100"])
def test_a_gpu_that_this_machine_has_not(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [check_device(known) for known in ("cuda", "cuda:0", "Cuda:1")] == [
        "cuda",
        "cuda:0",
        "cuda:1",
    ]
    with pytest.raises(MissingDependencyError, match=r"device 'cuda:\d+': of the 2 NVIDIA GPUs"):
        check_device(device)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no folder ''"),
        ("x" * 300, "no folder 'x"),
        ("~nobody-of-that-name/x", "no folder '~nobody"),
        ("a\0/b", "no folder 'a"),
    ],
)
def test_names_that_are_no_path(name: str, says: str) -> None:
    with pytest.raises(CheckpointNotFoundError, match=says):
        find(name, ("*",))


def test_a_file_where_a_folder_should_be(folders: tuple[str, str]) -> None:
    with pytest.raises(CheckpointNotFoundError, match="is a file; give the folder it lies in"):
        find(f"{folders[0]}/model.safetensors", ("*",))


def test_the_tokenizer_adds_nothing() -> None:
    tokenizer = TextTokenizer(tiny_model_folders()[0])
    assert len(tokenizer.encode("tara: hi")) == 8
    assert tokenizer.encode("") == []


def test_the_voice_that_ships_is_as_it_was() -> None:
    """Alone it is spelled in its prompt, and its folder names no voices."""
    model = load_model()
    assert model.spec is DEMO
    prompt = model.family.prompt("həlˈO ðˈɛɹ.", model.spec.voice(None))
    heart = (20, 59, 57, 63, 29, 10, 4)
    hello = (20, 40, 24, 52, 13, 4, 35, 52, 41, 45, 5)
    assert prompt.ids == (91, 0, *heart, *hello, 1, 92, 93, 89)
    assert prompt.text == range(9, 20)
    assert known_spec("demo") is DEMO


def test_voices_that_the_folder_of_the_demo_voice_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads((demo_folder("lm") / "config.json").read_text())
    config["tts_voices"] = [
        {"name": "heart", "languages": ["en"]},
        {"name": "hf_alpha", "languages": ["hi", "en"], "friendly_name": "Asha"},
    ]
    shutil.copytree(demo_folder("lm"), tmp_path / "lm")
    (tmp_path / "lm" / "config.json").write_text(json.dumps(config))
    model = load_model(str(tmp_path / "lm"), str(demo_folder("codec")))
    assert [voice.name for voice in model.spec.voices] == ["heart", "hf_alpha"]
    assert known_spec(str(tmp_path / "lm")) is known_spec(str(tmp_path / "lm"), "demo") is None
    monkeypatch.setattr(
        "tensorrt_tts.checkpoint_folder.demo_folder", lambda part, _: tmp_path / part
    )
    known = known_spec("demo")
    assert known is not None
    assert known.voice("asha").name == "hf_alpha"
