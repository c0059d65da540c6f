"""A checkpoint written anew, as transformers 4 and TensorRT-LLM read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tensorrt_tts.engine_folder.architecture import MODEL_TYPES, Architecture, read_config
from tensorrt_tts.engine_folder.checkpoint import (
    EMBEDDING,
    HEAD,
    StoredTensor,
    check_tied_head,
    special_tokens,
    stored_tensors,
    weight_files,
)
from tensorrt_tts.weight_files import INDEX

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Types of floats as safetensors and as torch name them."""


def prepare(checkpoint: Path, shape: Architecture, target: Path, untie: bool) -> None:
    """Writes to `target` the same model as transformers 4 and TensorRT-LLM read it.

    config.json is written from `shape`, so that the toolchain sees what the plan saw, however the
    checkpoint spells it; a tokenizer_config.json gives the class and the padding that calibration
    needs; the weights are links, those in the index alone, since the converters take every file.

    untie: give the model its own `lm_head.weight`, a copy of the embedding, unless one is stored.

    Raises CorruptCheckpointError as `check_tied_head`.
    """
    check_tied_head(checkpoint, shape)
    target.mkdir(parents=True, exist_ok=True)
    shards = weight_files(checkpoint)
    total = len(shards) + untie
    names = [f"model-{number:05}-of-{total:05}.safetensors" for number in range(1, total + 1)]
    weight_map: dict[str, str] = {}
    embedding: StoredTensor | None = None
    for name, shard in zip(names, shards, strict=False):
        (target / name).symlink_to(shard.resolve())
        for tensor in stored_tensors([shard]):
            weight_map[tensor.name] = name
            if tensor.name == EMBEDDING:
                embedding = tensor
    if untie and HEAD not in weight_map:
        from safetensors.torch import save_file

        assert embedding is not None
        save_file({HEAD: embedding.load().clone()}, target / names[-1], metadata={"format": "pt"})
        weight_map[HEAD] = names[-1]
    _write(target / INDEX, {"metadata": {}, "weight_map": weight_map})
    assert embedding is not None  # `describe` has seen it
    _write(target / "config.json", _config(checkpoint, shape, embedding, tied=not untie))
    if (checkpoint / "tokenizer.json").is_file():
        (target / "tokenizer.json").symlink_to((checkpoint / "tokenizer.json").resolve())
        _write(target / "tokenizer_config.json", _tokenizer_config(checkpoint))


def _config(
    checkpoint: Path, shape: Architecture, embedding: StoredTensor, tied: bool
) -> dict[str, Any]:
    """torch_dtype: of the weights, which are loaded as what it says; files say "auto" and worse."""
    raw = read_config(checkpoint)
    ids = {key: value for key, value in raw.items() if key.endswith("_token_id")}
    return {
        **shape.model_dump(exclude_none=True),
        "head_dim": shape.head_size,
        "tie_word_embeddings": shape.tie_word_embeddings and tied,
        "model_type": MODEL_TYPES[shape.name],
        "hidden_act": "silu",
        "torch_dtype": DTYPES[embedding.dtype],
        **ids,
    }


def _tokenizer_config(checkpoint: Path) -> dict[str, Any]:
    """For tokenizer.json as it stands, which is also what the runtime encodes prompts with.

    transformers 5 names classes that its 4 does not know (`TokenizersBackend`) and lists the extra
    special tokens where its 4 wants a table. They are in tokenizer.json already.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    named = {
        key: token
        for key, token in special_tokens(checkpoint).items()
        if tokenizer.token_to_id(token) is not None
    }
    # Calibration refuses a tokenizer that cannot pad. The strings are all longer than the cut, so
    # which token would do it is of no account.
    pad = named.get("pad_token") or named.get("eos_token") or tokenizer.id_to_token(0)
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": pad,
        "pad_token": pad,
    } | named


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
