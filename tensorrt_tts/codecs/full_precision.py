"""Convolutions in whole float32: cuDNN would otherwise round their inputs to TF32's ten bits.

torch lets it by default. With TF32 a window and the whole stream, whose shapes choose different
kernels, differ by more than one step of int16, so that streaming would change what is heard.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch

_lock = threading.Lock()
_inside = 0
_before = True


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """For as long as it lasts; then the process has its own setting back. The flag is torch's own
    and one for all threads, so the first to come in sets it and the last to leave sets it back."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = _tf32()
            _set(_before, False)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _set(_before, _before)


def _tf32() -> bool:
    """Whether convolutions may use it. The older flag cannot be read once the newer ones, of each
    operation, have been set apart (torch 2.9 on)."""
    convolutions = getattr(torch.backends.cudnn, "conv", None)
    if convolutions is None:
        return bool(torch.backends.cudnn.allow_tf32)
    return str(convolutions.fp32_precision) == "tf32"


def _set(before: bool, allowed: bool) -> None:
    """Nothing, where it was off: whoever turned it off, in whatever way, keeps that."""
    if before:
        torch.backends.cudnn.allow_tf32 = allowed
