"""Streamed against batch audio on the GPU: generate once, decode the same tokens both ways.

    modal run deploy/parity.py [--model orpheus-3b] [--prompts 3]

Fails unless nothing is missing and every sample agrees to one step of int16.
"""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
import modal

from deploy.images import GPUS, VOLUME_PATH, trtllm_image, volume
from deploy.warm_speaker import WarmSpeaker

app = modal.App("tensorrt-tts-parity")


@app.cls(
    image=trtllm_image(),
    gpu=GPUS["a100-80"],
    volumes={VOLUME_PATH: volume},
    timeout=1800,
    startup_timeout=3600,
)
class Parity(WarmSpeaker):
    backend: str = modal.parameter(default="trtllm")

    @modal.method()
    def compare(self, prompts: int = 3) -> tuple[bool, str]:
        """Whether all agree, and the table."""
        from deploy.jobs.parity import compare

        return self.speaker.run(compare(self.speaker.speaker.synthesizer, prompts))


@app.local_entrypoint()
def main(model: str = "orpheus-3b", prompts: int = 3) -> None:
    job = Parity(model=model)  # type: ignore[call-arg]  # made by modal.parameter
    same, table = job.compare.remote(prompts)
    print(table)
    if not same:
        raise SystemExit("streamed and batch audio differ")
