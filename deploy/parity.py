"""Streamed against batch audio on the GPU: generate once, decode the same tokens both ways.

    modal run deploy/parity.py [--model orpheus-3b] [--prompts 3]

Fails unless nothing is missing and every sample agrees to one step of int16.
"""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
from functools import cached_property
from typing import TYPE_CHECKING

import modal

from deploy.images import GPUS, VOLUME_PATH, persist, trtllm_image, volume

if TYPE_CHECKING:
    from tensorrt_tts.jobs.blocking import BlockingSpeaker

app = modal.App("tensorrt-tts-parity")


@app.cls(
    image=trtllm_image(),
    gpu=GPUS["a100-80"],
    volumes={VOLUME_PATH: volume},
    timeout=1800,
    startup_timeout=3600,
)
class Parity:
    model: str = modal.parameter(default="orpheus-3b")
    codec: str = modal.parameter(default="")
    backend: str = modal.parameter(default="trtllm")
    device: str = modal.parameter(default="cuda")

    @cached_property
    def speaker(self) -> "BlockingSpeaker":
        """Loaded when the container enters; by the first use under `.local()`, which does not."""
        from tensorrt_tts.jobs.service import Service

        return Service(self.model, self.backend, self.device, self.codec).open_blocking()

    @modal.enter()
    def load(self) -> None:
        assert self.speaker
        persist()  # an engine that was just built

    @modal.method()
    def compare(self, prompts: int = 3) -> tuple[bool, str]:
        """Whether all agree, and the table."""
        from tensorrt_tts.jobs.parity import compare

        return self.speaker.run(compare(self.speaker.speaker.synthesizer, prompts))

    @modal.exit()
    def close(self) -> None:
        self.speaker.close()


@app.local_entrypoint()
def main(model: str = "orpheus-3b", prompts: int = 3) -> None:
    job = Parity(model=model)  # type: ignore[call-arg]  # made by modal.parameter
    same, table = job.compare.remote(prompts)
    print(table)
    if not same:
        raise SystemExit("streamed and batch audio differ")
