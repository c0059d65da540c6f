"""Wheels without code for what the public index does not hold: with the names, versions and
requirements of the real ones, which is all that a resolver reads.

torch's are those of 2.9.1's CUDA 13 build (PyTorch's release/2.9 generate_binary_build_matrix.py,
and lists of installed packages of that build), TensorRT's those of 10.14.1.48.post1's archives.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

TORCH = (
    "filelock",
    "fsspec>=0.8.5",
    "jinja2",
    "networkx>=2.5.1",
    "nvidia-cublas==13.0.0.19",
    "nvidia-cuda-cupti==13.0.48",
    "nvidia-cuda-nvrtc==13.0.48",
    "nvidia-cuda-runtime==13.0.48",
    "nvidia-cudnn-cu13==9.13.0.50",
    "nvidia-cufft==12.0.0.15",
    "nvidia-cufile==1.15.0.42",
    "nvidia-curand==10.4.0.35",
    "nvidia-cusolver==12.0.3.29",
    "nvidia-cusparse==12.6.2.49",
    "nvidia-cusparselt-cu13==0.8.0",
    "nvidia-nccl-cu13==2.27.7",
    "nvidia-nvjitlink==13.0.39",
    "nvidia-nvshmem-cu13==3.3.24",
    "nvidia-nvtx==13.0.39",
    "setuptools; python_version >= '3.12'",
    "sympy>=1.13.3",
    "triton==3.5.1",
    "typing-extensions>=4.10.0",
)

TENSORRT = "10.14.1.48.post1"

WHEELS = (
    ("torch", "2.9.1+cu130", TORCH),
    ("torchvision", "0.24.1+cu130", ("numpy", "pillow>=5.3.0,!=8.3.*", "torch==2.9.1")),
    ("tensorrt", TENSORRT, (f"tensorrt-cu13=={TENSORRT}",)),
    (
        "tensorrt-cu13",
        TENSORRT,
        (f"tensorrt-cu13-libs=={TENSORRT}", f"tensorrt-cu13-bindings=={TENSORRT}"),
    ),
    ("tensorrt-cu13-libs", TENSORRT, ("cuda-toolkit[cudart]>=13,<14",)),
    ("tensorrt-cu13-bindings", TENSORRT, ()),
)


def write_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...]) -> None:
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        "METADATA": ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        + [f"Requires-Dist: {one}" for one in requires],
        "WHEEL": ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"],
    }
    files["RECORD"] = [f"{stem}.dist-info/{file},," for file in (*files, "RECORD")]
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for file, lines in files.items():
            wheel.writestr(f"{stem}.dist-info/{file}", "\n".join(lines) + "\n")


def write_wheels(folder: Path) -> None:
    for name, version, requires in WHEELS:
        write_wheel(folder, name, version, requires)
