"""What identifies a checkpoint: its contents, whatever its folder is called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tensorrt_tts.engine_folder.checkpoint import TOKENIZER_FILES, weight_files
from tensorrt_tts.engine_folder.digest_cache import DigestCache


def fingerprint(checkpoint: Path, root: Path) -> str:
    """SHA-256 over a language model's weights, config.json and tokenizer.

    root: the folder of engines, which keeps the digests of files that have not changed. Raises what
    `weight_files` raises.
    """
    names = [checkpoint / "config.json", *(checkpoint / name for name in TOKENIZER_FILES)]
    return fingerprint_of(
        [*(path for path in names if path.is_file()), *weight_files(checkpoint)], root
    )


def fingerprint_of(files: Iterable[Path], root: Path) -> str:
    """SHA-256 over the names and contents of these files, in their order. root: as above."""
    cache, total = DigestCache(root), hashlib.sha256()
    for path in files:
        total.update(f"{path.name}:{cache.digest(path)}\n".encode())
    cache.save()
    return total.hexdigest()
