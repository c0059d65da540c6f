"""Ids that a model does not have, refused before any device sees them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.errors import SettingError


def check_ids(prompt_ids: Sequence[int], sampling: Sampling, size: int) -> None:
    """size: ids that may be used, from 0.

    Raises SettingError for one outside: on a GPU it would be an illegal memory access, which ends
    the engine and every stream with it.
    """
    legal = () if sampling.legal is None else sampling.legal.slots
    ends = [end for slot in legal if slot for end in (slot[0], slot[-1])]
    for name, ids in (("prompt", prompt_ids), ("stop_ids", sampling.stop_ids), ("legal", ends)):
        outside = next((token for token in ids if not 0 <= token < size), None)
        if outside is not None:
            raise SettingError(
                f"{name} has id {outside}, the model's ids end at {size - 1}; use the tokenizer "
                "saved with it"
            )
