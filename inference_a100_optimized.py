"""Speech from a warm A100 on Modal: whole, streamed, or measured.

    modal run inference_a100_optimized.py --text "Good morning!"
    modal run inference_a100_optimized.py --text "Good morning!" --streaming
    modal run inference_a100_optimized.py --benchmark

The container stays warm for ten minutes. Its engine lives in a volume, keyed by its manifest, and
is built by the first container that finds none for its GPU (a quarter of an hour).
"""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
from collections.abc import Iterator

import modal

from deploy.images import GPUS, VOLUME_PATH, trtllm_image, volume
from deploy.jobs import local
from deploy.warm_speaker import WarmInference

app = modal.App("tensorrt-tts-a100")


@app.cls(
    image=trtllm_image(),
    gpu=GPUS["a100-80"],
    volumes={VOLUME_PATH: volume},
    scaledown_window=600,
    timeout=600,
    startup_timeout=3600,  # a first start builds the engine
)
@modal.concurrent(max_inputs=8)
class Inference(WarmInference):
    backend: str = modal.parameter(default="trtllm")
    precision: str = modal.parameter(default="")

    @modal.method()
    def stream(self, text: str, voice: str = "") -> Iterator[tuple[int, bytes]]:
        """Sample rate and int16 PCM, chunk by chunk."""
        for chunk in self.speaker.stream(text, voice or None):
            yield self.speaker.sample_rate, chunk

    @modal.method()
    def benchmark(self, runs: int = 5) -> str:
        """Medians by text length, as a table."""
        return self.speaker.benchmark_report(runs)


@app.local_entrypoint()
def main(
    text: str = "Good morning! This is speech from a language model.",
    voice: str = "",
    streaming: bool = False,
    benchmark: bool = False,
    output: str = "speech.wav",
    model: str = "orpheus-3b",
) -> None:
    path = local.output_path(output)
    if not benchmark:
        local.check_request(text, voice, model)
    inference = Inference(model=model)  # type: ignore[call-arg]  # made by modal.parameter
    if benchmark:
        print(inference.benchmark.remote())
    elif streaming:
        print(local.save_stream(inference.stream.remote_gen(text, voice), path))
    else:
        print(local.save_wav(*inference.speak.remote(text, voice), path))
