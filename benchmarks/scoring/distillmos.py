"""Predicted mean opinion score (1 to 5) by DistillMOS (MIT).

Install with `pip install --no-deps distillmos xls-r-sqa==0.1.0`: their declared torchaudio is only
used by their command line, and its wheel wants CUDA libraries.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.scoring.wer import ASR_RATE, to_rate


def _import_distillmos() -> Any:
    """Import with empty torchaudio modules in place, taken away again afterwards."""
    names = ["torchaudio", *(f"torchaudio.{part}" for part in ("transforms", "functional"))]
    placed = [name for name in names if name not in sys.modules]
    for name in placed:
        sys.modules[name] = types.ModuleType(name)
    try:
        return importlib.import_module("distillmos")
    finally:
        for name in placed:
            del sys.modules[name]


class OpinionScore:
    """DistillMOS v7; `OpinionScore()(audio, rate)` is the score."""

    def __init__(self) -> None:
        try:
            package = _import_distillmos()
        except ImportError as error:
            raise ImportError(
                "DistillMOS is not installed; run "
                "`pip install --no-deps distillmos xls-r-sqa==0.1.0`"
            ) from error
        self._model: torch.nn.Module = package.ConvTransformerSQAModel().eval()

    @torch.no_grad()
    def __call__(self, audio: NDArray[np.float32], rate: int) -> float:
        """audio [samples], full scale 1."""
        return float(self._model(torch.from_numpy(to_rate(audio, rate, ASR_RATE))[None]))
