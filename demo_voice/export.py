"""Step ``export``: what was trained as the two checkpoint folders that ship."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from demo_voice.lm.export import export as export_language_model
from demo_voice.lm.export import restore
from demo_voice.lm.vocabulary import ALONE
from tensorrt_tts.errors import SettingError

WEIGHTS = Path(__file__).parent / "weights"
CODEC_FILES = ("config.json", "model.safetensors")


def copy_codec(trained: Path, folder: Path) -> None:
    """The codec as the last of its training steps wrote it; each file replaced in one move."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CODEC_FILES:
        partial = folder / f"{name}.tmp"
        partial.write_bytes((trained / name).read_bytes())
        os.replace(partial, folder / name)


def exported_voices(weights: Path) -> tuple[str, ...]:
    """The voices of the language model there, the default one first."""
    config = json.loads((weights / "lm" / "config.json").read_text(encoding="utf-8"))
    return tuple(voice["name"] for voice in config.get("tts_voices", [])) or ALONE


def add_weights(parser: argparse.ArgumentParser) -> None:
    """The folder that this step writes and others read."""
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder with lm/ and codec/")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    add_weights(parser)
    parser.add_argument("--default-voice", help="who speaks where nobody is named (the first)")


def run(args: argparse.Namespace) -> None:
    """Export the newest checkpoints. Raises SettingError for a voice that there is not."""
    work = Path(args.work)
    model = restore(work / "lm" / "ckpt.pt")
    if args.default_voice not in (None, *model.shape.voices):
        raise SettingError(
            f"--default-voice {args.default_voice!r}: choose one of {', '.join(model.shape.voices)}"
        )
    copy_codec(work / "codec", args.weights / "codec")
    export_language_model(model, args.weights / "lm", args.default_voice)
    print(f"export: {args.weights}")
