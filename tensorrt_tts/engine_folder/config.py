"""config.json of an engine folder, as TensorRT-LLM writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from tensorrt_tts.engine_folder.architecture import Architecture, Count
from tensorrt_tts.engine_folder.formats import Precision
from tensorrt_tts.errors import CorruptEngineError
from tensorrt_tts.files import read_json

_PRECISIONS = {
    None: Precision.FP16,
    "W8A16": Precision.INT8,
    "W4A16": Precision.INT4_AWQ,
    "W4A16_AWQ": Precision.INT4_AWQ,
    "FP8": Precision.FP8,
}


class _Config(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Quantization(_Config):
    quant_algo: str | None = None
    kv_cache_quant_algo: str | None = None

    @property
    def padded(self) -> bool:
        """Whether the exporter may have padded embedding and head."""
        return "AWQ" in (self.quant_algo or "")

    @property
    def precision(self) -> Precision:
        """The nearest of our precisions, for the size of the weights."""
        algo = self.quant_algo
        return (
            Precision.INT8_SQ
            if (algo or "").startswith("W8A8")
            else _PRECISIONS.get(algo, Precision.INT4_AWQ)
        )


class Mapping(_Config):
    world_size: Count = 1


class PretrainedConfig(_Config):
    """Of TensorRT-LLM, for one decoder-only model."""

    architecture: str
    dtype: str
    vocab_size: Count
    hidden_size: Count
    intermediate_size: Count
    num_hidden_layers: Count
    num_attention_heads: Count
    num_key_value_heads: Count
    head_size: Count | None = None
    max_position_embeddings: Count = 2048
    norm_epsilon: float = 1e-5
    rotary_base: float = 10000.0
    rotary_scaling: dict[str, Any] | None = None
    mapping: Mapping = Mapping()
    quantization: Quantization = Quantization()

    def shape(self) -> Architecture:
        return Architecture(
            architectures=(self.architecture,),
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            num_key_value_heads=self.num_key_value_heads,
            head_dim=self.head_size,
            vocab_size=self.vocab_size,
            max_position_embeddings=self.max_position_embeddings,
        )


class PluginConfig(_Config):
    use_paged_context_fmha: bool = False


class BuildConfig(_Config):
    max_batch_size: Count
    max_seq_len: Count
    max_num_tokens: Count
    max_input_len: int | None = None
    use_strip_plan: bool = False
    plugin_config: PluginConfig = PluginConfig()


class EngineConfig(_Config):
    """config.json of an engine folder: exactly these three keys."""

    version: str
    pretrained_config: PretrainedConfig
    build_config: BuildConfig


_Document = TypeVar("_Document", bound=BaseModel)


def read_config(folder: Path, document: type[_Document]) -> _Document:
    """An engine's, or the part of it that a quantised checkpoint has. Raises CorruptEngineError."""
    try:
        remedy = "build again, or give an engine's folder"
        return read_json(folder / "config.json", document, CorruptEngineError, remedy)
    except FileNotFoundError:
        raise CorruptEngineError(
            f"{str(folder)!r} has no config.json: not an engine folder, or a build that was "
            "interrupted; build again"
        ) from None
