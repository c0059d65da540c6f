"""The real `Synthesizer` and a real (tiny) SNAC around `BackendDouble`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.loading import load_model
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.tiny_orpheus import write_tokenizer
from tests.support.tiny_snac import TINY, write_snac


@lru_cache(maxsize=1)
def _folders() -> tuple[Path, Path]:
    """(language model, codec). The language model has no weights: the double needs none, and
    writing some would import transformers."""
    root = Path(mkdtemp(prefix="double-"))
    language_model = root / "lm"
    language_model.mkdir()
    size = write_tokenizer(language_model, TINY.codebook_size)
    config = {"vocab_size": size, "tts_spec": "orpheus-english"}
    (language_model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return language_model, write_snac(root / "codec")


def double_synthesizer(
    backend: BackendDouble,
    options: StreamOptions,
    codec: Codec | None = None,
    model: SpeechModel | None = None,
) -> Synthesizer:
    """codec: instead of the tiny SNAC. model: instead of English Orpheus, whose first voice is
    tara."""
    language_model, folder = _folders()
    model = model or load_model(str(language_model), str(folder))
    return Synthesizer(model, backend, codec or SnacCodec.from_folder(folder), options)
