"""A checkpoint is known by its contents, also once its digests are remembered."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from tensorrt_tts.engine_folder.digest_cache import NAME
from tensorrt_tts.engine_folder.fingerprint import fingerprint, fingerprint_of


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "engines"


def test_it_is_of_contents_not_of_names(checkpoint, copy, root):
    assert fingerprint(copy, root) == fingerprint(checkpoint, root)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_it_sees_every_file_that_matters(checkpoint, copy, root, name):
    path = copy / name
    changed = bytearray(path.read_bytes())
    changed[-3] ^= 1
    path.write_bytes(changed)
    assert fingerprint(copy, root) != fingerprint(checkpoint, root)


def test_it_is_what_earlier_manifests_hold(tmp_path, root):
    """SHA-256 of one line a file: name, colon, the file's digest."""
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    lines = "".join(f"{name}:{hashlib.sha256(name.encode()).hexdigest()}\n" for name in ("b", "a"))
    wanted = hashlib.sha256(lines.encode()).hexdigest()
    assert fingerprint_of([tmp_path / "b", tmp_path / "a"], root) == wanted


def test_nothing_is_written_into_the_checkpoint(copy, root):
    before = sorted(copy.iterdir())
    fingerprint(copy, root)
    assert sorted(copy.iterdir()) == before
    assert not (copy / NAME).exists()
