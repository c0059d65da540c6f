"""Cuts a checkpoint's vocabulary to the ids it may emit: 28 675 of Orpheus's 156 940, 13 306 of
Spark-TTS's 166 000 (12 292 where every speaker is known by name: no exact pitch and speed).

The result is an ordinary checkpoint with a small vocabulary, and the whole embedding beside it for
prompts. Over the legal ids its distribution is that of masking, exactly: their logits are the same
products, and the rest of the vocabulary had probability 0 either way.

What can run it:

    reference        yes: prompt as `inputs_embeds`
    vLLM             yes: prompt as `prompt_embeds` with placeholder ids (`prompt_is_token_ids`,
                     0.32), so that the repetition penalty counts what it counted before
    TensorRT-LLM     no, neither backend of 1.2.1. Its `LLM` takes a prompt as ids alone; embedded
                     prompts exist as prompt tuning (`PromptAdapterRequest`), whose table is a
                     folder on disk per prompt, and as inputs of multimodal models. The other form,
                     text rows kept in the embedding and a shorter head, cannot be built: one
                     `vocab_size` sets both, in the model classes and in the executor's logits.
                     The planner's "head audio" row is therefore a bound for those that can.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engines.checkpoint import check_weights
from engines.publish import lock, publish
from tensorrt_tts.backends.base import Grammar
from tensorrt_tts.backends.prompt_embedding import PROMPT_FILE, TENSOR
from tensorrt_tts.backends.pruned_vocabulary import FULL_SIZE_KEY, TEXT, AudioVocabulary
from tensorrt_tts.engine_folder.architecture import read_architecture, read_config
from tensorrt_tts.engine_folder.checkpoint import (
    EMBEDDING,
    HEAD,
    TOKENIZER_FILES,
    check_tied_head,
    stored_tensors,
    weight_files,
)
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.spark.voices import FILE as SPEAKERS
from tensorrt_tts.files import read_json

VOCABULARY_WEIGHTS = "model-vocabulary.safetensors"

GENERATION = "generation_config.json"


def kept_ids(grammar: Grammar) -> tuple[range, ...]:
    """All that a checkpoint may emit, then its stops."""
    stops = tuple(range(token, token + 1) for token in sorted(grammar.stops))
    return *replace(grammar, strict=False, stops=()).rows[0], *stops


def cut(checkpoint: Path, kept: Sequence[range], out: Path) -> AudioVocabulary:
    """Write the cut checkpoint to `out`, whole or not at all, and return its numbering.

    Raises SettingError when `out` exists or `kept` is not within the vocabulary, CheckpointError
    for the checkpoint, EngineError when the disk is full.
    """
    if out.exists():
        raise SettingError(f"output {str(out)!r} exists; delete it or name another")
    config = read_config(checkpoint)
    if FULL_SIZE_KEY in config:
        raise SettingError(f"checkpoint {str(checkpoint)!r} is cut already; give the whole one")
    shape = read_architecture(checkpoint)
    check_weights(checkpoint, shape)
    files = weight_files(checkpoint)
    check_tied_head(checkpoint, shape)
    stored = (tensor for tensor in stored_tensors(files) if tensor.name in (EMBEDDING, HEAD))
    rows = {tensor.name: tensor.load() for tensor in stored}
    embedding = rows[EMBEDDING]
    # The tokenizer may know fewer ids than the (padded) embedding has rows; all of them are kept.
    vocabulary = AudioVocabulary(len(embedding), tuple(kept))
    if vocabulary.size > vocabulary.full_size:
        raise SettingError(
            f"kept {kept}: a head of {vocabulary.size} rows is no smaller than the whole one of "
            f"{vocabulary.full_size}; serve the checkpoint as it is"
        )
    tied = shape.tie_word_embeddings
    generation = _generation_config(checkpoint)

    def produce(folder: Path) -> None:
        _write_weights(folder, files, rows, vocabulary, tied)
        _write_prompt_embedding(folder, embedding)
        vocabulary.write(folder)
        _write_config(folder, config, generation, vocabulary, tied)
        for name in (*TOKENIZER_FILES, SPEAKERS):
            if name != GENERATION and (checkpoint / name).is_file():
                shutil.copyfile(checkpoint / name, folder / name)

    with lock(out, waiting=lambda: None):
        if not publish(out, produce):
            raise SettingError(f"output {str(out)!r} was written by another process meanwhile")
    return vocabulary


def _write_weights(
    folder: Path,
    files: Sequence[Path],
    rows: dict[str, Any],
    vocabulary: AudioVocabulary,
    tied: bool,
) -> None:
    """Every file without the vocabulary's tensors, those in a file of their own, and the index."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    where: dict[str, str] = {}
    total = 0

    def save(tensors: dict[str, Any], name: str) -> None:
        nonlocal total
        save_file(tensors, folder / name, metadata={"format": "pt"})
        where.update(dict.fromkeys(tensors, name))
        total += sum(tensor.nbytes for tensor in tensors.values())

    for number, path in enumerate(files, 1):
        with safe_open(path, framework="pt") as stored:
            names = [name for name in stored.keys() if name not in rows]  # noqa: SIM118
            tensors = {name: stored.get_tensor(name) for name in names}
        if tensors:
            save(tensors, f"model-{number:05}-of-{len(files):05}.safetensors")
    names = [EMBEDDING] if tied else [EMBEDDING, HEAD]
    save({name: _cut_rows(rows[name], vocabulary) for name in names}, VOCABULARY_WEIGHTS)
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def _cut_rows(rows: Any, vocabulary: AudioVocabulary) -> Any:
    """(size, hidden): zeros for `TEXT`, then the kept rows."""
    import torch

    assert TEXT == 0
    parts = [torch.zeros_like(rows[:1]), *(rows[ids.start : ids.stop] for ids in vocabulary.kept)]
    return torch.cat(parts)


def _write_prompt_embedding(folder: Path, embedding: Any) -> None:
    from safetensors.torch import save_file

    path = folder / PROMPT_FILE
    path.parent.mkdir()
    save_file({TENSOR: embedding.contiguous()}, path)


def _write_config(
    folder: Path,
    config: dict[str, Any],
    generation: dict[str, Any] | None,
    vocabulary: AudioVocabulary,
    tied: bool,
) -> None:
    """Token ids that config files name are of the whole vocabulary; what ends a generation is
    given with each request."""
    written = _without_ids(config) | {
        "vocab_size": vocabulary.size,
        "tie_word_embeddings": tied,
        FULL_SIZE_KEY: vocabulary.full_size,
        # Absent, transformers would fill in Llama's 1 and 2, which are codes here.
        "bos_token_id": None,
        "eos_token_id": None,
    }
    (folder / "config.json").write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    if generation is not None:
        written = _without_ids(generation)
        (folder / GENERATION).write_text(json.dumps(written, indent=2), encoding="utf-8")


def _generation_config(checkpoint: Path) -> dict[str, Any] | None:
    """None where there is none. Raises CorruptCheckpointError."""
    try:
        return read_json(checkpoint / GENERATION, dict[str, Any])
    except FileNotFoundError:
        return None


def _without_ids(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if not key.endswith("_token_id")}
