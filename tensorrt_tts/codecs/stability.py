"""How far a streamed decode is from the offline one: the measured price of a smaller lookahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from tensorrt_tts.audio.pcm import FULL_SCALE
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.baselines import Baseline, FullRedecode, SlidingWindow
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder, decode_offline
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.families.base import FrameParser


@dataclass(frozen=True, slots=True)
class Comparison:
    """Streamed against offline audio, full scale = 1.

    missing: samples the stream is short of (negative: too many). mse, max_difference, correlation
    and std_ratio (streamed over offline) are over the common length; max_lsb is the largest
    difference in int16 steps. first_tokens: tokens pushed when the first audio came, None if never.
    """

    policy: str
    samples: int
    missing: int
    mse: float
    max_difference: float
    max_lsb: int
    correlation: float
    std_ratio: float
    first_tokens: int | None

    @property
    def exact(self) -> bool:
        """Nothing missing, and equal to ±1 LSB."""
        return self.missing == 0 and self.max_lsb <= 1

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"exact": self.exact}


def compare(
    policy: str, streamed: np.ndarray, offline: np.ndarray, first_tokens: int | None = None
) -> Comparison:
    """int16 arrays, mono. Correlation is 1 and the ratio 1 where both are constant and equal."""
    common = min(len(streamed), len(offline))
    a = streamed[:common].astype(np.float64) / FULL_SCALE
    b = offline[:common].astype(np.float64) / FULL_SCALE
    difference = np.abs(a - b)
    std_a, std_b = (float(np.std(x)) if common else 0.0 for x in (a, b))
    if std_a and std_b:
        correlation = float(np.mean((a - a.mean()) * (b - b.mean())) / (std_a * std_b))
    else:
        correlation = float(std_a == std_b)
    return Comparison(
        policy=policy,
        samples=len(streamed),
        missing=len(offline) - len(streamed),
        mse=float(np.mean(difference**2)) if common else 0.0,
        max_difference=float(difference.max()) if common else 0.0,
        max_lsb=round(float(difference.max()) * FULL_SCALE) if common else 0,
        correlation=correlation,
        std_ratio=std_a / std_b if std_b else float(std_a == std_b),
        first_tokens=first_tokens,
    )


def run(
    decoder: LookaheadStreamingDecoder, ids: Sequence[int], chunk: int = 1
) -> tuple[np.ndarray, int]:
    """Push ids `chunk` at a time. Returns all audio, and the tokens pushed before the first of it
    (0 if it came only with the flush)."""
    parts: list[np.ndarray] = []
    first = 0
    for start in range(0, len(ids), chunk):
        part = decoder.push(ids[start : start + chunk])
        parts.append(part)
        if len(part) and not first:
            first = min(start + chunk, len(ids))
    parts.append(decoder.flush())
    return np.concatenate(parts), first


def usual_lookaheads(context: CodecContext) -> list[int]:
    """Samples, up to all that the codec sees: of one that need not wait for all of it in steps."""
    if context.default_lookahead is None:
        some = [0, 512, 1024, 2048, 3072, 4096]
    else:
        some = [steps * context.samples_per_step for steps in (0, 2, 5, 10, 15, 20, 30, 40)]
        some = sorted([*some, context.default_lookahead])
    return [*(samples for samples in some if samples < context.lookahead), context.lookahead]


def cheapest(rows: Sequence[Comparison]) -> Comparison:
    """The smallest lookahead that costs nothing: equal to ±1 LSB, as are all larger ones. rows: of
    `stability`."""
    found = [row for row in rows if row.policy.startswith("lookahead")]
    while len(found) > 1 and found[-2].exact:
        found.pop()
    return found[-1]


def stability(
    ids: Sequence[int],
    parser: Callable[[], FrameParser],
    codec: Codec,
    lookaheads: Sequence[int] | None = None,
    seed: int = 0,
    hop: int = 4,
    usual: bool = True,
) -> list[Comparison]:
    """Compare each lookahead (samples; by default `usual_lookaheads`), and the usual policies, with
    the offline decode of `ids`. In a report a smaller max_difference is better; only full lookahead
    is exact whatever the weights.

    hop: steps between two decodes. usual: whether the usual policies are compared too.
    """
    context = codec.context
    offline = decode_offline(ids, parser(), codec, seed)

    def measure(name: str, codec: Codec, schedule: HopSchedule | None = None) -> Comparison:
        audio, first = run(LookaheadStreamingDecoder(codec, parser(), schedule, seed), ids)
        return compare(name, audio, offline, first or None)

    rows = []
    for samples in usual_lookaheads(context) if lookaheads is None else lookaheads:
        mark = {context.default_lookahead: " (default)", context.lookahead: " (full)"}
        name = f"lookahead {samples}" + mark.get(samples, "")
        rows.append(measure(name, codec, HopSchedule(lookahead=samples, hop=hop)))
    if not usual:
        return rows
    if context.default_lookahead is None:  # it is of a codec that sees three frames
        rows.append(measure("28-token window", Baseline(codec, SlidingWindow)))
    rows.append(measure("decode again", Baseline(codec, FullRedecode)))
    return rows
