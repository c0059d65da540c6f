"""What a container loads when it starts, from a few strings: model, backend, device, precision."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tensorrt_tts.backends.base import Backend
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.select import engines_root, open_codec
from tensorrt_tts.jobs.blocking import BlockingSpeaker
from tensorrt_tts.jobs.speaker import Speaker
from tensorrt_tts.loading import BACKENDS, known_backend, load_model
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class Service:
    """backend "trtllm" builds its engine first, where there is none for this GPU, and verifies it
    once (`jobs.engine.verified`). codec: a folder or hub id; empty for the model's own. precision:
    of the engine; empty for the model's default."""

    model: str = "orpheus-3b"
    backend: str = "trtllm"
    device: str = "cuda"
    codec: str = ""
    precision: str = ""
    max_streams: int = 16

    def open(self) -> Speaker:
        """Blocks until it can speak. Raises what building and loading raise."""
        model = self.load_model()
        backend = self.open_backend(model)
        return Speaker(Synthesizer(model, backend, self.open_codec(model)))

    def open_blocking(self) -> BlockingSpeaker:
        """The same, for callers without an event loop."""
        return BlockingSpeaker(self.open())

    def load_model(self) -> SpeechModel:
        return load_model(self.model, self.codec or None)

    def open_backend(self, model: SpeechModel) -> Backend:
        opener = known_backend(self.backend)
        if opener is BACKENDS["trtllm"]:
            from tensorrt_tts.backends.trtllm.opening import RuntimeOptions, open_engine
            from tensorrt_tts.jobs.engine import ready_engine, verified

            built = ready_engine(self.model, engines_root(), self.precision or None)
            print(verified(built.folder, self.model, self.codec or None), file=sys.stderr)
            return open_engine(built.folder, RuntimeOptions(max_streams=self.max_streams))
        return opener(model, self.device, self.max_streams)

    def open_codec(self, model: SpeechModel) -> Codec:
        return open_codec(model.codec_folder, device=self.device)


def free_bytes(device: str) -> int:
    """Memory that is free on a CUDA device now; the machine's own for "cpu"."""
    if device == "cpu":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    import torch

    free: int = torch.cuda.mem_get_info(device)[0]
    return free


def weight_bytes(folder: Path) -> int:
    """Of a checkpoint's or engine's weights, by their files."""
    patterns = ("*.safetensors", "*.engine", "*.bin")
    return sum(path.stat().st_size for pattern in patterns for path in folder.glob(pattern))
