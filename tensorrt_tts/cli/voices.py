"""`tensorrt-tts voices`: known models with their voices, languages and tags. Loads nothing."""

from __future__ import annotations

import argparse
import json

from tensorrt_tts.checkpoint_folder import SHIPPED
from tensorrt_tts.families.base import Voice
from tensorrt_tts.families.registry import CHECKPOINTS
from tensorrt_tts.loading import known_spec


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("voices", help="list known models and their voices")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    shipped = [(model, "ships with this package", known_spec(model)) for model in SHIPPED]
    models = [(name, source, spec) for name, source, spec in shipped if spec is not None] + [
        (checkpoint.name, checkpoint.hub_id, checkpoint.spec) for checkpoint in CHECKPOINTS.values()
    ]
    if parsed.json:
        rows = [
            {
                "model": name,
                "source": source,
                "voices": [_described(voice) for voice in spec.voices],
                "tags": list(spec.tags),
            }
            for name, source, spec in models
        ]
        print(json.dumps(rows))
        return
    for name, source, spec in models:
        print(f"{name}  ({source})")
        languages = dict.fromkeys(voice.language for voice in spec.voices)
        for language in languages:
            names = [_named(voice) for voice in spec.voices if voice.language == language]
            print(f"  {language}: {', '.join(names)}")
        if spec.tags:
            print(f"  tags: {' '.join(f'<{tag}>' for tag in spec.tags)}")


def _described(voice: Voice) -> dict[str, object]:
    found: dict[str, object] = {"name": voice.name, "language": voice.language}
    if voice.friendly_name:
        found |= {"friendly_name": voice.friendly_name, "also": list(voice.also)}
    return found


def _named(voice: Voice) -> str:
    also = f"; also {', '.join(voice.also)}" if voice.also else ""
    return f"{voice.name} ({voice.friendly_name}{also})" if voice.friendly_name else voice.name
