"""How an engine stores its weights and its KV cache. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tensorrt_tts.errors import SettingError

AWQ_VOCAB_MULTIPLE = 64
"""Rows of embedding and head in an AWQ engine come in multiples of this (ModelOpt 0.37,
torch/export/model_config_export.py, pads an unquantised head too)."""


class Precision(StrEnum):
    """Weights (and, for SmoothQuant and FP8, activations) of the layers.

    Embedding and output head stay 16-bit in all of them: TensorRT-LLM's quantisers exclude
    `*lm_head` and `*vocab_embedding` by default.
    """

    FP16 = "fp16"
    BF16 = "bf16"
    INT8 = "int8"  # weight-only, W8A16
    INT8_SQ = "int8-sq"  # SmoothQuant, W8A8
    FP8 = "fp8"
    INT4_AWQ = "int4-awq"  # W4A16, groups of 128

    @property
    def layer_bits(self) -> float:
        """Bits a layer weight costs to read. AWQ adds one 16-bit scale per 128 weights."""
        return {
            "fp16": 16,
            "bf16": 16,
            "int8": 8,
            "int8-sq": 8,
            "fp8": 8,
            "int4-awq": 4 + 16 / 128,
        }[self.value]

    @property
    def quantized(self) -> bool:
        return self not in (Precision.FP16, Precision.BF16)


class Kv(StrEnum):
    """Element type of the KV cache: the model's own 16-bit type, or a quantised one."""

    MODEL = "16"
    INT8 = "int8"
    FP8 = "fp8"

    @property
    def bytes(self) -> int:
        return 2 if self is Kv.MODEL else 1


@dataclass(frozen=True, slots=True)
class Format:
    """Weights and KV cache together; written "int8+kv-int8", or "int8" with a 16-bit cache."""

    precision: Precision
    kv: Kv = Kv.MODEL

    def __str__(self) -> str:
        return self.precision.value + ("" if self.kv is Kv.MODEL else f"+kv-{self.kv.value}")

    @classmethod
    def parse(cls, text: str) -> Format:
        """Raises SettingError naming what is allowed."""
        precision, given, kv = text.strip().lower().partition("+kv-")
        try:
            return cls(Precision(precision), Kv(kv) if given else Kv.MODEL)
        except ValueError:
            raise SettingError(
                f"precision {text!r} is unknown; use one of {', '.join(Precision)}, "
                "optionally followed by +kv-int8 or +kv-fp8"
            ) from None


def every_format() -> list[Format]:
    return [Format(precision, kv) for precision in Precision for kv in Kv]
