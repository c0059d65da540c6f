"""The codes of a shard of speech, as files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tensorrt_tts.errors import SettingError

Codes = NDArray[np.uint16]


def save_codes(path: Path, codes: Codes, frames: NDArray[np.int64]) -> None:
    """Codes [all frames, 7] of a shard, and frames of each utterance."""
    partial = path.with_suffix(".tmp.npz")
    np.savez(partial, codes=codes, starts=np.cumsum(frames) - frames, frames=frames)
    os.replace(partial, path)


def load_codes(work: Path, name: str, folder: str = "tokens") -> Iterator[Codes]:
    """Codes [frames, 7] of each utterance of a shard, in order.

    Raises SettingError if there are none yet.
    """
    path = work / folder / f"{name}.npz"
    if not path.exists():
        command = "tokenize" if folder == "tokens" else folder
        raise SettingError(f"no codes of {name} in '{path.parent}'; run `{command}` first")
    with np.load(path) as arrays:
        codes, starts, frames = (arrays[key] for key in ("codes", "starts", "frames"))
    return (codes[start : start + length] for start, length in zip(starts, frames, strict=True))
