"""Which precision, KV type and compute capability go together, and how such an engine is built.

Pure. The rules are those of TensorRT-LLM 1.2.1: `QuantConfig`'s own properties decide between
direct conversion and the two calibrators, and the builder refuses or silently switches features
off. Sources: models/modeling_utils.py, quantization/quantize_by_modelopt.py, `build` in builder.py
(read at 008b2b8), and the issues and pull requests named below, all of NVIDIA/TensorRT-LLM.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tensorrt_tts.engine_folder.device import ComputeCapability
from tensorrt_tts.engine_folder.formats import AWQ_VOCAB_MULTIPLE, Format, Kv, Precision


class Route(StrEnum):
    """DIRECT: weights are cast or rounded, no data needed. MODELOPT: NVIDIA ModelOpt calibrates.
    NATIVE: TensorRT-LLM's own calibration, models/{llama,qwen}/convert.py."""

    DIRECT = "direct"
    MODELOPT = "modelopt"
    NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Off:
    """A feature that must be off, where it is set, and why."""

    feature: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class QuantRule:
    """How to build one format.

    quant_algo, kv_quant_algo: names of TensorRT-LLM's QuantAlgo, or None for 16-bit.
    untie: the checkpoint must first be saved with its own `lm_head.weight`.
    vocab_multiple: the exporter pads embedding and head with zero rows to a multiple of this.
    group: weights that share a scale, along the input of each matrix; 1 where all of a row do.
    plugins: PluginConfig fields that differ from what every build sets.
    """

    route: Route
    quant_algo: str | None
    kv_quant_algo: str | None
    untie: bool
    off: tuple[Off, ...]
    plugins: dict[str, bool]
    vocab_multiple: int = 1
    group: int = 1

    @property
    def calibrates(self) -> bool:
        return self.route is not Route.DIRECT

    def vocab_rows(self, vocab_size: int) -> int:
        """Rows of the engine's output head, padding included, for a checkpoint's `vocab_size`."""
        return -(-vocab_size // self.vocab_multiple) * self.vocab_multiple


@dataclass(frozen=True, slots=True)
class Impossible:
    """No engine of this format can be built or run; `reason` is one sentence."""

    reason: str


def _without_paged_context(why: str) -> tuple[Off, ...]:
    return (
        Off("use_paged_context_fmha", "build: PluginConfig", why),
        Off(
            "enable_block_reuse",
            "run: KvCacheConfig",
            "reusing cached prompt blocks needs paged context attention",
        ),
        Off(
            "enable_chunked_prefill",
            "run: LLM",
            "splitting a prompt needs paged context attention; old executors abort when it is on",
        ),
    )


_INT8_KV_OFF = _without_paged_context(
    "the paged context attention kernel cannot read an INT8 cache (builder.py switches it off)"
)
_FP8_KV_OFF = _without_paged_context(
    "with an FP8 cache it needs FP8 context attention, which needs FP8 weights (builder.py)"
)

_ALGO = {
    Precision.FP16: None,
    Precision.BF16: None,
    Precision.INT8: "W8A16",
    Precision.INT8_SQ: "W8A8_SQ_PER_CHANNEL",
    Precision.FP8: "FP8",
    Precision.INT4_AWQ: "W4A16_AWQ",
}

AWQ_GROUP = 128
"""`QuantConfig.group_size`, and the block size of ModelOpt's INT4_AWQ_CFG."""

_INTEGER = (Precision.INT8, Precision.INT8_SQ, Precision.INT4_AWQ)


def quant_rule(fmt: Format, capability: ComputeCapability) -> QuantRule | Impossible:
    """The rule for a format on a compute capability. Total: every combination has an answer."""
    return _impossible(fmt, capability) or _rule(fmt)


def _impossible(fmt: Format, capability: ComputeCapability) -> Impossible | None:
    precision, kv = fmt.precision, fmt.kv
    if capability.sm < 80:
        return Impossible(
            f"compute capability {capability} is older than 8.0 (Ampere), the oldest the engine "
            "backend of TensorRT-LLM 1.2.1 supports"
        )
    if capability.sm >= 120:
        return Impossible(
            f"compute capability {capability} is not covered by these rules, which were read for "
            "8.0 to 11.9; serve the checkpoint with the PyTorch backend or vLLM"
        )
    if 100 <= capability.sm < 120 and (precision in _INTEGER or kv is Kv.INT8):
        what = "an INT8 KV cache" if kv is Kv.INT8 else f"{precision} weights"
        return Impossible(
            f"TensorRT-LLM's builder refuses {what} on compute capability 10.0 to 11.9 "
            f"(this is {capability})"
        )
    if not capability.fp8 and (precision is Precision.FP8 or kv is Kv.FP8):
        what = "FP8 weights" if precision is Precision.FP8 else "an FP8 KV cache"
        return Impossible(
            f"{what} need compute capability 8.9 or later (Ada, Hopper); this is {capability}"
        )
    if precision is Precision.FP8 and kv is Kv.INT8:
        return Impossible(
            "FP8 weights with an INT8 KV cache: no route of TensorRT-LLM 1.2.1 is documented to "
            "calibrate the two together; every GPU with FP8 has the FP8 KV cache"
        )
    if precision in _INTEGER and kv is Kv.FP8:
        return Impossible(
            f"{precision} weights with an FP8 KV cache: the direct route takes a 16-bit cache "
            "only, and neither calibrator is documented to combine them; use an INT8 KV cache"
        )
    return None


def _rule(fmt: Format) -> QuantRule:
    precision, kv = fmt.precision, fmt.kv
    algo = _ALGO[precision]
    # On by default; with paged context attention it is for FP8 weights and FP8 cache together
    plugins = {"use_fp8_context_fmha": precision is Precision.FP8 and kv is Kv.FP8}
    if precision is Precision.INT4_AWQ:
        # AWQ exists in ModelOpt alone, which calibrates the INT8 cache in the same pass
        off: tuple[Off, ...] = ()
        if kv is Kv.INT8:
            off, plugins["use_paged_context_fmha"] = _INT8_KV_OFF, False
        kv_algo = "INT8" if kv is Kv.INT8 else None
        return QuantRule(
            Route.MODELOPT, algo, kv_algo, False, off, plugins, AWQ_VOCAB_MULTIPLE, AWQ_GROUP
        )
    if kv is Kv.INT8:
        plugins["use_paged_context_fmha"] = False
        if precision is Precision.INT8_SQ:
            algo = "W8A8_SQ_PER_CHANNEL_PER_TOKEN_PLUGIN"
        # The native calibrators read lm_head from the file although these checkpoints tie it to
        # the embedding, and stop with KeyError 'lm_head.weight' (issue 2677)
        return QuantRule(Route.NATIVE, algo, "INT8", True, _INT8_KV_OFF, plugins)
    if kv is Kv.FP8 and precision is not Precision.FP8:
        plugins["use_paged_context_fmha"] = False
        return QuantRule(Route.MODELOPT, algo, "FP8", False, _FP8_KV_OFF, plugins)
    if kv is Kv.FP8:
        return QuantRule(Route.MODELOPT, algo, "FP8", False, (), plugins)
    route = Route.DIRECT if algo in (None, "W8A16") else Route.MODELOPT
    return QuantRule(route, algo, None, False, (), plugins)
