"""`tensorrt-tts stability`: what each lookahead costs in accuracy, on this model's own tokens."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING

from tensorrt_tts.cli.model_options import add_model_options, open_from
from tensorrt_tts.errors import TextError
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice
from tensorrt_tts.own_stdout import own_stdout
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.text.given import argument_text

if TYPE_CHECKING:
    from tensorrt_tts.synthesizer import Synthesizer

SENTENCE = "The rain had stopped before the children came home from school."


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "stability", help="error of streamed against offline audio for each lookahead"
    )
    parser.add_argument("--text", type=argument_text, default=SENTENCE)
    parser.add_argument("--voice", type=argument_text)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    add_model_options(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    with own_stdout():
        rows = run_blocking(_measure(open_from(parsed), parsed))
    if parsed.json:
        print(json.dumps(rows))
        return
    print(
        f"{'policy':<22}{'first audio':>12}{'missing':>9}{'max diff':>10}{'MSE':>10}"
        f"{'corr':>9}{'std ratio':>10}  exact"
    )
    for row in rows:
        first = "-" if row["first_tokens"] is None else f"{row['first_tokens']} tok"
        print(
            f"{row['policy']:<22}{first:>12}{row['missing']:>9}{row['max_difference']:>10.2e}"
            f"{row['mse']:>10.1e}{row['correlation']:>9.5f}{row['std_ratio']:>10.4f}  "
            f"{'yes' if row['exact'] else 'no'}"
        )


async def _measure(synthesizer: Synthesizer, parsed: argparse.Namespace) -> list[dict]:
    from tensorrt_tts.codecs.stability import cheapest, stability

    async with synthesizer:
        ids = await synthesizer.generate_tokens(
            SpeechRequest(parsed.text, parsed.voice, seed=parsed.seed)
        )
        if not ids:
            raise TextError(f"the model said nothing for {parsed.text[:40]!r}; try another text")
        notice(f"{len(ids)} tokens; full scale = 1")
        model = synthesizer.model
        parser = partial(model.family.parser, model.spec.voice(parsed.voice))
        rows = stability(ids, parser, synthesizer.codec, seed=parsed.seed)
        smallest = cheapest(rows).policy.partition(" (")[0]
        notice(f"{smallest} is the smallest that is exact for this text")
        return [row.as_dict() for row in rows]
