"""What a model shape reaches on a device: its ceilings, the backbone alone, and the whole server.

    python -m benchmarks device --shape orpheus-3b --device cuda

In one run: copy bandwidth and matrix throughput; the codec's one-frame hops by batch; vLLM with
random weights at several batches, as share of the roofline those two draw; then the toolkit's
server with vLLM and a full-size SNAC in one process: first audio with one caller, and the largest
number of callers it holds. `--shape tiny --device cpu` runs the same steps on a laptop, to test
them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.backbone import BackboneRate, backbone_rates
from benchmarks.backbone import table as backbone_table
from benchmarks.ceilings import Ceilings, ceilings
from benchmarks.codec_rates import CodecRate, codec_rates
from benchmarks.codec_rates import table as codec_table
from benchmarks.decode_cost import open_codec
from benchmarks.host_overhead import Level, host_overhead, largest_held
from benchmarks.host_overhead import table as level_table
from benchmarks.session import Session
from benchmarks.shape import architecture, open_shape, write_shape
from engines.formats import Format
from engines.gpus import ComputeCapability, Gpu
from engines.roofline import Roofline
from tensorrt_tts.backends.protocol import Sampling
from tensorrt_tts.models.orpheus import ENGLISH
from tensorrt_tts.models.orpheus_tokens import SLOTS, OrpheusTokens

ALONE = 20
"""Answers of the one-caller level: first audio is their median."""

READY_S = 900.0
"""An engine that compiles and captures its graphs takes minutes."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DeviceRun:
    """What was found. levels[0] is one caller: its `ttfa_p50_ms` is first audio."""

    shape: str
    device: str
    ceilings: Ceilings
    codec: list[CodecRate]
    backbone: list[BackboneRate]
    levels: list[Level]

    @property
    def streams_held(self) -> int:
        return largest_held(self.levels)


def production_sampling(tokens: int) -> Sampling:
    """As Orpheus is sampled, ids restricted per slot, for exactly that many tokens."""
    return Sampling(max_tokens=tokens, legal=OrpheusTokens().legal(), **asdict(ENGLISH.sampling))


def measured_roofline(shape: str, found: Ceilings) -> Roofline:
    """16-bit weights and cache, with the ceilings as measured in place of a datasheet's."""
    device = Gpu(
        name="this device",
        memory_mib=0,
        bandwidth=found.bandwidth,
        capability=ComputeCapability(0, 0),
        fp16_tflops=found.tflops,
        products=(),
        source="measured in this run",
    )
    model = architecture(shape)
    return Roofline(model, Format.parse("bf16"), device, head_rows=model.vocab_size)


async def device_run(
    shape: str,
    device: str,
    folder: Path,
    batches: Sequence[int],
    limit: int,
    seconds: float,
    codec: str = "random",
    alone: int = ALONE,
    say: Say = lambda line: None,
) -> DeviceRun:
    """folder: for the shape's config.json and the run logs. limit: callers at most. seconds: of
    audio in every answer. alone: answers from which the first audio's median is taken.

    Raises what starting vLLM raises, and BackendError when the server does not start.
    """
    say(f"{device}: copying and multiplying …")
    found = await asyncio.to_thread(ceilings, device)
    say(f"copies at {found.bandwidth:.0f} GB/s, multiplies at {found.tflops:.1f} Tflop/s")
    rates = []
    if codec != "null":
        rates = await asyncio.to_thread(codec_rates, open_codec(codec, device)[0], batches)
        say(codec_table(rates))
    model = write_shape(folder / shape, shape)
    say(f"starting vLLM on the shape of {shape} …")
    backend = await asyncio.to_thread(open_shape, model, device, max(batches))
    try:
        backbone = await backbone_rates(
            backend,
            production_sampling(SLOTS * max(2, round(seconds * 24000 / 2048))),
            measured_roofline(shape, found),
            batches,
            say,
        )
    finally:
        await backend.close()
    say("starting the server …")
    session = Session(folder, "benchmarks.host_server", {"shape": shape}, False, lambda *_: None)
    levels = await host_overhead(
        codec,
        folder,
        session,
        limit,
        seconds,
        progress=lambda level: say(level_table([level]).splitlines()[-1]),
        more=["--shape", str(model), "--device", device],
        ready_within=READY_S,
        alone=alone,
    )
    return DeviceRun(shape, device, found, rates, backbone, levels)


def report(run: DeviceRun) -> str:
    """The tables, and the three figures people ask for."""
    first = run.levels[0].ttfa_p50_ms
    lines = [
        f"copies at {run.ceilings.bandwidth:.0f} GB/s, bf16 matrices {run.ceilings.tflops:.1f} "
        "Tflop/s",
        "",
        codec_table(run.codec),
        "",
        backbone_table(run.backbone),
        "",
        level_table(run.levels),
        "",
        f"first audio, one caller, median: {'none' if first is None else f'{first:.0f} ms'}",
        f"callers held (C100): {run.streams_held}",
    ]
    return "\n".join(lines)


def as_json(run: DeviceRun, environment: dict[str, object]) -> str:
    """One line, everything raw."""
    return json.dumps({**asdict(run), "streams_held": run.streams_held, **environment})
