"""Commands for what is not a language model's engine: the codecs' graphs and engines, and the cut
vocabulary."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engines.progress import Progress
from tensorrt_tts.checkpoint_folder import given_path
from tensorrt_tts.command_parser import CommandParser

BICODEC_FOLDER = "BiCodec"
"""Where a released Spark-TTS checkpoint has its codec."""


def add_commands(commands: argparse._SubParsersAction[CommandParser]) -> None:
    command = commands.add_parser("export-snac", help="SNAC's decoder as an ONNX graph")
    command.add_argument("codec", help="SNAC checkpoint: a folder or hub id")
    command.add_argument("output", type=given_path, help="folder for snac.onnx and its config.json")
    command.add_argument("--steps", type=int, default=32, help="window width, 20 or more")
    command.set_defaults(run=_export_snac)

    command = commands.add_parser("export-bicodec", help="BiCodec's decoder as an ONNX graph")
    command.add_argument("codec", help="BiCodec checkpoint: a folder or hub id")
    command.add_argument(
        "output", type=given_path, help="folder for bicodec.onnx and what belongs to it"
    )
    command.add_argument("--steps", type=int, default=184, help="window width (%(default)s)")
    command.set_defaults(run=_export_bicodec)

    for codec in ("SNAC", "BiCodec"):
        name = codec.lower()
        command = commands.add_parser(
            f"build-{name}", help=f"{codec}'s decoder as a TensorRT engine"
        )
        command.add_argument("codec", help=f"{codec} checkpoint: a folder or hub id")
        command.add_argument("--output", type=given_path, default=Path("build/engines"))
        command.add_argument("--recipe", type=given_path, help="a recipe file (default: ours)")
        command.set_defaults(run=_build, kind=name)

    command = commands.add_parser("cut", help="a checkpoint with the audio vocabulary only")
    command.add_argument("model", help="language model: a known name, a folder or a hub id")
    command.add_argument(
        "output", type=given_path, help="folder of the cut checkpoint; must not exist"
    )
    command.add_argument("--codec", help="codec folder or hub id (default: the model's own)")
    command.add_argument("--spec", help="which variant of the family a folder holds")
    command.set_defaults(run=_cut)


def _codec_folder(name: str, subfolder: str = "") -> Path:
    from tensorrt_tts.checkpoint_folder import CODEC_FILES, find

    return find(name, CODEC_FILES, subfolder=subfolder)


def _export_snac(options: argparse.Namespace) -> None:
    from engines.snac_onnx import export
    from engines.window_graph import digest

    path = export(_codec_folder(options.codec), options.output, options.steps)
    print(f"{path} (SHA-256 {digest(path)})")


def _export_bicodec(options: argparse.Namespace) -> None:
    from engines.bicodec_onnx import export
    from engines.window_graph import digest

    path = export(_codec_folder(options.codec, BICODEC_FOLDER), options.output, options.steps)
    print(f"{path} (SHA-256 {digest(path)})")


def _build(options: argparse.Namespace) -> None:
    from engines.codec_engine import BICODEC, SNAC, CodecRecipe, build_codec, this_host

    of = {kind.kind: kind for kind in (SNAC, BICODEC)}[options.kind]
    recipe = CodecRecipe.read(of, options.recipe)
    host = this_host()
    folder = _codec_folder(options.codec, BICODEC_FOLDER if of is BICODEC else "")
    print(build_codec(of, folder, host, options.output, recipe, Progress(sys.stderr)))


def _cut(options: argparse.Namespace) -> None:
    from engines.vocabulary import cut, kept_ids
    from tensorrt_tts.loading import load_model

    model = load_model(options.model, options.codec, options.spec)
    vocabulary = cut(model.folder, kept_ids(model.family.grammar), options.output)
    print(f"{options.output}: {vocabulary.size} of {vocabulary.full_size} rows kept")
