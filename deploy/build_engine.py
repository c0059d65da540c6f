"""Builds an engine on the GPU it is for, into the volume that the inference apps read.

    modal run deploy/build_engine.py --gpu a100 --model orpheus-3b [--precision int8] [--kv int8]

The plan is printed here first, and an impossible one is refused before any GPU is rented.
"""

from __future__ import annotations

import modal

from deploy.images import GPUS, VOLUME_PATH, persist, trtllm_image, volume
from engines import gpus
from engines.cli import planned
from engines.plan_table import render

app = modal.App("tensorrt-tts-build")


@app.cls(
    image=trtllm_image(),
    gpu=GPUS["a100-80"],
    volumes={VOLUME_PATH: volume},
    memory=64 * 1024,
    timeout=2 * 3600,
)
class Builder:
    @modal.method()
    def build(self, model: str, precision: str = "", kv: str = "") -> str:
        """Returns the engine's folder, whether it was built now, and whether it says what its
        weights say. Raises EngineMismatchError when it does not."""
        from deploy.jobs.engine import ready_engine, verified
        from tensorrt_tts.codecs.select import engines_root

        built = ready_engine(model, engines_root(), precision or None, kv or None)
        try:
            return f"{built}\n{verified(built.folder, model)}"
        finally:
            persist()  # the engine, and the verdict on it


def plan_text(gpu: str, model: str, precision: str = "", kv: str = "") -> str:
    """Raises ImpossiblePlanError or SettingError, before a GPU is rented."""
    return render(planned(model, gpu, precision or None, kv or None))


@app.local_entrypoint()
def main(gpu: str = "a100", model: str = "orpheus-3b", precision: str = "", kv: str = "") -> None:
    print(plan_text(gpu, model, precision, kv))
    rented = GPUS[gpus.gpu(gpu).name]
    builder = Builder.with_options(gpu=rented)()  # type: ignore[attr-defined]  # a modal.Cls
    print(builder.build.remote(model, precision, kv))
