"""What a container loads when it starts, from a few strings: model, backend, device, precision."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from deploy.jobs.blocking import BlockingSpeaker
from deploy.jobs.speaker import Speaker
from tensorrt_tts.backends.base import Backend
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.select import engines_root
from tensorrt_tts.loading import BACKENDS, known_backend, load_model
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
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
            from deploy.jobs.engine import ready_engine, verified
            from tensorrt_tts.backends.trtllm.opening import RuntimeOptions, open_engine

            built = ready_engine(self.model, engines_root(), self.precision or None)
            print(verified(built.folder, self.model, self.codec or None), file=sys.stderr)
            return open_engine(built.folder, RuntimeOptions(max_streams=self.max_streams))
        return opener(model, self.device, self.max_streams)

    def open_codec(self, model: SpeechModel) -> Codec:
        return model.spec.open_codec(model.codec_folder, device=self.device)
