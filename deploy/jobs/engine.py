"""The engine of a known model on the GPU at hand: found, or planned, built and published.

A container calls it when it starts. The first one on a GPU builds (a quarter of an hour for a 3B
model), later ones find the folder by its manifest and do nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engines.build import build_engine, this_host
from engines.build_once import Built
from engines.checkpoint import resolve
from engines.cli import planned
from engines.gpus import identify
from engines.progress import Progress
from engines.recipe import model_recipes
from engines.verification import read_verification
from tensorrt_tts.engine_folder.manifest import read_manifest
from tensorrt_tts.errors import EngineMismatchError
from tensorrt_tts.loading import known_spec


def ready_engine(
    model: str, root: Path, precision: str | None = None, kv: str | None = None
) -> Built:
    """model: a name from `python -m engines recipes`. root: where engines are kept.

    Raises MissingDependencyError without a GPU or tensorrt_llm, EngineMismatchError for a GPU that
    has no recipes, and what `engines.build.build_engine` raises.
    """
    host = this_host()
    found = identify(host.device.product, host.device.memory_mib)
    if found is None:
        raise EngineMismatchError(
            f"no recipes for {host.device.product} ({host.device.memory_mib} MiB); see `python -m "
            "engines recipes`"
        )
    recipes = model_recipes(model)
    checkpoint = resolve(recipes.hub_id, recipes.mirror, recipes.subfolder)
    wanted = planned(model, found.name, precision, kv, str(checkpoint))
    return build_engine(wanted, checkpoint, host, root, progress=Progress(sys.stderr))


def verified(folder: Path, model: str, codec: str | None = None) -> str:
    """What `engines verify` says of an engine of ours, in one line. It is asked once for an engine.

    In a process of its own: a second engine in one process is not known to work, and the GPU is
    free again when it has ended. Where it cannot be verified (too little memory, say) the line says
    so. Raises EngineMismatchError when the engine speaks another language than its weights.
    """
    manifest = read_manifest(folder)
    key = manifest.key if manifest is not None else ""
    found = read_verification(folder, key)
    if found is None:
        command = [sys.executable, "-m", "engines", "verify", str(folder)]
        command += ["--codec", codec] if codec else []
        spec = known_spec(model)
        command += ["--spec", spec.name] if spec else []
        # env: our own variables alone. MPI, once begun, has set some that would tell the child that
        # it is this process.
        code = subprocess.run(command, env=dict(os.environ), check=False).returncode
        found = read_verification(folder, key)
    if found is None:
        return f"'{folder}' could not be verified (exit code {code}; the line above says why)"
    found.require(f"'{folder}'")
    return found.line(f"'{folder}'")
