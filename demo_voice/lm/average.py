"""Step ``average``: the mean of two exported language models, one of which went on from the other.

Where training goes on from a model that it had finished, at small rates, it ends as well elsewhere,
and halfway between the two held-out speech is read better than at either.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

from tensorrt_tts.errors import SettingError

MODEL = "model.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--of", nargs=2, type=Path, required=True, help="two folders of `export`")
    parser.add_argument("--into", type=Path, required=True, help="folder to write")


def run(args: argparse.Namespace) -> None:
    """Write it. Raises SettingError for models that differ in more than what they have learnt."""
    first, second = (load_file(str(folder / MODEL)) for folder in args.of)
    symbols = [(folder / "tokenizer.json").read_bytes() for folder in args.of]
    shapes = [{name: tensor.shape for name, tensor in one.items()} for one in (first, second)]
    if shapes[0] != shapes[1] or symbols[0] != symbols[1]:
        raise SettingError(
            f"--of {args.of[0]} {args.of[1]}: sizes or symbols differ; give one model and what "
            "training made of it"
        )
    shutil.copytree(args.of[0], args.into, dirs_exist_ok=True)
    mean = {
        name: ((tensor.float() + second[name].float()) / 2).half() for name, tensor in first.items()
    }
    save_file(mean, str(args.into / MODEL), metadata={"format": "pt"})
    print(f"average: {args.into}")
