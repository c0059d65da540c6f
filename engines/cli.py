"""Command line of the engine tools. Exit codes are those of `tensorrt_tts.errors`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engines import calibration
from engines.build import build_engine, this_host
from engines.checkpoint import describe, resolve
from engines.commands import add_commands
from engines.gpus import GPUS, gpu
from engines.plan import Plan, plan
from engines.plan_table import render
from engines.progress import Progress
from engines.recipe import model_names, model_recipes, recipe
from engines.roofline import RealTime
from engines.verify_command import add_command as add_verify
from tensorrt_tts.checkpoint_folder import given_path
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.engine_folder.check import check_engine
from tensorrt_tts.engine_folder.device import find_device
from tensorrt_tts.engine_folder.find import engine_versions
from tensorrt_tts.engine_folder.formats import Format, Kv
from tensorrt_tts.engine_folder.releases import installed_version, tensorrt_version
from tensorrt_tts.errors import ImpossiblePlanError, MissingDependencyError, SettingError
from tensorrt_tts.exit_status import exit_status

OUTPUT = Path("build/engines")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors are one line on stderr."""
    options = _parser().parse_args(arguments)
    return exit_status(
        lambda: options.run(options), interrupted="interrupted: nothing half-built was kept"
    )


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m engines",
        description="Plan, build, check and verify TensorRT-LLM engines.",
        epilog="Exit codes: 0 done, 2 bad argument, 3 checkpoint, 4 package, GPU or memory "
        "missing, 5 impossible plan, failed build or bad engine, 130 interrupted.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    planning = CommandParser(add_help=False)
    planning.add_argument("model", help="a name from `recipes`, or a recipe file (.toml)")
    planning.add_argument("--gpu", required=True, help=f"{', '.join(GPUS)} (a100 is a100-80)")
    planning.add_argument(
        "--precision", help="fp16, bf16, int8, int8-sq, fp8, int4-awq; default: the model's"
    )
    planning.add_argument("--kv", choices=[kv.value for kv in Kv], help="KV cache type; default 16")
    planning.add_argument("--checkpoint", help="local folder or hub id; its config.json is used")

    command = commands.add_parser("plan", parents=[planning], help="what an engine would be")
    command.add_argument("--json", action="store_true", help="JSON instead of a table")
    command.set_defaults(run=_plan)

    command = commands.add_parser("build", parents=[planning], help="plan, then build")
    command.add_argument("--output", type=given_path, default=OUTPUT, help=f"default {OUTPUT}")
    command.add_argument(
        "--calibration",
        type=given_path,
        help="real audio codes, one JSON list a line; else generated",
    )
    command.add_argument(
        "--voice", action="append", help="a voice for calibration prompts; may be repeated"
    )
    command.add_argument(
        "--offline",
        action="store_true",
        help="build although the plan cannot reach real time",
    )
    command.set_defaults(run=_build)

    command = commands.add_parser("check", help="can this engine folder run here?")
    command.add_argument("folder", type=given_path)
    command.add_argument("--quick", action="store_true", help="compare sizes only, not digests")
    command.add_argument("--checkpoint", help="folder or hub id of the model it must compute")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_check)

    command = commands.add_parser("recipes", help="list models, GPUs and formats")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_recipes)
    add_verify(commands)
    add_commands(commands)
    return parser


def planned(
    model: str,
    gpu_name: str,
    precision: str | None = None,
    kv: str | None = None,
    checkpoint: str | None = None,
) -> Plan:
    """The plan those options ask for; errors as `engines.plan.plan`."""
    recipes = model_recipes(model)
    fmt = Format.parse(precision or recipes.default_format)
    if kv is not None:
        if fmt.kv is not Kv.MODEL and fmt.kv.value != kv:
            raise SettingError(f"--kv {kv} contradicts --precision {precision}; give one of them")
        fmt = Format(fmt.precision, Kv(kv))
    shape = None
    if checkpoint:
        shape = describe(resolve(checkpoint, subfolder=recipes.subfolder), recipes)
    return plan(recipe(recipes, gpu(gpu_name), fmt), shape)


def _from(options: argparse.Namespace) -> Plan:
    return planned(options.model, options.gpu, options.precision, options.kv, options.checkpoint)


def _plan(options: argparse.Namespace) -> None:
    found = _from(options)
    print(json.dumps(found.to_dict(), indent=2) if options.json else render(found))


def _build(options: argparse.Namespace) -> None:
    wanted = _from(options)
    print(render(wanted), flush=True)
    recipe_, model = wanted.recipe, wanted.recipe.model
    if wanted.verdict is RealTime.NO and not options.offline:
        raise ImpossiblePlanError(
            f"{recipe_.format} on {recipe_.gpu.name} cannot reach the {model.token_rate:.2f} "
            f"tok/s of real time (bound {wanted.full_head.one.ceiling:.1f}); choose from the table "
            "above, or pass --offline (make: OFFLINE=1) for speech that nobody waits for"
        )
    streams = None
    if options.calibration:
        streams = calibration.read_streams(options.calibration, model.calibration)
    host = this_host()
    folder = resolve(options.checkpoint or model.hub_id, model.mirror, model.subfolder)
    if options.checkpoint is None:  # the plan was made from the recipe's shape: now the real one
        wanted = plan(recipe_, describe(folder, model))
    voices = tuple(options.voice or ("tara",))
    print(build_engine(wanted, folder, host, options.output, streams, voices, Progress(sys.stderr)))


def _check(options: argparse.Namespace) -> None:
    shape = read_architecture(resolve(options.checkpoint)) if options.checkpoint else None
    contents = not options.quick
    info = check_engine(
        options.folder, find_device(), _installed(), contents=contents, checkpoint=shape
    )
    if options.json:
        print(json.dumps(_summary(info), indent=2))
        return
    print(f"{info.folder}: whole")
    for key, value in _summary(info).items():
        if key not in ("folder", "unchecked"):
            print(f"  {key:<16}{value}")
    for reason in info.unchecked:
        print(f"  not checked     {reason}")


def _installed() -> dict[str, str]:
    """What a server here would compare. A laptop can check too; what stays open is printed."""
    try:
        return engine_versions(installed_version())
    except MissingDependencyError:
        found = tensorrt_version()
        return {} if found is None else {"tensorrt": found}


def _summary(info: Any) -> dict[str, Any]:
    summary: dict[str, Any] = {"folder": str(info.folder), "unchecked": list(info.unchecked)}
    if info.config is not None:
        pretrained, build = info.config.pretrained_config, info.config.build_config
        summary |= {
            "model": pretrained.architecture,
            "layers": pretrained.quantization.quant_algo or pretrained.dtype,
            "kv_cache": pretrained.quantization.kv_cache_quant_algo or pretrained.dtype,
            "max_batch_size": build.max_batch_size,
            "max_seq_len": build.max_seq_len,
            "tensorrt_llm": info.config.version,
        }
    if info.manifest is not None:
        summary |= {
            "kind": info.manifest.inputs.kind,
            "built_on": info.manifest.inputs.product,
            "built_at": info.manifest.built_at,
            "key": info.manifest.key,
        }
    return summary


def _recipes(options: argparse.Namespace) -> None:
    found = {
        name: {
            gpu_name: {
                str(fmt): model.limits_for(gpu_name, fmt).max_batch_size
                for fmt in model.formats(gpu_name)
            }
            for gpu_name in model.gpus
        }
        for name in model_names()
        for model in (model_recipes(name),)
    }
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, gpus in found.items():
        print(f"{name}: formats, with the batch each is built for")
        for gpu_name, formats in gpus.items():
            print(f"  {gpu_name:<10}" + ", ".join(f"{f} {batch}" for f, batch in formats.items()))
