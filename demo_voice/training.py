"""What the training steps share: falling rates, leaving when asked to, whole checkpoints."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


def learning_rate(share: float, peak: float) -> float:
    """Constant, then a cosine to a twentieth over the last 40 % of the budget."""
    fall = max(0.0, (share - 0.6) / 0.4)
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, fall))))


@dataclass
class Stop:
    """Set by SIGTERM: finish the step, save, leave."""

    asked: bool = False

    def install(self) -> None:
        """Catch the signal."""

        def ask(*_: object) -> None:
            self.asked = True

        signal.signal(signal.SIGTERM, ask)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)
