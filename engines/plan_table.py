"""A plan as text for a terminal. Pure."""

from __future__ import annotations

from textwrap import wrap

from engines.plan import HeadPlan, Plan
from engines.quant_rules import Route
from engines.roofline import BANDWIDTH_EFFICIENCY, RealTime

COLUMNS = 100

_ROUTES = {
    Route.DIRECT: "direct conversion, no calibration data",
    Route.MODELOPT: "NVIDIA ModelOpt, calibrated on audio tokens",
    Route.NATIVE: "TensorRT-LLM's own calibration, on audio tokens",
}

_VERDICTS = {
    RealTime.YES: "yes",
    RealTime.MARGINAL: "marginal: within the bandwidth bound, below the expected rate",
    RealTime.NO: "no: not even at the full memory bandwidth",
}


def render(plan: Plan) -> str:
    """The plan as lines of at most `COLUMNS`, no trailing newline."""
    recipe, memory, rule = plan.recipe, plan.memory, plan.rule
    limits, gpu, needed = recipe.limits, recipe.gpu, recipe.model.token_rate
    lines = [
        f"Plan: {recipe.model.name} as {recipe.format} on {gpu.name}",
        "",
        _row(
            "GPU",
            f"{gpu.memory_mib / 1024:.1f} GiB, {gpu.bandwidth:.0f} GB/s, "
            f"compute capability {gpu.capability}",
        ),
        _row("route", _ROUTES[rule.route]),
        _row(
            "quantisation",
            f"layers {rule.quant_algo or recipe.dtype}, KV cache "
            f"{rule.kv_quant_algo or recipe.dtype}, embedding and head {recipe.dtype}",
        ),
    ]
    if rule.untie:
        lines.append(
            _row("first", "the checkpoint is saved with its own lm_head (TensorRT-LLM issue 2677)")
        )
    if padding := plan.vocab_rows - plan.architecture.vocab_size:
        lines.append(
            _row("vocabulary", f"{plan.vocab_rows} rows, the last {padding} of them padding")
        )
    lines += [_row("off", f"{off.feature} ({off.where}): {off.reason}") for off in rule.off]
    if not recipe.listed:
        lines.append(_row("note", "no recipe lists this format here; the GPU's limits are used"))
    lines += [
        _row(
            "built for",
            f"batch {limits.max_batch_size}, {limits.max_seq_len} tokens per stream, "
            f"{limits.max_num_tokens} tokens per step",
        ),
        _row(
            "memory",
            f"{_gb(memory.weights)} weights + {_gb(memory.activations)} activations + "
            f"{_gb(memory.reserved)} reserved; {_gb(memory.pool)} for the KV cache "
            f"at {memory.kv_per_token / 1024:.0f} KiB a token",
        ),
        _row(
            "streams that fit",
            f"{memory.streams_typical} of {limits.typical_tokens} tokens, "
            f"{memory.streams_longest} of {limits.max_seq_len}",
        ),
        "",
        *_speed_table(plan),
        "",
        _row("real time", f"needs {needed:.2f} tok/s; {_VERDICTS[plan.verdict]}"),
    ]
    if plan.verdict is not RealTime.YES:
        lines += ["", *_alternatives(plan)]
    lines += [
        "",
        "  bound = memory bandwidth / bytes per token. expected = at "
        f"{100 * BANDWIDTH_EFFICIENCY:.0f} % of the bandwidth, plus a fixed",
        "  cost per step, fitted to three published batch-1 rates; at larger batches extrapolated.",
    ]
    return "\n".join(lines)


def _speed_table(plan: Plan) -> list[str]:
    batch = plan.recipe.limits.max_batch_size
    return [
        f"  {'output head':<17}{'rows':>7}{'GB/token':>10}{'bound':>9}{'expected':>10}"
        f"{f'bound x{batch}':>12}{'expected':>10}{'real-time streams':>19}",
        _speed_row(plan.full_head),
        _speed_row(plan.audio_head),
        f"  bound, expected: tok/s of each stream, alone and of {batch} together",
    ]


def _speed_row(head: HeadPlan) -> str:
    return (
        f"  {head.name:<17}{head.rows:>7}{head.bytes_per_token / 1e9:>10.2f}"
        f"{head.one.ceiling:>9.1f}{head.one.expected:>10.1f}"
        f"{head.full_batch.ceiling:>12.1f}{head.full_batch.expected:>10.1f}{head.streams:>19}"
    )


def _alternatives(plan: Plan) -> list[str]:
    gpu = plan.recipe.gpu
    if not plan.alternatives:
        return [f"  nothing listed reaches real time for this model on {gpu.name}"]
    lines = [f"  {'what can':<18}{'format':<16}{'head':<8}{'bound':>8}{'expected':>10}  real time"]
    lines += [
        f"  {alternative.gpu:<18}{alternative.format:<16}{alternative.head:<8}"
        f"{alternative.rate.ceiling:>8.1f}{alternative.rate.expected:>10.1f}  {alternative.verdict}"
        for alternative in plan.alternatives
    ]
    if any(alternative.head == "audio" for alternative in plan.alternatives):
        lines.append(
            "  head audio: output rows cut to the legal ids (engines/vocabulary.py): on vLLM only, "
            "no engine"
        )
    return lines


def _row(name: str, text: str) -> str:
    indent = " " * 20
    wrapped = wrap(text, COLUMNS, initial_indent=indent, subsequent_indent=indent)
    return f"  {name:<18}" + "\n".join(wrapped).lstrip()


def _gb(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
