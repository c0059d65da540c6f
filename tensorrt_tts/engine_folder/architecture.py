"""What an engine needs of a checkpoint: its shape, from config.json or from the shipped recipes.

The official checkpoints are gated, so a plan must not need a download; when a checkpoint is on
disk, its own config.json wins. Both spellings are read, of transformers 4 and of transformers 5,
and what a file leaves out has the value that transformers gives it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tensorrt_tts.errors import CheckpointError, CheckpointNotFoundError, CorruptCheckpointError
from tensorrt_tts.files import read_json
from tensorrt_tts.validation import first_problem, shown

KNOWN = {"LlamaForCausalLM": "LLaMAForCausalLM", "Qwen2ForCausalLM": "QWenForCausalLM"}
"""Hugging Face architecture to TensorRT-LLM's model class: the two backbones of this toolkit."""

MODEL_TYPES = {"LlamaForCausalLM": "llama", "Qwen2ForCausalLM": "qwen2"}

_MAX_POSITIONS = {"llama": 2048, "qwen2": 32768}
"""`max_position_embeddings` where config.json has none (transformers, 4.57 and 5.23)."""

QUANTIZED_FILES = ("hf_quant_config.json", "quantize_config.json", "quant_config.json")
"""What ModelOpt, GPTQ and AWQ tools leave beside weights that they quantised."""

_ROPE_NUMBERS = {
    "linear": ("factor",),
    "llama3": (
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    ),
}
"""Kinds of RoPE scaling that engines reproduce, and what each is made of."""

_WHOLE = ("original_max_position_embeddings",)

_AGAIN = "download the checkpoint again"

Count = Annotated[int, Field(gt=0, lt=2**31, strict=True)]
"""Of what engines count in 32 bits."""

Number = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]


class Architecture(BaseModel):
    """Fields of a Hugging Face config.json, by the names of transformers 4.

    rope_scaling: None, or "rope_type" and its numbers. unsupported: what this model computes and an
    engine would not, in words.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    architectures: tuple[str, ...]
    hidden_size: Count
    intermediate_size: Count
    num_hidden_layers: Count
    num_attention_heads: Count
    num_key_value_heads: Count
    head_dim: Count | None = None
    vocab_size: Count
    max_position_embeddings: Count
    tie_word_embeddings: Flag = False
    attention_bias: Flag = False
    rms_norm_eps: Number = 1e-6
    rope_theta: Number = 10000.0
    rope_scaling: dict[str, Any] | None = None
    unsupported: tuple[str, ...] = Field(default=(), exclude=True)

    @property
    def name(self) -> str:
        return self.architectures[0] if self.architectures else ""

    @property
    def head_size(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def query_size(self) -> int:
        """Rows of the query matrix."""
        return self.num_attention_heads * self.head_size

    @property
    def key_size(self) -> int:
        """Rows of the key matrix, and of the value matrix."""
        return self.num_key_value_heads * self.head_size

    @property
    def layer_weights(self) -> int:
        """Elements in the matrices of all layers: what a quantiser shrinks."""
        attention = self.hidden_size * (2 * self.query_size + 2 * self.key_size)
        mlp = 3 * self.hidden_size * self.intermediate_size
        return self.num_hidden_layers * (attention + mlp)

    @property
    def small_weights(self) -> int:
        """Elements that stay 16-bit in every format: norms, and the biases of attention."""
        layer = 2 * self.hidden_size
        if self.has_bias:
            layer += self.query_size + 2 * self.key_size
        if self.has_output_bias:
            layer += self.hidden_size
        return self.num_hidden_layers * layer + self.hidden_size

    @property
    def has_bias(self) -> bool:
        """Whether queries, keys and values have biases: always in Qwen2."""
        return self.attention_bias or self.name == "Qwen2ForCausalLM"

    @property
    def has_output_bias(self) -> bool:
        """Whether what attention writes back has one too: in a Llama with biases, never in
        Qwen2."""
        return self.attention_bias and self.name == "LlamaForCausalLM"

    @property
    def head_weights(self) -> int:
        """Elements of the output head, and of the embedding (one shared table when tied)."""
        return self.vocab_size * self.hidden_size

    def kv_elements_per_token(self) -> int:
        """Key and value elements that one token adds to the cache, all layers."""
        return 2 * self.num_hidden_layers * self.key_size


def read_architecture(checkpoint: Path) -> Architecture:
    """From `checkpoint`/config.json.

    Raises CheckpointNotFoundError, CorruptCheckpointError or, for weights that are quantised
    already, CheckpointError, each naming the file and the field.
    """
    path = checkpoint / "config.json"
    raw = read_config(checkpoint)
    _refuse_quantized(checkpoint, raw)
    try:
        found = Architecture.model_validate(_normalized(raw))
        _check_heads(found)
    except ValidationError as error:
        raise CorruptCheckpointError(
            f"'{path}': {first_problem(error)}; download the checkpoint again"
        ) from None
    except ValueError as error:
        raise CorruptCheckpointError(f"{path}: {error}") from None
    return found


def read_config(checkpoint: Path) -> dict[str, Any]:
    """config.json as it is, without the fields that are null: absent and null mean the same.

    Raises CheckpointNotFoundError or CorruptCheckpointError naming the file.
    """
    path = checkpoint / "config.json"
    try:
        raw = read_json(path, dict[str, Any], remedy="download the checkpoint again")
    except FileNotFoundError:
        raise CheckpointNotFoundError(
            f"checkpoint {str(checkpoint)!r} has no config.json; give the folder of a downloaded "
            "Hugging Face checkpoint"
        ) from None
    return {key: value for key, value in raw.items() if value is not None}


def rope_scaling(raw: object, field: str = "rope_scaling") -> dict[str, Any] | None:
    """The scaling of a `rope_scaling`, `rope_parameters` or an engine's `rotary_scaling`, in one
    form: None for none, else "rope_type" and the numbers that this type is made of.

    field: which of them it is. Raises ValueError naming what is wrong.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise ValueError(f"{field} {raw!r} is no object; {_AGAIN}")
    kind = raw.get("rope_type") or raw.get("type") or "default"
    if kind == "default":
        return None
    if not isinstance(kind, str):
        raise ValueError(f"{field} is of type {kind!r}, which is no name; {_AGAIN}")
    scaling: dict[str, Any] = {"rope_type": kind}
    for name in _ROPE_NUMBERS.get(kind, ()):
        value = raw.get(name)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 < value <= sys.float_info.max
        ):
            raise ValueError(
                f"{field} of type {kind!r}: {name} {shown(value)} is no positive number; {_AGAIN}"
            )
        if name in _WHOLE and value != int(value):
            raise ValueError(
                f"{field} of type {kind!r}: {name} {value!r} is no whole number; {_AGAIN}"
            )
        scaling[name] = int(value) if name in _WHOLE else float(value)
    low, high = (scaling.get(f"{end}_freq_factor", 0) for end in ("low", "high"))
    if kind == "llama3" and low >= high:
        raise ValueError(
            f"{field} of type {kind!r}: low_freq_factor {low:g} is not below high_freq_factor "
            f"{high:g}; {_AGAIN}"
        )
    return scaling


def _refuse_quantized(checkpoint: Path, raw: Mapping[str, Any]) -> None:
    where = "config.json: quantization_config"
    method: object = None
    settings = (
        raw.get("quantization_config") or raw.get("compression_config") or raw.get("quantization")
    )
    if isinstance(settings, Mapping):
        bitsandbytes = settings.get("load_in_4bit") or settings.get("load_in_8bit")
        method = settings.get("quant_method") or ("bitsandbytes" if bitsandbytes else "unnamed")
    elif settings:
        method = settings
    else:
        for name in QUANTIZED_FILES:
            if (checkpoint / name).is_file():
                where, method = name, "its method is named there"
    if method is not None:
        raise already_quantized(checkpoint, f"{where} ({' '.join(str(method).split())})")


def already_quantized(checkpoint: Path, how: str) -> CheckpointError:
    """how: what says so."""
    return CheckpointError(
        f"checkpoint {str(checkpoint)!r} is quantised already: {how}; give the 16-bit checkpoint "
        "it was made from, the format of an engine is chosen by --precision"
    )


def _normalized(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as transformers 4 spells them, with its defaults. Raises ValueError."""
    name, kind = _model(raw)
    theta, scaling, unsupported = _rope(raw)
    if raw.get("hidden_act", "silu") != "silu":
        unsupported.append(f"hidden_act {raw['hidden_act']!r}")
    if raw.get("mlp_bias"):
        unsupported.append("mlp_bias")
    if _slides(raw):
        unsupported.append(f"sliding_window {raw.get('sliding_window')!r}")
    return {
        "num_key_value_heads": raw.get("num_attention_heads"),
        "max_position_embeddings": _MAX_POSITIONS[kind],
        **raw,
        "architectures": (name,),
        "rope_theta": theta,
        "rope_scaling": scaling,
        "unsupported": tuple(unsupported),
    }


def _model(raw: Mapping[str, Any]) -> tuple[str, str]:
    """Architecture and model type, which have to agree where both are given."""
    by_type = {kind: name for name, kind in MODEL_TYPES.items()}
    names, kind = raw.get("architectures"), raw.get("model_type")
    if names is None and isinstance(kind, str) and kind in by_type:
        names = [by_type[kind]]
    if names is None:
        names = []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f'architectures {names!r} is no list of names; write ["LlamaForCausalLM"] or '
            '["Qwen2ForCausalLM"], whichever the weights are'
        )
    name = names[0] if names else ""
    if name not in KNOWN:
        nested = next((key for key in ("text_config", "llm_config") if key in raw), None)
        raise ValueError(
            f"architecture {name!r} is not supported; engines are built from {' and '.join(KNOWN)}"
            + (f"; save the language model under {nested} as a checkpoint alone" if nested else "")
        )
    if kind is not None and kind != MODEL_TYPES[name]:
        raise ValueError(
            f"model_type {kind!r} contradicts architecture {name!r}; correct the one that is wrong"
        )
    return name, MODEL_TYPES[name]


def _rope(raw: Mapping[str, Any]) -> tuple[Any, dict[str, Any] | None, list[str]]:
    """Base, scaling, and what of it an engine cannot do.

    transformers 5 keeps all of it in `rope_parameters`, per kind of layer where those differ;
    transformers 4 in `rope_theta` and `rope_scaling`, and does not look at the other.
    """
    new, old = raw.get("rope_parameters"), raw.get("rope_scaling")
    if isinstance(new, Mapping) and any(isinstance(value, Mapping) for value in new.values()):
        per_layer = [value for value in new.values() if isinstance(value, Mapping)]
        if any(value != per_layer[0] for value in per_layer):
            raise ValueError(
                "rope_parameters differ between kinds of layers, which an engine cannot express; "
                "serve this checkpoint with vLLM"
            )
        new = per_layer[0]
    scaling = rope_scaling(old) if new is None else rope_scaling(new, "rope_parameters")
    if new is not None and old is not None and scaling != rope_scaling(old):
        raise ValueError(
            f"rope_parameters {new!r} contradict rope_scaling {old!r}; delete the one that the "
            "model was not trained with"
        )
    given = new if new is not None else old
    bases = {
        json.dumps(value): value
        for value in (
            raw.get("rope_theta"),
            *(part.get("rope_theta") for part in (new, old) if isinstance(part, Mapping)),
        )
        if value is not None
    }
    if len({value for value in bases.values() if isinstance(value, int | float)}) > 1:
        raise ValueError(
            f"rope_theta is given as {' and as '.join(bases)}; delete the one that the model was "
            "not trained with"
        )
    unsupported = []
    kind = scaling["rope_type"] if scaling else None
    if kind is not None and kind not in _ROPE_NUMBERS:
        unsupported.append(f"RoPE scaling of type {kind!r}")
    partial = raw.get("partial_rotary_factor")
    if isinstance(given, Mapping):
        partial = given.get("partial_rotary_factor", partial)
    if partial not in (None, 1):
        unsupported.append(f"partial_rotary_factor {partial!r}")
    return next(iter(bases.values()), 10000.0), scaling, unsupported


def _slides(raw: Mapping[str, Any]) -> bool:
    """Whether some layers attend to a window only. transformers 5 names them; for its 4 they are
    Qwen2's from `max_window_layers` on, where `use_sliding_window` says so."""
    layers = raw.get("layer_types")
    if isinstance(layers, list):
        return any(kind != "full_attention" for kind in layers)
    first, count = raw.get("max_window_layers", 28), raw.get("num_hidden_layers")
    if isinstance(first, int) and isinstance(count, int) and first >= count:
        return False
    return bool(raw.get("use_sliding_window"))


def _check_heads(shape: Architecture) -> None:
    heads, keys = shape.num_attention_heads, shape.num_key_value_heads
    if heads % keys:
        raise ValueError(
            f"num_key_value_heads {keys} does not divide num_attention_heads {heads}; download the "
            "checkpoint again"
        )
    if shape.head_dim is None and shape.hidden_size % heads:
        raise ValueError(
            f"hidden_size {shape.hidden_size} is no multiple of num_attention_heads {heads}, and "
            "head_dim is not given; download the checkpoint again"
        )
    if shape.head_size % 2:
        raise ValueError(
            f"head_dim {shape.head_size} is odd, RoPE turns pairs; download the checkpoint again"
        )
