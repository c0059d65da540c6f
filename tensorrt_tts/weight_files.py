"""A checkpoint's weight files: that they are there and whole, by their headers alone."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tensorrt_tts.files import read_json, unreadable

WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"

_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_POINTER = b"version https://git-lfs"


class WeightIndex(BaseModel):
    """weight_map: tensor to file name."""

    weight_map: dict[str, str]


def check_weights(folder: Path) -> None:
    """Raises CheckpointNotFoundError where weights are missing, CorruptCheckpointError where a file
    is cut short. Pickled weights (`pytorch_model.bin`) are left to who reads them.

    For before a library is asked, which says "invalid header length" and no file's name.
    """
    try:
        names = sorted(set(read_json(folder / INDEX, WeightIndex).weight_map.values()))
    except FileNotFoundError:
        names = [WEIGHTS]
        if not (folder / WEIGHTS).is_file():
            if any((folder / name).is_file() for name in _PICKLED):
                return
            raise CheckpointNotFoundError(
                f"no weights in '{folder}': expected {WEIGHTS}, or {INDEX} and the files it names; "
                "download the checkpoint completely"
            ) from None
    for name in names:
        if not (folder / name).is_file():
            raise CheckpointNotFoundError(
                f"'{folder / INDEX}' names {name}, which is missing; download the checkpoint "
                "completely"
            )
        check_safetensors(folder / name)


def check_safetensors(path: Path, remedy: str = "download it again") -> None:
    """Raises CorruptCheckpointError for a file that is not safetensors, or not all of it."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="np"):  # no torch for a header
            return
    except OSError as error:
        raise unreadable(path, error, CorruptCheckpointError) from error
    except Exception as error:  # the library's own, which has no base but Exception
        raise damaged(path, remedy) from error


def damaged(path: Path, remedy: str = "download it again") -> CorruptCheckpointError:
    """What to raise for a weight file that its library cannot read."""
    with path.open("rb") as file:
        pointer = file.read(len(_POINTER)) == _POINTER
    if pointer:
        return CorruptCheckpointError(
            f"'{path}' is a Git LFS pointer, not the weights; run `git lfs pull` in its folder"
        )
    return CorruptCheckpointError(
        f"'{path}' cannot be loaded: it is cut short or damaged, or of another kind; {remedy}"
    )
