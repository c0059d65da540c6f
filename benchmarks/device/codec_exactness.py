"""Is streamed audio exact on a device? Against the offline decode there, and against the CPU's."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.codecs.coded import open_codec, random_ids
from benchmarks.device.codec_rates import hop_windows
from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder, decode_offline
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.families.orpheus.frames import FrameParser
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens

FRAMES = 60
"""Five seconds: beyond them nothing new happens."""

BATCH = 64


@dataclass(frozen=True, slots=True)
class Exactness:
    """codec: as `open_codec` names it. lsb: largest difference, in steps of int16. over_1: samples
    that differ by more than one. samples: compared; 0 where the lengths already differ."""

    codec: str
    what: str
    lsb: int
    over_1: int
    samples: int

    @property
    def exact(self) -> bool:
        return self.samples > 0 and self.over_1 == 0


def exactness(
    name: str, device: str, frames: int = FRAMES, batch: int = BATCH
) -> Iterator[Exactness]:
    """Random codes, streamed in each of the ways that a server may. Raises as `open_codec`."""
    cpu, tokens = open_codec(name, "cpu")
    codec, _ = open_codec(name, device)
    ids = random_ids(tokens, frames, seed=5)
    offline = decode_offline(ids, FrameParser(tokens), codec)

    def row(what: str, ours: np.ndarray, reference: np.ndarray) -> Exactness:
        if ours.shape != reference.shape:
            return Exactness(name, what, 0, 0, 0)
        gap = np.abs(ours.astype(np.int32) - reference.astype(np.int32))
        return Exactness(name, what, int(gap.max()), int((gap > 1).sum()), gap.size)

    yield row("offline, against the CPU", offline, decode_offline(ids, FrameParser(tokens), cpu))
    yield row("frame by frame, against offline", streamed(codec, tokens, ids, [SLOTS]), offline)
    yield row(
        "in any pieces, against offline", streamed(codec, tokens, ids, _any_sizes(1)), offline
    )
    yield row("with state, against offline", streamed(codec, tokens, ids, [SLOTS], True), offline)
    windows = hop_windows(codec, batch)
    together = codec.run(windows)
    alone = [codec.run([window])[0] for window in windows]
    yield row(
        f"a batch of {batch}, against each alone",
        to_int16(np.concatenate(together)),
        to_int16(np.concatenate(alone)),
    )


def streamed(
    codec: SnacCodec,
    tokens: OrpheusTokens,
    ids: Sequence[int],
    sizes: Sequence[int],
    stateful: bool = False,
) -> np.ndarray:
    """int16 (samples,). sizes: ids that are pushed at a time, in turn."""
    decoder = LookaheadStreamingDecoder(codec, FrameParser(tokens), stateful=stateful)
    parts, at = [], 0
    for size in itertools.cycle(sizes):
        if at >= len(ids):
            break
        parts.append(decoder.push(ids[at : at + size]))
        at += size
    return np.concatenate([*parts, decoder.flush()])


def _any_sizes(seed: int) -> list[int]:
    source = random.Random(seed)
    return [source.choice((1, 2, 3, 5, 7, 11, 20, 49, 140)) for _ in range(50)]


def table(rows: Sequence[Exactness]) -> str:
    """One row per comparison."""
    lines = [f"{'codec':<8}{'':<34}{'largest, LSB':>13}{'over 1':>9}{'exact':>7}"]
    lines += [
        f"{row.codec:<8}{row.what:<34}{row.lsb:>13}{row.over_1:>9}{'yes' if row.exact else 'no':>7}"
        for row in rows
    ]
    return "\n".join(lines)
