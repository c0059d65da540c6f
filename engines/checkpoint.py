"""A Hugging Face checkpoint as the input of a build: found, and untied if need be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tensorrt_tts.checkpoint_folder import LANGUAGE_MODEL_FILES, find
from tensorrt_tts.errors import CheckpointError, CheckpointNotFoundError, CorruptCheckpointError

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "generation_config.json",
)
"""Copied beside the engine, where present, so that an engine folder serves by itself."""

_INDEX = "model.safetensors.index.json"
_EMBEDDING = "model.embed_tokens.weight"
_HEAD = "lm_head.weight"


def resolve(name: str, mirror: str | None = None, subfolder: str | None = None) -> Path:
    """A local folder as it is; a hub id is taken from the cache, else downloaded.

    subfolder: where in the repository the language model lies.

    Raises CheckpointError as `tensorrt_tts.checkpoint_folder.find`.
    """
    prefix = f"{subfolder}/" if subfolder else ""
    folder = find(name, tuple(prefix + pattern for pattern in LANGUAGE_MODEL_FILES), mirror)
    inner = folder / subfolder if subfolder else folder
    return inner if inner.is_dir() else folder


def weight_files(checkpoint: Path) -> list[Path]:
    """Its safetensors files, in name order. Raises CheckpointNotFoundError if there are none, and
    CorruptCheckpointError if the index names one that is missing."""
    found = sorted(checkpoint.glob("*.safetensors"))
    if not found:
        raise CheckpointNotFoundError(
            f"checkpoint {str(checkpoint)!r} has no .safetensors files; download it completely"
        )
    index = checkpoint / _INDEX
    if index.is_file():
        named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        missing = sorted(named - {path.name for path in found})
        if missing:
            raise CorruptCheckpointError(
                f"{index} names {missing[0]}, which is missing; download the checkpoint completely"
            )
        found = [path for path in found if path.name in named]
    return found


def untie(checkpoint: Path, target: Path) -> None:
    """Writes to `target` the same model with its own `lm_head.weight`, a copy of the embedding.

    Only the head is written anew; the other weights are links. A head that the file already has is
    kept: the released Orpheus files store a copy although their config ties the two.

    Raises CheckpointError when the embedding is not where Llama and Qwen2 keep it.
    """
    from safetensors import safe_open
    from safetensors.torch import save_file

    target.mkdir(parents=True, exist_ok=True)
    shards = weight_files(checkpoint)
    total = len(shards) + 1
    weight_map: dict[str, str] = {}
    embedding: Any = None
    for number, shard in enumerate(shards, start=1):
        name = f"model-{number:05}-of-{total:05}.safetensors"
        (target / name).symlink_to(shard.resolve())
        with safe_open(shard, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118  (safe_open is no mapping)
                weight_map[key] = name
            if _EMBEDDING in file.keys():  # noqa: SIM118
                embedding = file.get_tensor(_EMBEDDING)
    if _HEAD not in weight_map:
        if embedding is None:
            raise CheckpointError(f"checkpoint {str(checkpoint)!r} has no tensor {_EMBEDDING!r}")
        name = f"model-{total:05}-of-{total:05}.safetensors"
        save_file({_HEAD: embedding.clone()}, target / name, metadata={"format": "pt"})
        weight_map[_HEAD] = name
    (target / _INDEX).write_text(
        json.dumps({"metadata": {}, "weight_map": weight_map}), encoding="utf-8"
    )
    for path in checkpoint.iterdir():
        if path.name in TOKENIZER_FILES:
            (target / path.name).symlink_to(path.resolve())
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    config["tie_word_embeddings"] = False
    (target / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
