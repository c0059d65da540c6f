import errno
import json
import shutil
from pathlib import Path

import httpx
import pytest
import torch

from tensorrt_tts.checkpoint_folder import find
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
    MissingDependencyError,
    SettingError,
)
from tensorrt_tts.loading import load_model, open_synthesizer
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
    assert model.tokens.codebook_size == TINY.codebook_size
    assert model.tokenizer.token_id("<custom_token_0>") == model.tokens.custom_base


def test_spec_can_be_chosen(folders: tuple[str, str]) -> None:
    assert load_model(*folders, spec="veena").spec.name == "veena"
    with pytest.raises(SettingError, match=r"'klingon' is unknown; choose one of: orpheus-english"):
        load_model(*folders, spec="klingon")


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
        ("tokenizer.json", "{", CorruptCheckpointError, "not a readable tokenizer"),
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


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "cannot be stored .*HF_HOME"),
        (httpx.ReadTimeout("timed out"), "broke off .timed out."),
        (httpx.RemoteProtocolError(""), "broke off .RemoteProtocolError."),
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


@pytest.mark.parametrize("spec", [["a"], 3])
def test_a_spec_that_is_no_name(folders: tuple[str, str], spec: object) -> None:
    path = Path(folders[0]) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tts_spec": spec}))
    with pytest.raises(SettingError, match="is unknown; choose one of"):
        load_model(*folders)


def test_the_tokenizer_adds_nothing() -> None:
    tokenizer = TextTokenizer(tiny_model_folders()[0])
    assert len(tokenizer.encode("tara: hi")) == 8
    assert tokenizer.encode("") == []
