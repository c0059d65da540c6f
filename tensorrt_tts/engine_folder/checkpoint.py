"""The files of a Hugging Face checkpoint that an engine is made of: weights and tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorrt_tts.engine_folder.architecture import Architecture
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tensorrt_tts.files import read_json
from tensorrt_tts.weight_files import INDEX, WEIGHTS, WeightIndex, check_safetensors

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

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"

_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


def weight_files(checkpoint: Path) -> list[Path]:
    """Its safetensors files, in name order: those in the index, else the one that transformers
    loads, whatever lies beside it. Raises CheckpointNotFoundError if there are none, and
    CorruptCheckpointError if the index names one that is missing."""
    found = sorted(checkpoint.glob("*.safetensors"))
    if not found:
        raise CheckpointNotFoundError(
            f"checkpoint {str(checkpoint)!r} has no .safetensors files; download it completely"
        )
    index = checkpoint / INDEX
    if index.is_file():
        named = set(read_json(index, WeightIndex).weight_map.values())
        missing = sorted(named - {path.name for path in found})
        if missing:
            raise CorruptCheckpointError(
                f"{index} names {missing[0]}, which is missing; download the checkpoint completely"
            )
        return [path for path in found if path.name in named]
    return [path for path in found if path.name == WEIGHTS] or found


def check_tied_head(checkpoint: Path, shape: Architecture) -> None:
    """A head that is tied to the embedding and stored all the same, as in the released Orpheus
    files, must be a copy of it. Reads both.

    Raises CorruptCheckpointError.
    """
    stored = {tensor.name: tensor for tensor in stored_tensors(weight_files(checkpoint))}
    if not shape.tie_word_embeddings or HEAD not in stored:
        return
    if not stored[HEAD].load().equal(stored[EMBEDDING].load()):
        # transformers 5 then uses the head; its 4, vLLM and the converters ignore it.
        raise CorruptCheckpointError(
            f"checkpoint {str(checkpoint)!r} ties head and embedding in its config.json and stores "
            f"two different ones; set tie_word_embeddings to false there, or delete {HEAD}"
        )


def special_tokens(checkpoint: Path) -> dict[str, str]:
    """bos_token, eos_token and the like, from the tokenizer's own files. Raises
    CorruptCheckpointError for one that is no JSON object."""
    named: dict[str, str] = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        path = checkpoint / file
        if not path.is_file():
            continue
        raw = read_json(path, dict[str, Any])
        for key in _TOKENS:
            token = raw.get(key)
            content = token.get("content") if isinstance(token, dict) else token
            if isinstance(content, str):
                named[key] = content
    return named


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One stored tensor, not yet read. dtype: as safetensors names it."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: str

    def load(self) -> Any:
        from safetensors import safe_open

        with safe_open(self.file, framework="pt") as stored:
            return stored.get_tensor(self.name)


def stored_tensors(files: list[Path]) -> Iterator[StoredTensor]:
    """Read from the files' headers. Raises CorruptCheckpointError for one that is damaged."""
    from safetensors import safe_open

    for path in files:
        check_safetensors(path)
        with safe_open(path, framework="np") as stored:
            for name in stored.keys():  # noqa: SIM118  (safe_open is no mapping)
                part = stored.get_slice(name)
                yield StoredTensor(path, name, tuple(part.get_shape()), str(part.get_dtype()))
