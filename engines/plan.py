"""Everything about an engine that can be known before renting the GPU. Pure.

A plan says how the engine is built, what must be off, what it holds, and how fast it can be. A pair
that cannot exist is refused with the reason and the nearest ones that can; a pair that exists but
cannot keep up with playback is planned all the same, with the verdict and what can.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from engines.gpus import GPUS, Gpu
from engines.quant_rules import Impossible, QuantRule, quant_rule
from engines.recipe import ModelRecipes, Recipe, recipe
from engines.roofline import Rate, RealTime, Roofline
from tensorrt_tts.engine_folder.architecture import Architecture
from tensorrt_tts.engine_folder.formats import Format, Kv, Precision, every_format
from tensorrt_tts.errors import ImpossiblePlanError

RESERVED = 2 * 1024**3
"""Bytes kept for the CUDA context, TensorRT's execution context and the codec beside the engine."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes on the GPU. pool: what the KV cache may take; kv_per_token: of one cached token.

    streams_typical, streams_longest: requests of ordinary and of maximal length that fit at once.
    """

    total: int
    reserved: int
    activations: int
    weights: int
    pool: int
    kv_per_token: int
    streams_typical: int
    streams_longest: int


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """Speed with an output head of `rows` rows: the full vocabulary, or the legal audio ids only.

    The cut head is what `engines.vocabulary` makes. TensorRT-LLM 1.2.1 cannot express it, so for an
    engine that row is what the text vocabulary costs, and for vLLM on the same GPU what it saves.

    one, full_batch: rates at batch 1 and at the recipe's batch. streams: how many streams, all in
    real time by the expected rate, within memory and the recipe's batch.
    """

    name: str
    rows: int
    bytes_per_token: int
    one: Rate
    full_batch: Rate
    verdict: RealTime
    streams: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another format on the same GPU, or the same format on another one."""

    gpu: str
    format: str
    head: str
    rate: Rate
    verdict: RealTime


@dataclass(frozen=True, slots=True)
class Plan:
    recipe: Recipe
    architecture: Architecture
    rule: QuantRule
    memory: Memory
    full_head: HeadPlan
    audio_head: HeadPlan
    alternatives: tuple[Alternative, ...]

    @property
    def verdict(self) -> RealTime:
        """Of the engine as TensorRT-LLM builds it, with the full head."""
        return self.full_head.verdict

    @property
    def vocab_rows(self) -> int:
        """Rows of the engine's embedding and head; those past the checkpoint's own are zeros."""
        return self.rule.vocab_rows(self.architecture.vocab_size)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; bytes and tokens per second, unrounded."""
        rule = asdict(self.rule)
        return {
            "recipe": {**self.recipe.to_dict(), "listed": self.recipe.listed},
            "architecture": self.architecture.model_dump(mode="json"),
            "vocab_rows": self.vocab_rows,
            "token_rate": self.recipe.model.token_rate,
            "rule": rule,
            "memory": asdict(self.memory),
            "full_head": asdict(self.full_head),
            "audio_head": asdict(self.audio_head),
            "real_time": self.verdict.value,
            "alternatives": [asdict(alternative) for alternative in self.alternatives],
        }


def plan(wanted: Recipe, architecture: Architecture | None = None) -> Plan:
    """architecture: of the checkpoint at hand; None takes the recipe file's.

    Raises ImpossiblePlanError with the reason and the nearest possible formats.
    """
    shape = architecture or wanted.model.architecture
    _check_fit(wanted, shape)
    rule = _rule(wanted, shape)
    if isinstance(rule, Impossible):
        raise ImpossiblePlanError(_refusal(wanted, rule.reason, shape))
    memory = _memory(wanted, shape, rule)
    if memory.streams_longest < 1:
        raise ImpossiblePlanError(
            _refusal(
                wanted,
                f"{_gb(memory.weights)} of weights and {_gb(memory.activations)} of activations "
                f"leave no room on {_gb(memory.total)} for one stream of "
                f"{wanted.limits.max_seq_len} tokens",
                shape,
            )
        )
    full = _head(wanted, shape, "full vocabulary", rule.vocab_rows(shape.vocab_size), memory)
    audio = _head(wanted, shape, "audio ids only", wanted.model.legal_ids, memory)
    others = () if full.verdict is RealTime.YES else _alternatives(wanted, shape)
    return Plan(wanted, shape, rule, memory, full, audio, others)


def possible_formats(model: ModelRecipes, gpu: Gpu, shape: Architecture) -> tuple[Format, ...]:
    """Formats that can be built for that GPU and fit it, the recipe file's own ones first."""
    listed = model.formats(gpu.name)
    rest = [fmt for fmt in every_format() if fmt not in listed]
    return tuple(fmt for fmt in (*listed, *rest) if _possible(recipe(model, gpu, fmt), shape))


def _possible(wanted: Recipe, shape: Architecture) -> bool:
    rule = _rule(wanted, shape)
    return not isinstance(rule, Impossible) and _memory(wanted, shape, rule).streams_longest >= 1


def _check_fit(wanted: Recipe, shape: Architecture) -> None:
    """What no format could mend. Raises ImpossiblePlanError naming the field and the remedy."""
    model, limits = wanted.model, wanted.limits
    if shape.unsupported:
        raise ImpossiblePlanError(
            f"this checkpoint has {shape.unsupported[0]}, which an engine of TensorRT-LLM 1.2.1 "
            "would leave out or compute differently; serve it with vLLM"
        )
    if shape.vocab_size < model.legal_ids:
        raise ImpossiblePlanError(
            f"vocab_size {shape.vocab_size} is less than the {model.legal_ids} ids that "
            f"{model.name} may emit; give a checkpoint that was trained for speech"
        )
    if shape.max_position_embeddings < limits.max_seq_len:
        raise ImpossiblePlanError(
            f"max_position_embeddings {shape.max_position_embeddings} of the checkpoint is less "
            f"than max_seq_len {limits.max_seq_len} of the recipe, and TensorRT-LLM would refuse "
            f"it; copy engines/recipes/{model.name}.toml, lower max_seq_len there (and what it "
            "bounds), and give that file as the model"
        )


def _rule(wanted: Recipe, shape: Architecture) -> QuantRule | Impossible:
    if wanted.model.fp16_overflows and wanted.format.precision is Precision.FP16:
        return Impossible(
            f"activations of {wanted.model.name} overflow FP16's range (65504); BF16 costs the same"
        )
    rule = quant_rule(wanted.format, wanted.gpu.capability)
    if isinstance(rule, QuantRule):
        for field in ("hidden_size", "query_size", "intermediate_size"):
            if size := getattr(shape, field) % rule.group:
                return Impossible(
                    f"{wanted.format.precision} groups {rule.group} weights along the input of a "
                    f"matrix, and {field} {getattr(shape, field)} leaves {size} over"
                )
    return rule


def _memory(wanted: Recipe, shape: Architecture, rule: QuantRule) -> Memory:
    limits, rows = wanted.limits, rule.vocab_rows(shape.vocab_size)
    roof = Roofline(shape, wanted.format, wanted.gpu, rows)
    # A tied head is the embedding table itself; TensorRT-LLM shares one copy of equal tables.
    weights = roof.weight_bytes + (0 if shape.tie_word_embeddings else roof.head_bytes)
    width = 4 * shape.hidden_size + 2 * shape.intermediate_size
    activations = 2 * limits.max_num_tokens * width + 4 * limits.max_batch_size * rows
    free = wanted.gpu.memory - RESERVED - activations - weights
    pool = max(0, int(limits.kv_fraction * free))
    per_token = roof.kv_bytes_per_token
    return Memory(
        total=wanted.gpu.memory,
        reserved=RESERVED,
        activations=activations,
        weights=weights,
        pool=pool,
        kv_per_token=per_token,
        streams_typical=pool // (per_token * limits.typical_tokens),
        streams_longest=pool // (per_token * limits.max_seq_len),
    )


def _head(wanted: Recipe, shape: Architecture, name: str, rows: int, memory: Memory) -> HeadPlan:
    limits, needed = wanted.limits, wanted.model.token_rate
    roof = Roofline(shape, wanted.format, wanted.gpu, rows)
    one = roof.rate(1, limits.typical_tokens)
    most = min(limits.max_batch_size, memory.streams_typical)
    return HeadPlan(
        name=name,
        rows=rows,
        bytes_per_token=roof.weight_bytes,
        one=one,
        full_batch=roof.rate(limits.max_batch_size, limits.typical_tokens),
        verdict=one.real_time(needed),
        streams=roof.streams(needed, limits.typical_tokens, most, expected=True),
    )


def _alternatives(wanted: Recipe, shape: Architecture) -> tuple[Alternative, ...]:
    """Formats on this GPU that do better than NO, with either head; else the same format on GPUs
    that reach real time."""
    model, needed = wanted.model, wanted.model.token_rate
    found = []
    for fmt in possible_formats(model, wanted.gpu, shape):
        other = recipe(model, wanted.gpu, fmt)
        if not other.listed and fmt != wanted.format:
            continue
        for head, rows in (("full", _rows(other, shape)), ("audio", model.legal_ids)):
            if (fmt, head) == (wanted.format, "full"):
                continue
            rate = Roofline(shape, fmt, wanted.gpu, rows).rate(1, other.limits.typical_tokens)
            verdict = rate.real_time(needed)
            if verdict is not RealTime.NO:
                found.append(Alternative(wanted.gpu.name, str(fmt), head, rate, verdict))
    for gpu in GPUS.values():
        other = recipe(model, gpu, wanted.format)
        if gpu == wanted.gpu or not _possible(other, shape):
            continue
        roof = Roofline(shape, wanted.format, gpu, _rows(other, shape))
        rate = roof.rate(1, other.limits.typical_tokens)
        if rate.real_time(needed) is RealTime.YES:
            found.append(Alternative(gpu.name, str(wanted.format), "full", rate, RealTime.YES))
    order = {RealTime.YES: 0, RealTime.MARGINAL: 1}
    return tuple(
        sorted(found, key=lambda a: (a.gpu != wanted.gpu.name, order[a.verdict], -a.rate.expected))
    )


def _rows(possible: Recipe, shape: Architecture) -> int:
    rule = _rule(possible, shape)
    return rule.vocab_rows(shape.vocab_size) if isinstance(rule, QuantRule) else shape.vocab_size


def _refusal(wanted: Recipe, reason: str, shape: Architecture) -> str:
    near = _nearest(wanted, shape)
    elsewhere = [
        gpu.name
        for gpu in GPUS.values()
        if gpu != wanted.gpu and _possible(replace(wanted, gpu=gpu), shape)
    ]
    message = f"{wanted.model.name} as {wanted.format} on {wanted.gpu.name} is impossible: {reason}"
    message += f"; nearest on {wanted.gpu.name}: {', '.join(map(str, near)) or 'none'}"
    if elsewhere:
        message += f"; {wanted.format} is possible on {', '.join(elsewhere)}"
    return message


def _nearest(wanted: Recipe, shape: Architecture) -> list[Format]:
    def distance(fmt: Format) -> tuple[bool, float, bool]:
        bits = abs(fmt.precision.layer_bits - wanted.format.precision.layer_bits)
        kv = (fmt.kv is Kv.MODEL) != (wanted.format.kv is Kv.MODEL)
        return (fmt not in wanted.model.formats(wanted.gpu.name), bits, kv)

    return sorted(possible_formats(wanted.model, wanted.gpu, shape), key=distance)[:3]


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
