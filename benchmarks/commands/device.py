"""The command that measures a GPU, or what is tried first where there is none."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.commands.command import above_zero, command, option
from benchmarks.device.backbone import BATCHES
from benchmarks.doubles.shape import SHAPES
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is no JSON object, as {{"name": value}} is')
    return found


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


@command(
    "a model's shape on a device: ceilings, vLLM alone, first audio, callers held",
    option("--shape", choices=SHAPES, default="orpheus-3b", help="(%(default)s)"),
    option("--device", default="cuda", help="(%(default)s)"),
    above_zero("--batches", _whole_numbers, default=BATCHES, help="1,8,64,256"),
    above_zero("--limit", default=512, help="callers at most (%(default)s)"),
    above_zero("--seconds", float, help="of audio in an answer (5)"),
    above_zero("--alone", help="answers of the one-caller stage (20)"),
    option(
        "--stages",
        type=lambda text: tuple(text.split(",")),
        help="some of ceilings,exactness,codec,backbone,first-audio,callers (all); adds to "
        "device.json, and goes on where a stage was cut short",
    ),
    option(
        "--precision", default="bf16", help="bf16 or fp8, side by side in device.json (%(default)s)"
    ),
    option(
        "--engine-arguments",
        type=_json_object,
        default={},
        metavar="JSON",
        help="further arguments of vLLM's engine, recorded in the result",
    ),
    above_zero(
        "--budget-s", float, help="leave out the stages that do not fit into so many seconds"
    ),
    option("--commit", help="of this checkout, where there is no git to ask"),
    option("--codec", default="random", help="random, null, demo or a folder"),
    option("--out", type=Path, default=Path("out/device")),
)
def device(parsed: argparse.Namespace) -> None:
    from benchmarks.device.result import as_json, report
    from benchmarks.device.run import ALONE, SECONDS, STAGES, DeviceRun

    run = DeviceRun(
        shape=parsed.shape,
        device=parsed.device,
        folder=parsed.out,
        batches=parsed.batches,
        limit=parsed.limit,
        seconds=parsed.seconds or SECONDS,
        codec=parsed.codec,
        alone=parsed.alone or ALONE,
        precision=parsed.precision,
        engine_arguments=parsed.engine_arguments,
        budget_s=parsed.budget_s,
        commit=parsed.commit,
        say=notice,
    )
    found = run_blocking(run.run(parsed.stages or STAGES))
    print(report(found))
    print(as_json(found))
