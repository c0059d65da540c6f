"""Speech from an L4 on Modal, which cannot stream Orpheus in real time from 16-bit weights.

    modal run deploy/inference_l4.py --text "Good morning!" [--precision int8] [--in-turn]

Language model and codec are loaded in turn when they do not fit together, or when --in-turn asks
for it. `python -m engines plan orpheus-3b --gpu l4` says what can be real time here (int4-awq).
"""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
import asyncio
from typing import Any

import modal

from deploy.images import GPUS, VOLUME_PATH, persist, trtllm_image, volume
from deploy.jobs import local
from deploy.warm_speaker import ModelParameters
from engines.cli import planned

app = modal.App("tensorrt-tts-l4")


@app.cls(
    image=trtllm_image(),
    gpu=GPUS["l4"],
    volumes={VOLUME_PATH: volume},
    scaledown_window=300,
    timeout=1800,
    startup_timeout=3600,
)
class Inference(ModelParameters):
    backend: str = modal.parameter(default="trtllm")
    precision: str = modal.parameter(default="fp16")

    @modal.method()
    def speak(
        self, text: str, voice: str = "", in_turn: bool = False
    ) -> tuple[bytes, dict[str, Any]]:
        """A WAV file, and its timing with the phases."""
        from deploy.jobs.sequential import load_and_speak

        spoken = asyncio.run(load_and_speak(self.options(), text, voice or None, in_turn))
        persist()
        return spoken.as_tuple()


@app.local_entrypoint()
def main(
    text: str = "Good morning! This is speech from a language model.",
    voice: str = "",
    precision: str = "fp16",
    in_turn: bool = False,
    output: str = "speech.wav",
) -> None:
    path = local.output_path(output)
    local.check_request(text, voice)
    planned("orpheus-3b", "l4", precision)
    inference = Inference(precision=precision)  # type: ignore[call-arg]  # made by modal.parameter
    wav, timing = inference.speak.remote(text, voice, in_turn)
    print(local.save_wav(wav, timing, path))
