"""A Hugging Face checkpoint as the input of a build: found and described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.architecture import Architecture, already_quantized, read_architecture
from engines.calibration import audio_tokens
from engines.recipe import ModelRecipes
from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary
from tensorrt_tts.checkpoint_folder import LANGUAGE_MODEL_FILES, find, refuse_adapter
from tensorrt_tts.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    CorruptCheckpointError,
    EngineError,
)
from tensorrt_tts.files import read_json
from tensorrt_tts.tokenizer import TextTokenizer
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

OTHER_WEIGHTS = ("pytorch_model*.bin", "consolidated*.pth", "*.gguf")

UNQUANTIZED = frozenset(("F64", "F32", "F16", "BF16", "I64", "BOOL"))
"""Types of tensors, as safetensors names them, that no quantiser leaves: floats, and the positions
and masks that old releases of transformers stored."""


COMPUTED = "rotary_emb.inv_freq"
"""Stored by old releases of transformers, and computed anew by all."""


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


def describe(checkpoint: Path, model: ModelRecipes) -> Architecture:
    """What a plan, a build and its last check are made for. config.json is read, and held to the
    weights and the tokenizer where they are there.

    Raises CheckpointError naming the file, the field and the remedy; EngineError for a cut one.
    """
    refuse_adapter(checkpoint)
    refuse_audio_vocabulary(checkpoint, "TensorRT-LLM")
    shape = read_architecture(checkpoint)
    check_weights(checkpoint, shape)
    _check_vocabulary(checkpoint, shape, model)
    special_tokens(checkpoint)
    return shape


def refuse_audio_vocabulary(checkpoint: Path, backend: str) -> None:
    """For backends that cannot run a cut checkpoint. Raises EngineError if it is one."""
    if AudioVocabulary.read(checkpoint) is not None:
        raise EngineError(
            f"checkpoint {str(checkpoint)!r} has a cut vocabulary, whose prompts are embeddings, "
            f"and {backend} takes ids alone; use the whole checkpoint, or the vllm or reference "
            "backend"
        )


def check_weights(checkpoint: Path, shape: Architecture) -> None:
    """Holds the tensors to config.json: their shapes, that none is missing, that none is quantised.

    Reads headers alone. A folder without weights passes: a plan needs none.

    Raises CorruptCheckpointError, or CheckpointError for weights of another kind.
    """
    if not any(checkpoint.glob("*.safetensors")) and not (checkpoint / INDEX).is_file():
        for pattern in OTHER_WEIGHTS:
            for path in sorted(checkpoint.glob(pattern)):
                raise CheckpointError(
                    f"checkpoint {str(checkpoint)!r} keeps its weights in {path.name}; load it "
                    "with transformers and save it again, which writes the .safetensors files that "
                    "engines are built from"
                )
        return
    stored = {tensor.name: tensor for tensor in stored_tensors(weight_files(checkpoint))}
    for tensor in stored.values():
        if tensor.dtype not in UNQUANTIZED:
            raise already_quantized(checkpoint, f"{tensor.name} is of type {tensor.dtype}")
    expected = _expected(shape)
    layers = {name.split(".")[2] for name in stored if name.startswith("model.layers.")}
    if len(layers) > shape.num_hidden_layers:
        raise CorruptCheckpointError(
            f"checkpoint {str(checkpoint)!r} holds {len(layers)} layers, config.json says "
            f"num_hidden_layers {shape.num_hidden_layers}; use the config.json saved with the "
            "weights"
        )
    for name, wanted in expected.items():
        found = stored.get(name)
        if found is None and name == HEAD and shape.tie_word_embeddings:
            continue
        if found is None:
            raise CorruptCheckpointError(
                f"checkpoint {str(checkpoint)!r} has no tensor {name!r}; download it completely"
                + (", or set tie_word_embeddings to true if it has no head" if name == HEAD else "")
            )
        if found.shape != wanted:
            raise CorruptCheckpointError(
                f"checkpoint {str(checkpoint)!r}: {name} has shape {list(found.shape)}, "
                f"config.json makes it {list(wanted)}; use the config.json saved with the weights"
            )
    for tensor in stored.values():
        kept = tensor.name in expected or tensor.name.endswith(COMPUTED)
        if not kept and tensor.dtype not in ("I64", "BOOL"):
            raise CorruptCheckpointError(
                f"checkpoint {str(checkpoint)!r} holds {tensor.name}, which a {shape.name} of this "
                "config.json does not have and an engine would leave out; use the config.json "
                "saved with the weights"
            )


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


def _check_vocabulary(checkpoint: Path, shape: Architecture, model: ModelRecipes) -> None:
    """The rows must cover the audio ids: of the folder's tokenizer, else of the released one."""
    end = model.audio_end or model.legal_ids
    if (checkpoint / "tokenizer.json").is_file():
        end = 1 + max(audio_tokens(model.calibration, TextTokenizer(checkpoint).token_id))
    if shape.vocab_size < end:
        raise CorruptCheckpointError(
            f"{checkpoint / 'config.json'}: vocab_size {shape.vocab_size} does not hold the audio "
            f"ids of {model.name}, which end at {end}; give a checkpoint that was trained for "
            f"speech, such as {model.hub_id}"
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


def _expected(shape: Architecture) -> dict[str, tuple[int, ...]]:
    """Name to shape of every tensor."""
    hidden, inner = shape.hidden_size, shape.intermediate_size
    layer: dict[str, tuple[int, ...]] = {
        "self_attn.q_proj.weight": (shape.query_size, hidden),
        "self_attn.k_proj.weight": (shape.key_size, hidden),
        "self_attn.v_proj.weight": (shape.key_size, hidden),
        "self_attn.o_proj.weight": (hidden, shape.query_size),
        "mlp.gate_proj.weight": (inner, hidden),
        "mlp.up_proj.weight": (inner, hidden),
        "mlp.down_proj.weight": (hidden, inner),
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
    }
    if shape.has_bias:
        layer["self_attn.q_proj.bias"] = (shape.query_size,)
        layer["self_attn.k_proj.bias"] = layer["self_attn.v_proj.bias"] = (shape.key_size,)
    if shape.has_output_bias:
        layer["self_attn.o_proj.bias"] = (hidden,)
    return {
        EMBEDDING: (shape.vocab_size, hidden),
        HEAD: (shape.vocab_size, hidden),
        "model.norm.weight": (hidden,),
        **{
            f"model.layers.{number}.{name}": size
            for number in range(shape.num_hidden_layers)
            for name, size in layer.items()
        },
    }
