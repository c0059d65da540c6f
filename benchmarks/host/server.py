"""The toolkit's own server for measuring: every sentence is answered with noise of one length.

    python -m benchmarks.host.server --codec null|stamped|random|demo|FOLDER [--rate 82.03]
                                     [--seconds 10]
    python -m benchmarks.host.server --codec random --shape FOLDER --device cuda

The first runs around the engine double: what a stream costs the host, and no model. The second runs
vLLM on the shape in FOLDER's config.json with random weights: what the server does on that device.
Every other flag is the server's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.doubles.engine_double import REAL_TIME, EngineDouble
from benchmarks.doubles.fixed_length import FixedLength
from benchmarks.doubles.null_codec import NullCodec
from benchmarks.doubles.shape import open_shape
from benchmarks.doubles.stamped_codec import StampedCodec
from tensorrt_tts.backends.base import Backend
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.exit_status import exit_status
from tensorrt_tts.families.orpheus.family import Orpheus
from tensorrt_tts.families.orpheus.family import budget as orpheus_budget
from tensorrt_tts.families.orpheus.spec import ENGLISH
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens
from tensorrt_tts.speech_model import SpeechModel
from tensorrt_tts.synthesizer import Synthesizer

FRAME_S = SLOTS / REAL_TIME


class Utf8Tokenizer:
    """Bytes as ids: the text is not what is measured."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def token_id(self, token: str) -> int | None:
        return None


def build(
    codec: str,
    rate: float,
    seconds: float,
    max_streams: int,
    device: str = "cpu",
    shape: Path | None = None,
    hand_on: int = SLOTS,
    engine_streams: int | None = None,
    engine_arguments: Mapping[str, Any] | None = None,
    policy: str = "batched",
) -> Synthesizer:
    """A synthesizer that answers every sentence with `seconds` of noise: at `rate` tokens a second,
    or, with a `shape`, as fast as vLLM is with random weights. A text of several sentences gets so
    much for each: `prompts.single_sentences` are those with answers of one length.

    codec: "null", "stamped", or what `coded.open_codec` takes. hand_on: tokens that vLLM
    hands on at once. engine_streams: streams that vLLM is started for, where more than
    max_streams: engines of one size are compiled once. policy: of `capacity.POLICIES`. Raises what
    loading a codec or starting an engine raises.
    """
    tokens = OrpheusTokens()
    decoder: Codec = StampedCodec() if codec == "stamped" else NullCodec()
    options = None
    if codec not in ("null", "stamped"):
        import torch

        from benchmarks.host.capacity import open_policy, options_of

        torch.set_num_threads(1)  # more would fight over the cores with the event loop
        decoder, tokens = open_policy(codec, policy, device)
        options = options_of(policy)
    count = SLOTS * max(1, round(seconds / FRAME_S))
    budget = orpheus_budget(floor_seconds=2 * seconds, ceiling=1 << 20)
    spec = replace(ENGLISH, name="engine-double", budget=budget, segment_characters=1 << 20)
    model = SpeechModel(
        name="engine-double",
        family=Orpheus(spec, tokens, Utf8Tokenizer()),
        sampling=spec.sampling,
        folder=Path(),
        codec_folder=Path(),
    )
    engine: Backend = EngineDouble(rate, count, max_streams)
    if shape is not None:
        streams = max(max_streams, engine_streams or 0)
        engine = FixedLength(open_shape(shape, device, streams, hand_on, engine_arguments), count)
    return Synthesizer(model, engine, decoder, options)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host.server", add_help=False)
    parser.add_argument("--codec", default="null")
    parser.add_argument("--rate", type=float, default=REAL_TIME)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--shape", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--hand-on", type=int, default=SLOTS)
    parser.add_argument("--engine-streams", type=int)
    parser.add_argument("--policy", default="batched")
    parser.add_argument("--engine-arguments", type=json.loads, default={})
    own, rest = parser.parse_known_args(arguments)
    from tensorrt_tts.server.serve import serve
    from tensorrt_tts.server.settings import read_settings

    ended = 0

    def run() -> None:
        nonlocal ended
        settings = read_settings(rest)
        streams = settings.engine_streams
        ended = serve(settings, lambda _: build(max_streams=streams, **vars(own)))

    return exit_status(run) or ended


if __name__ == "__main__":
    sys.exit(main())
