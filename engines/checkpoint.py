"""A Hugging Face checkpoint as the input of a build: found, and held to its weights."""

from __future__ import annotations

from pathlib import Path

from engines.calibration import audio_tokens
from engines.recipe import ModelRecipes
from tensorrt_tts.backends.pruned_vocabulary import refuse_audio_vocabulary
from tensorrt_tts.checkpoint_folder import LANGUAGE_MODEL_FILES, find, refuse_adapter
from tensorrt_tts.engine_folder.architecture import (
    Architecture,
    already_quantized,
    read_architecture,
)
from tensorrt_tts.engine_folder.checkpoint import (
    EMBEDDING,
    HEAD,
    special_tokens,
    stored_tensors,
    weight_files,
)
from tensorrt_tts.errors import CheckpointError, CorruptCheckpointError
from tensorrt_tts.tokenizer import TextTokenizer
from tensorrt_tts.weight_files import INDEX

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
    return find(name, LANGUAGE_MODEL_FILES, mirror, subfolder or "")


def describe(checkpoint: Path, model: ModelRecipes) -> Architecture:
    """What a plan, a build and its last check are made for. config.json is read, and held to the
    weights and the tokenizer where they are there.

    Raises CheckpointError naming the file, the field and the remedy; EngineError for a cut one.
    """
    refuse_adapter(checkpoint)
    refuse_audio_vocabulary(checkpoint)
    shape = read_architecture(checkpoint)
    check_weights(checkpoint, shape)
    _check_vocabulary(checkpoint, shape, model)
    special_tokens(checkpoint)
    return shape


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
