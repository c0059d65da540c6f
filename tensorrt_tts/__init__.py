"""Streaming speech from text-to-speech language models: the run-time half of the toolkit.

Importing this package imports no torch, no transformers and no engine; a name below is imported
when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorrt_tts.codecs.schedule import HopSchedule as HopSchedule
    from tensorrt_tts.errors import TTSError as TTSError
    from tensorrt_tts.loading import open_synthesizer as open_synthesizer
    from tensorrt_tts.loading import synthesize as synthesize
    from tensorrt_tts.speech import AudioChunk as AudioChunk
    from tensorrt_tts.speech import SpeechReport as SpeechReport
    from tensorrt_tts.speech import SpeechRequest as SpeechRequest
    from tensorrt_tts.speech_task import Speech as Speech
    from tensorrt_tts.stream_options import StreamOptions as StreamOptions
    from tensorrt_tts.synthesizer import Synthesizer as Synthesizer

__version__ = "0.1.0"

_HOMES = {
    "AudioChunk": "speech",
    "HopSchedule": "codecs.schedule",
    "Speech": "speech_task",
    "SpeechReport": "speech",
    "SpeechRequest": "speech",
    "StreamOptions": "stream_options",
    "Synthesizer": "synthesizer",
    "TTSError": "errors",
    "open_synthesizer": "loading",
    "synthesize": "loading",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
