"""The engine of a known model on the GPU at hand: found, or planned, built and published.

A container calls it when it starts. The first one on a GPU builds (a quarter of an hour for a 3B
model), later ones find the folder by its manifest and do nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engines.build import Built, build_engine, this_host
from engines.checkpoint import resolve
from engines.cli import planned
from engines.gpus import identify
from engines.progress import Progress
from engines.recipe import model_recipes
from tensorrt_tts.errors import EngineMismatchError


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
