"""Speech to a file from vLLM on a GPU.

modal run deploy/vllm_batch.py --text "Good morning!" --output speech.wav
"""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
from functools import cached_property
from typing import TYPE_CHECKING, Any

import modal

from deploy.images import GPUS, VOLUME_PATH, persist, volume
from deploy.vllm_image import vllm_image
from tensorrt_tts.jobs import local

if TYPE_CHECKING:
    from tensorrt_tts.jobs.blocking import BlockingSpeaker

app = modal.App("tensorrt-tts-vllm-batch")


@app.cls(
    image=vllm_image(),
    gpu=GPUS["a100-80"],
    volumes={VOLUME_PATH: volume},
    scaledown_window=300,
    timeout=1800,
    startup_timeout=1800,
)
class Inference:
    model: str = modal.parameter(default="orpheus-3b")
    codec: str = modal.parameter(default="")
    backend: str = modal.parameter(default="vllm")
    device: str = modal.parameter(default="cuda")

    @cached_property
    def speaker(self) -> "BlockingSpeaker":
        """Loaded when the container enters; by the first use under `.local()`, which does not."""
        from tensorrt_tts.jobs.service import Service

        return Service(self.model, self.backend, self.device, self.codec).open_blocking()

    @modal.enter()
    def load(self) -> None:
        assert self.speaker
        persist()  # the checkpoint, and the kernels that the start compiled

    @modal.method()
    def speak(self, text: str, voice: str = "") -> tuple[bytes, dict[str, Any]]:
        """A WAV file, and its timing."""
        return self.speaker.speak(text, voice or None).as_tuple()

    @modal.exit()
    def close(self) -> None:
        self.speaker.close()


@app.local_entrypoint()
def main(
    text: str = "Good morning! This is speech from a language model.",
    voice: str = "",
    output: str = "speech.wav",
) -> None:
    path = local.output_path(output)
    wav, timing = Inference().speak.remote(text, voice)
    print(local.save_wav(wav, timing, path))
