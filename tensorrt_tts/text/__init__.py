"""Text before it becomes a prompt: normalisation, sentence segments, phonemes. No torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorrt_tts.text.spoken import spoken_form as spoken_form


def __getattr__(name: str) -> Any:
    if name == "spoken_form":
        return import_module("tensorrt_tts.text.spoken").spoken_form
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
