"""Make the demo voice: ``python -m demo_voice train --work DIR``, or one step of it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from demo_voice.voices import VOICES
from tensorrt_tts.exit_status import exit_status

STEPS = {
    "sentences": "demo_voice.sentences",
    "synthesize": "demo_voice.synthesize",
    "listener": "demo_voice.listener",
    "codec": "demo_voice.codec",
    "tokenize": "demo_voice.tokenize",
    "vocoder": "demo_voice.vocoder",
    "language-model": "demo_voice.lm.train",
    "export": "demo_voice.export",
    "tune": "demo_voice.tune",
    "evaluate": "demo_voice.evaluate",
}
"""In the order in which ``train`` runs them."""

APART = {
    "average": "demo_voice.lm.average",
    "stand-in": "demo_voice.lm.stand_in",
    "copy-synthesis": "demo_voice.copy_synthesis",
    "written-out": "demo_voice.written_out",
    "hindi-sentences": "demo_voice.hindi.corpus",
    "hear": "demo_voice.hear",
    "demo": "demo_voice.demo",
}
"""Steps that ``train`` does not need."""


MINUTES = {
    "cpu": {
        "listener_minutes": 4.0,
        "codec_minutes": 60.0,
        "vocoder_minutes": 65.0,
        "lm_minutes": 90.0,
    },
    "cuda": {
        "listener_minutes": 1.0,
        "codec_minutes": 7.0,
        "vocoder_minutes": 7.0,
        "lm_minutes": 5.0,
    },
}
"""Training times where none are given. cpu: about what the shipped weights took on two cores. cuda:
what is left of 25 minutes beside synthesis and evaluation. Of it the language model's step alone
has been tried: an H100 took 150 s for 1,925 steps of 12,288 ids, with a second training beside."""


class Options(argparse.ArgumentParser):
    """A parser that steps may give an option a second time: the first one stands."""

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        """As argparse, unless the option is known."""
        for action in self._actions:
            if set(names) & set(action.option_strings):
                return action
        return super().add_argument(*names, **settings)


def parser() -> argparse.ArgumentParser:
    """One sub-command per step, and ``train`` with the options of all."""
    top = argparse.ArgumentParser(prog="python -m demo_voice", description=__doc__)
    commands = top.add_subparsers(dest="step", required=True, parser_class=Options)
    together = commands.add_parser("train", help="every step in order; finished ones are skipped")
    add_common(together)
    for name, module_name in (STEPS | APART).items():
        module = importlib.import_module(module_name)
        doc = (module.__doc__ or "").splitlines()[0]
        alone = commands.add_parser(name, help=doc)
        add_common(alone)
        module.add_arguments(alone)
        if name in STEPS:
            module.add_arguments(together)
    return top


def add_common(step: argparse.ArgumentParser) -> None:
    """Options of every step."""
    step.add_argument(
        "--work",
        type=Path,
        default=Path("demo-voice-work"),
        help="folder for data and checkpoints (10 GB)",
    )
    step.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    step.add_argument("--device", default="cpu", help="that trains: cpu or cuda")
    step.add_argument("--seed", type=int, default=0)
    step.add_argument(
        "--voices",
        nargs="+",
        choices=list(VOICES),
        help="that are made (heart; later steps: all that have speech in the work folder)",
    )


def with_times(args: argparse.Namespace) -> argparse.Namespace:
    """The training times that were not given, by device."""
    for name, minutes in MINUTES["cpu" if args.device == "cpu" else "cuda"].items():
        if getattr(args, name, 0.0) is None:
            setattr(args, name, minutes)
    return args


def main() -> None:
    """Run the step of the command line."""
    args = with_times(parser().parse_args())
    args.work.mkdir(parents=True, exist_ok=True)
    known = STEPS | APART
    for name in STEPS if args.step == "train" else [args.step]:
        print(f"[{name}]", flush=True)
        importlib.import_module(known[name]).run(args)


if __name__ == "__main__":
    sys.exit(exit_status(main))
