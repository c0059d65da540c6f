"""Which `tensorrt_llm` releases still build and run TensorRT engines, and where they keep it.

The engine backend was the default until 0.21, moved to `tensorrt_llm._tensorrt_engine` in 1.0 when
the PyTorch backend became `tensorrt_llm.LLM`, and was removed during the 1.3 pre-releases (NVIDIA's
notes on 1.3.0rc20 and pull request 15918). 1.2.1 is the last stable release that has it; nothing
after it is accepted here, since nothing after it is covered by `engine_folder.contract`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from tensorrt_tts.errors import EngineError, MissingDependencyError, reason

PINNED = "1.2.1"
"""The release that images, extras and the contract pin."""

OLDEST = "0.21.0"

CONSTRAINTS = f"requirements/trtllm-{PINNED}.txt"
"""The exact versions around it, in this repository."""

TENSORRT = "10.14.1.48.post1"
"""The release of `tensorrt` that goes with it. The bindings have no 10.14.1.48 without suffix, and
those of 10.13.3.9 do not import under it."""

_TENSORRT_PACKAGES = ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")
"""Each brings the module `tensorrt`; the first only names one of the others."""

WAYS_ON = (
    "either run this on a GPU host in a Python 3.12 of its own, after "
    f"`pip install -c {CONSTRAINTS} '.[trtllm]'` there (engines/README.md), or build on Modal with "
    "`make build-engine-modal`"
)

_FIRST_SPLIT = Version("1.0.0")
_REMOVED = Version("1.3.0rc21")


@dataclass(frozen=True, slots=True)
class EngineApi:
    """Where one release keeps the TensorRT backend. `contract`: whose field sets it is held to;
    1.0 to 1.2 to those of 1.2.1, the only ones read for them."""

    version: str
    llm_module: str
    contract: str


def engine_api(version: str) -> EngineApi:
    """The API of that `tensorrt_llm` version.

    Raises EngineError, with the remedy, for versions that lack the backend or are not covered.
    """
    parsed = _parsed(version)
    if parsed < Version(OLDEST):
        raise EngineError(
            f"tensorrt_llm {version} is older than {OLDEST}, the oldest this toolkit knows; "
            f"install tensorrt_llm=={PINNED}"
        )
    if parsed >= _REMOVED:
        raise EngineError(
            f"tensorrt_llm {version} has no TensorRT backend: it was removed upstream during the "
            f"1.3 pre-releases; install tensorrt_llm=={PINNED} to build or run engines, or serve "
            "the checkpoint itself with the PyTorch backend (backend 'trtllm-pytorch') or vLLM"
        )
    if parsed > Version(PINNED):
        raise EngineError(
            f"tensorrt_llm {version} is newer than {PINNED}, the last stable release with the "
            f"TensorRT backend and the newest one this toolkit covers; install "
            f"tensorrt_llm=={PINNED}, or serve the checkpoint itself with the PyTorch backend "
            "(backend 'trtllm-pytorch') or vLLM"
        )
    if parsed < _FIRST_SPLIT:
        return EngineApi(version, "tensorrt_llm", "0.21.0")
    return EngineApi(version, "tensorrt_llm._tensorrt_engine", PINNED)


def _parsed(version: str) -> Version:
    """Raises EngineError for what is no version: a checkout's own name, as of a build of one's own,
    or nothing."""
    try:
        return Version(version)
    except InvalidVersion:
        raise EngineError(
            f"tensorrt_llm reports version {version!r}, which is not a version; "
            f"install tensorrt_llm=={PINNED}"
        ) from None


def installed_version() -> str:
    """Version of the installed `tensorrt_llm`, read without importing it (importing starts MPI).

    Raises MissingDependencyError naming the two ways on.
    """
    try:
        return importlib.metadata.version("tensorrt_llm")
    except importlib.metadata.PackageNotFoundError:
        raise MissingDependencyError(
            f"package tensorrt_llm (=={PINNED}) is not installed on this machine: {WAYS_ON}"
        ) from None


def installed_api() -> EngineApi:
    """The installed release's API; errors as `installed_version` and `engine_api`."""
    return engine_api(installed_version())


def tensorrt_version() -> str | None:
    """Version of the installed `tensorrt`, whichever package brought it; None without one."""
    for package in _TENSORRT_PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return None


def engine_llm() -> Any:
    """The `LLM` class that loads TensorRT engines.

    Raises MissingDependencyError or EngineError as above, and EngineError when the package is
    there but cannot be imported (wrong driver, missing MPI).
    """
    api = installed_api()
    return load(api.llm_module, "LLM")


def pytorch_llm() -> Any:
    """`tensorrt_llm.LLM` of 1.0 and later, which runs a checkpoint on PyTorch with no engine.

    This one has no upper bound: it is the way on when 1.2.1 has aged.
    """
    version = installed_version()
    if _parsed(version) < _FIRST_SPLIT:
        raise EngineError(
            f"tensorrt_llm {version} has no stable PyTorch backend; install tensorrt_llm>=1.0"
        )
    return load("tensorrt_llm", "LLM")


def load(module: str, name: str) -> Any:
    """`module.name`, imported now. Raises EngineError with the import's own reason."""
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # its dependencies raise what they like, asserts too
        raise EngineError(
            f"cannot import {module}.{name}: {reason(error)}; tensorrt_llm=={PINNED} needs "
            "Python 3.12, OpenMPI (apt install libopenmpi-dev openmpi-bin), a CUDA 13 driver and "
            "toolkit (CUDA_HOME), libnvrtc.so.13 and libcublasLt.so.13 on LD_LIBRARY_PATH, and "
            f"the packages of {CONSTRAINTS}; engines/README.md has the commands"
        ) from error
