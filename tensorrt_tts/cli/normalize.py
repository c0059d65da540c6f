"""`tensorrt-tts normalize`: a text as it would be said. Loads no model."""

from __future__ import annotations

import argparse

from tensorrt_tts.text.given import argument_text, given_text


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "normalize", help="print a text in words: numbers, dates, money, signs"
    )
    parser.add_argument(
        "text", type=argument_text, help="what to read; '-' reads it from stdin, in UTF-8"
    )
    parser.add_argument(
        "--language",
        type=argument_text,
        help="of sentences that do not show their own: en, hi or te; in others, numbers are left "
        "to the voice (default: by each sentence's script)",
    )
    parser.add_argument(
        "--numbers",
        choices=("sentence", "english"),
        default="sentence",
        help="read numbers in their sentence's language or in English (default: sentence)",
    )
    parser.add_argument(
        "--trace", action="store_true", help="print what each stage made of the text"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    from tensorrt_tts.text.spoken import SpokenOptions, speak_as, trace

    text = given_text(parsed.text)
    options = SpokenOptions(parsed.language, parsed.numbers)
    if parsed.trace:
        for stage, result in trace(text, options):
            print(f"{stage:>13}  {result}")
    print(speak_as(text, options).text)
