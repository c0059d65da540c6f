"""Where a model looks while it speaks, for one whose heads were trained to look at what it says.

As in Whisper's checkpoints, "alignment_heads" names them: pairs of a layer and a head. Attention as
it runs gives no weights away, so those few heads' are computed once more, over the text alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Head = tuple[int, int]
"""(layer, head)."""


def rotated(vectors: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """Rotary embedding of vectors (n, head_dim) at one position; cos, sin: (head_dim / 2,)."""
    first, second = np.split(vectors, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def most_looked_at(queries: np.ndarray, keys: Sequence[np.ndarray], scale: float) -> int:
    """Which of n places the heads look at most, together.

    queries: (heads, head_dim). keys: of each head, (n, head_dim).
    """
    weights: np.ndarray = np.zeros(len(keys[0]), np.float32)
    for query, places in zip(queries, keys, strict=True):
        scores = scale * (places @ query)
        exponents = np.exp(scores - scores.max())
        weights += exponents / exponents.sum()
    return int(weights.argmax())
