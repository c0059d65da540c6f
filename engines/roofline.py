"""How fast one decode step can be: bytes to read against memory bandwidth. Pure.

A decode step at small batch reads every weight once and multiplies it with little, so its time is
at least bytes / bandwidth. That bound (`ceiling`) is physics. The `expected` rate adds two measured
constants, fitted to the three published Orpheus FP16 rates of TensorRT-LLM engines at batch 1
(A100-80: 140-160 tok/s, A100-40: 110-130, L4: 30-35):

    step = bytes / (0.78 · bandwidth) + 2.5 ms · layers / 28

0.78 is the share of the datasheet bandwidth that the kernels reach; 2.5 ms is what a step of 28
layers costs whatever its size (launches, sampling, the executor's turn). With them the model gives
150, 126 and 32.5 tok/s. Batch 1 is all it was fitted to: at batch N the step's fixed cost is
assumed unchanged, which flatters large batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engines.gpus import Gpu
from tensorrt_tts.engine_folder.architecture import Architecture
from tensorrt_tts.engine_folder.formats import Format

BANDWIDTH_EFFICIENCY = 0.78
STEP_OVERHEAD = 2.5e-3 / 28
"""Seconds per layer and step."""

MATMUL_EFFICIENCY = 0.6
"""Share of dense tensor throughput that decode-sized matrix products reach; matters only for
batches beyond a hundred streams. An assumption, not a fit."""


class RealTime(StrEnum):
    """Against the model's token rate. NO: not even at full bandwidth. MARGINAL: the bound allows
    it, the expected rate does not. YES: the expected rate reaches it."""

    NO = "no"
    MARGINAL = "marginal"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens per second of each stream at `batch` streams: upper bound and expectation."""

    batch: int
    ceiling: float
    expected: float

    def real_time(self, needed: float) -> RealTime:
        if self.ceiling < needed:
            return RealTime.NO
        return RealTime.YES if self.expected >= needed else RealTime.MARGINAL


@dataclass(frozen=True, slots=True)
class Roofline:
    """One model in one format on one GPU.

    head_rows: rows of the output head that are multiplied each step; the full vocabulary, or the
    legal audio ids when the head is cut to them.
    """

    architecture: Architecture
    format: Format
    gpu: Gpu
    head_rows: int

    @property
    def layer_bytes(self) -> int:
        return int(self.architecture.layer_weights * self.format.precision.layer_bits / 8)

    @property
    def head_bytes(self) -> int:
        return 2 * self.head_rows * self.architecture.hidden_size

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that every step reads. The embedding is a lookup of one row."""
        return self.layer_bytes + 2 * self.architecture.small_weights + self.head_bytes

    @property
    def kv_bytes_per_token(self) -> int:
        return self.architecture.kv_elements_per_token() * self.format.kv.bytes

    def rate(self, batch: int, context: int) -> Rate:
        """batch: streams that step together. context: cached tokens each of them attends to."""
        read = self.weight_bytes + batch * context * self.kv_bytes_per_token
        bandwidth = self.gpu.bandwidth * 1e9
        flop = 2 * batch * (self.architecture.layer_weights + self.head_bytes // 2)
        compute = flop / (self.gpu.fp16_tflops * 1e12)
        bound = max(read / bandwidth, compute)
        step = max(read / (BANDWIDTH_EFFICIENCY * bandwidth), compute / MATMUL_EFFICIENCY)
        step += STEP_OVERHEAD * self.architecture.num_hidden_layers
        return Rate(batch, 1 / bound, 1 / step)

    def streams(self, needed: float, context: int, most: int, expected: bool) -> int:
        """The largest batch of at most `most` at which every stream still gets `needed` tok/s,
        by the expected rate or by the bound; 0 if one alone does not."""
        low, high = 0, most
        while low < high:  # a larger batch is never faster per stream
            middle = (low + high + 1) // 2
            rate = self.rate(middle, context)
            if (rate.expected if expected else rate.ceiling) >= needed:
                low = middle
            else:
                high = middle - 1
        return low
