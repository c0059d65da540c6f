"""Ids that a model does not have, refused before any device sees them. Pure."""

from __future__ import annotations

from tensorrt_tts.backends.base import Prompt, Sampling
from tensorrt_tts.errors import SettingError


def check_ids(prompt: Prompt, sampling: Sampling, size: int) -> None:
    """size: ids that may be used, from 0.

    Raises SettingError for one outside: on a GPU it would be an illegal memory access, which ends
    the engine and every stream with it.
    """
    grammar = sampling.grammar
    ends = [end for ids in (*grammar.prefix, *grammar.cycle) for end in (ids[0], ids[-1])]
    for name, ids in (("prompt", prompt.ids), ("stops", grammar.stops), ("grammar", ends)):
        outside = next((token for token in ids if not 0 <= token < size), None)
        if outside is not None:
            raise SettingError(
                f"{name} has id {outside}, the model's ids end at {size - 1}; use the tokenizer "
                "saved with it"
            )
