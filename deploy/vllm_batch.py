"""Speech to a file from vLLM on a GPU.

modal run deploy/vllm_batch.py --text "Good morning!" --output speech.wav
"""

# No `from __future__ import annotations`: Modal reads the types of class parameters as they stand.
import modal

from deploy.images import GPUS, VOLUME_PATH, volume
from deploy.jobs import local
from deploy.vllm_image import vllm_image
from deploy.warm_speaker import WarmInference

app = modal.App("tensorrt-tts-vllm-batch")


@app.cls(
    image=vllm_image(),
    gpu=GPUS["a100-80"],
    volumes={VOLUME_PATH: volume},
    scaledown_window=300,
    timeout=1800,
    startup_timeout=1800,
)
class Inference(WarmInference):
    backend: str = modal.parameter(default="vllm")


@app.local_entrypoint()
def main(
    text: str = "Good morning! This is speech from a language model.",
    voice: str = "",
    output: str = "speech.wav",
) -> None:
    path = local.output_path(output)
    local.check_request(text, voice)
    wav, timing = Inference().speak.remote(text, voice)
    print(local.save_wav(wav, timing, path))
