"""The options that choose a model and a backend, shared by the commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    from tensorrt_tts.stream_options import StreamOptions
    from tensorrt_tts.synthesizer import Synthesizer


MAX_THREADS = 1024


def add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default="demo",
        help="'demo', a known name (see `voices`), a folder or a hub id (default: demo)",
    )
    parser.add_argument("--codec", help="codec folder or hub id (default: the model's own)")
    parser.add_argument("--spec", help="which variant of the family a folder holds")
    parser.add_argument("--backend", default="reference", help="default: reference")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument(
        "--no-noise", action="store_true", help="decode without the codec's own noise"
    )
    parser.add_argument("--threads", type=int, help="torch threads (default: torch's choice)")


def open_from(
    parsed: argparse.Namespace,
    options: StreamOptions | None = None,
    voice_files: Sequence[Path] = (),
    bandwidth_extension: Path | None = None,
) -> Synthesizer:
    """Raises what `open_synthesizer` raises."""
    from tensorrt_tts.loading import open_synthesizer

    if parsed.threads is not None:
        import torch

        if not 1 <= parsed.threads <= MAX_THREADS:
            raise SettingError(
                f"--threads {parsed.threads} is out of range; use 1 to {MAX_THREADS}"
            )
        torch.set_num_threads(parsed.threads)
    return open_synthesizer(
        parsed.model,
        parsed.backend,
        codec=parsed.codec,
        spec=parsed.spec,
        device=parsed.device,
        noise=not parsed.no_noise,
        voice_files=voice_files,
        bandwidth_extension=bandwidth_extension,
        options=options,
    )
