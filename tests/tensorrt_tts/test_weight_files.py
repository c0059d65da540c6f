import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tensorrt_tts.errors import CheckpointError, CheckpointNotFoundError, CorruptCheckpointError
from tensorrt_tts.weight_files import INDEX, WEIGHTS, check_weights


def shard(folder: Path) -> None:
    """Two files and their index."""
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    for name in names:
        save_file({name: torch.zeros(8)}, folder / name)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": {n: n for n in names}}))


def test_whole_checkpoints(tmp_path: Path) -> None:
    shard(tmp_path)
    check_weights(tmp_path)
    (tmp_path / "one").mkdir()
    save_file({"a": torch.zeros(8)}, tmp_path / "one" / WEIGHTS)
    check_weights(tmp_path / "one")
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"")
    check_weights(tmp_path / "pickled")


def test_no_weights(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"no weights in .*expected model\.safetens"):
        check_weights(tmp_path)
    (tmp_path / WEIGHTS).mkdir()
    with pytest.raises(CheckpointNotFoundError, match="no weights in"):
        check_weights(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda path: path.unlink(), CheckpointNotFoundError, r"names model-00002.*is missing"),
        (lambda path: path.write_bytes(b""), CorruptCheckpointError, "cut short or damaged"),
        (lambda path: path.write_bytes(b"garbage"), CorruptCheckpointError, "cut short or damaged"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-1]),
            CorruptCheckpointError,
            r"model-00002-of-00002\.safetensors' cannot be loaded: it is cut short",
        ),
        (
            lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid x"),
            CorruptCheckpointError,
            "is a Git LFS pointer, not the weights; run `git lfs pull`",
        ),
    ],
    ids=["missing", "empty", "garbage", "cut", "pointer"],
)
def test_one_file_of_several(
    tmp_path: Path, spoil: object, error: type[CheckpointError], says: str
) -> None:
    shard(tmp_path)
    spoil(tmp_path / "model-00002-of-00002.safetensors")  # type: ignore[operator]
    with pytest.raises(error, match=says):
        check_weights(tmp_path)


@pytest.mark.parametrize(
    ("index", "says"),
    [
        ("{", "is not JSON"),
        ("{}", "weight_map is missing"),
        ('{"weight_map": ["a"]}', r"weight_map is \['a'\], not an object"),
        ('{"weight_map": {"a": 1}}', r"weight_map\.a is 1, not a string"),
    ],
)
def test_an_index_that_is_none(tmp_path: Path, index: str, says: str) -> None:
    (tmp_path / INDEX).write_text(index)
    with pytest.raises(CorruptCheckpointError, match=says):
        check_weights(tmp_path)
