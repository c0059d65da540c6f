"""A tokenizer's ids as the released one has them, without its text."""

from __future__ import annotations

from collections.abc import Callable

from tensorrt_tts.families.spark.tokens import SparkTokens
from tests.support.tiny_spark import LABELS, MARKS

FIRST = 151665
"""The first id after Qwen2.5's own."""


def released_ids() -> dict[str, int]:
    """Codes as released (two ports of it agree on these); labels and marks in an order of ours."""
    names = [
        *(f"bicodec_global_{code}" for code in range(4096)),
        *(f"bicodec_semantic_{code}" for code in range(8192)),
        *(f"{name}_{number}" for name, count in LABELS.items() for number in range(count)),
        *MARKS,
    ]
    ids = {f"<|{name}|>": FIRST + index for index, name in enumerate(names)}
    return ids | {"<|im_end|>": 151645, "<|endoftext|>": 151643}


def resolved(
    change: Callable[[dict[str, int]], object] = lambda ids: None, vocab_size: int = 166000
) -> SparkTokens:
    ids = released_ids()
    change(ids)
    return SparkTokens.resolve(ids.get, vocab_size, 4096, 8192)
