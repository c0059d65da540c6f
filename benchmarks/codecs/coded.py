"""A codec with the ids of a family to stream through it, and the ways to do that side by side."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorrt_tts.codecs.baselines import (
    FullRedecode,
    OverlappedChunks,
    OverlappedFrames,
    RecentFrames,
    RecentWindow,
    SlidingWindow,
    WholeRecentWindow,
)
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.frames import FrameParser as OrpheusParser
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens

if TYPE_CHECKING:
    from snac import SNAC

    from tensorrt_tts.codecs.bicodec.codec import BiCodec
    from tensorrt_tts.codecs.snac.codec import SnacCodec
    from tensorrt_tts.codecs.snac.config import SnacConfig
    from tensorrt_tts.families.base import FrameParser


@dataclass(frozen=True, slots=True)
class Streaming:
    """usual: a stream of `codecs.baselines`, which has its own schedule; None for ours. gathers:
    whether hops come together as the codec states; else each is decoded as it is due. like: of a
    usual one, the name of ours whenever which is heard this is heard too."""

    name: str
    schedule: HopSchedule = field(default_factory=HopSchedule)
    stateful: bool = False
    usual: type[SlidingWindow] | None = None
    gathers: bool = True
    like: str = ""


@dataclass(frozen=True, slots=True)
class Coded:
    """ids: clean ids of so many frames, what comes before the first one included. parser: of one
    stream. frame_ids: of one frame, pushed at a time. again_like: the name of the way whenever
    which is heard all so far is decoded again; with every frame if empty."""

    codec: Any  # a Codec of torch's, which has a device
    ids: Callable[[int], list[int]]
    parser: Callable[[], FrameParser]
    frame_ids: int
    ways: Sequence[Streaming]
    again_like: str = ""


SNAC_WAYS = (
    Streaming("windowed (ours)"),
    Streaming("stateful (ours)", stateful=True),
    Streaming("28-token window", usual=SlidingWindow),
)

SNAC_USUAL = (
    *SNAC_WAYS,
    Streaming("126-token window, crossfade", usual=RecentFrames),
    Streaming("1 s chunks, 0.1 s overlap", usual=OverlappedFrames),
    Streaming("all so far, five frames held", usual=FullRedecode),
)
"""Of a trained SNAC: what its listeners hear of each policy."""

NARROWED = tuple(str(2**power) for power in range(6))


def _first_at(tokens: int) -> HopSchedule:
    """The first audio after so many, as theirs, and their fade."""
    return HopSchedule(lookahead=(tokens - 1) * 320, fade=800)


STATEFUL = "stateful (ours)"

BICODEC_WAYS = (
    Streaming("windowed (ours), hop by hop", gathers=False),
    Streaming("stateful (ours), hop by hop", stateful=True, gathers=False),
    Streaming("windowed (ours)"),
    Streaming(STATEFUL, stateful=True),
    Streaming("128-token window, as stateful", usual=WholeRecentWindow, like=STATEFUL),
    Streaming("– decoding what is new", usual=RecentWindow, like=STATEFUL),
    Streaming("0.1 s overlap, as stateful", usual=OverlappedChunks, like=STATEFUL),
    Streaming(
        "stateful (ours), first at 50",
        HopSchedule(first_hop=OverlappedChunks.FIRST - 37),
        stateful=True,
    ),
    Streaming(
        "stateful (ours), 45 at a time",
        HopSchedule(hop=OverlappedChunks.EVERY, first_hop=OverlappedChunks.FIRST - 37),
        stateful=True,
    ),
    Streaming("windowed (ours), first at 10", _first_at(RecentWindow.FIRST)),
    Streaming("windowed (ours), first at 6", _first_at(FullRedecode.LOOKAHEAD_FRAMES + 1)),
    Streaming("128-token window, crossfade", usual=WholeRecentWindow),
    Streaming("1 s chunks, 0.1 s overlap", usual=OverlappedChunks),
)
"""The lookahead is the codec's own, but for the two of ours that are first heard when a usual way
with less is; "45 at a time" is in pieces as large as the chunks of a second. "As stateful": heard
first, and again and again, when ours is, so that no listener of theirs runs dry who would not of
ours."""


def open_codec(name: str, device: str, noise: bool = True) -> tuple[SnacCodec, OrpheusTokens]:
    """name: "random" for SNAC 24 kHz at full size with random weights, "demo" for the voice that
    ships, or a checkpoint folder. Raises the CheckpointError that fits."""
    from tensorrt_tts.codecs.snac.codec import SnacCodec

    config, model = open_model(name)
    codec = SnacCodec(config, model, noise, device)
    return codec, OrpheusTokens(codebook_size=config.codebook_size)


def open_model(name: str) -> tuple[SnacConfig, SNAC]:
    """As `open_codec`."""
    from tensorrt_tts.codecs.snac import weights as snac_weights
    from tensorrt_tts.codecs.snac.config import SNAC_24KHZ

    if name == "random":
        import torch

        torch.manual_seed(0)
        return SNAC_24KHZ, snac_weights.build(SNAC_24KHZ).eval()
    from tensorrt_tts.checkpoint_folder import demo_folder

    return snac_weights.load(demo_folder("codec") if name == "demo" else Path(name))


def coded_snac(codec: SnacCodec, tokens: OrpheusTokens) -> Coded:
    return Coded(
        codec, partial(random_ids, tokens), lambda: OrpheusParser(tokens), SLOTS, SNAC_WAYS
    )


def random_ids(tokens: OrpheusTokens, frames: int, seed: int = 0) -> list[int]:
    """Clean audio ids of that many frames; what they sound like does not change what they cost."""
    source = random.Random(seed)
    return [
        tokens.audio_id(slot, source.randrange(tokens.codebook_size))
        for _ in range(frames)
        for slot in range(SLOTS)
    ]


def open_bicodec(name: str, device: str) -> BiCodec:
    """name: "bicodec" for the released size with random weights, "bicodec/N" for 1/N of its width,
    or a checkpoint folder. Raises SettingError or the CheckpointError that fits."""
    from benchmarks.codecs.random_bicodec import narrowed, random_weights
    from tensorrt_tts.codecs.bicodec.codec import BiCodec

    kind, _, by = name.partition("/")
    if kind == "bicodec":
        if by and by not in NARROWED:
            raise SettingError(
                f"codec {name!r}: its width is divided by one of {', '.join(NARROWED)}"
            )
        config = narrowed(int(by or 1))
        return BiCodec(config, random_weights(config), device)
    return BiCodec.from_folder(Path(name), device)


def is_bicodec(name: str) -> bool:
    """Whether `open_bicodec` is to open it."""
    return name.partition("/")[0] == "bicodec" or (Path(name) / "config.yaml").is_file()


def coded_bicodec(codec: BiCodec, seed: int = 0) -> Coded:
    """One speaker's random codes; what they sound like does not change what they cost."""
    from tensorrt_tts.families.spark.frames import SparkParser
    from tensorrt_tts.families.spark.tokens import Run, SparkTokens

    config = codec.config
    speaker = range(config.speaker_encoder.codes)
    semantics = range(speaker.stop, speaker.stop + config.quantizer.codebook_size)
    tokens = SparkTokens({}, {Run.GLOBAL: speaker, Run.SEMANTIC: semantics})
    source = np.random.RandomState(seed)
    who = source.randint(0, len(speaker), config.speaker_encoder.token_num).tolist()

    def ids(frames: int) -> list[int]:
        codes = np.random.RandomState(seed + 1).randint(0, len(semantics), frames)
        return [*who, *(semantics[code] for code in codes.tolist())]

    return Coded(codec, ids, lambda: SparkParser(tokens), 1, BICODEC_WAYS, STATEFUL)


def open_coded(name: str, device: str) -> Coded:
    """As `open_codec`, or `open_bicodec` where it names one of those."""
    if is_bicodec(name):
        return coded_bicodec(open_bicodec(name, device))
    return coded_snac(*open_codec(name, device))
