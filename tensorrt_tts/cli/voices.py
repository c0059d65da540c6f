"""`tensorrt-tts voices`: known models with their voices, languages and tags. Loads nothing."""

from __future__ import annotations

import argparse
import json

from tensorrt_tts.families.registry import CHECKPOINTS, DEMO_SPEC


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("voices", help="list known models and their voices")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    models = [("demo", "ships with this package", DEMO_SPEC)] + [
        (checkpoint.name, checkpoint.hub_id, checkpoint.spec) for checkpoint in CHECKPOINTS.values()
    ]
    if parsed.json:
        rows = [
            {
                "model": name,
                "source": source,
                "voices": [{"name": v.name, "language": v.language} for v in spec.voices],
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
            names = [voice.name for voice in spec.voices if voice.language == language]
            print(f"  {language}: {', '.join(names)}")
        if spec.tags:
            print(f"  tags: {' '.join(f'<{tag}>' for tag in spec.tags)}")
