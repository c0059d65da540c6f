"""What a smaller lookahead costs in accuracy, with a codec's weights and random codes.

`tensorrt-tts stability` measures the same on what a whole model says; this needs a codec alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.codecs.coded import Coded
from tensorrt_tts.codecs.stability import Comparison, cheapest, stability, usual_lookaheads

HOP_S = 0.5
"""Seconds between two decodes: of a window's samples only the last ones are as near to its end as
the lookahead says, so that more hops find no larger error, and cost more."""


@dataclass(frozen=True, slots=True)
class ErrorCurve:
    """rows: a comparison for each lookahead, in rising order. chosen: the smallest whose error,
    and that of all larger ones, is within one step of int16; None where not even the whole one's
    is, as where weights amplify float rounding."""

    codec: str
    samples_per_step: int
    lookaheads: Sequence[int]
    rows: Sequence[Comparison]

    @property
    def chosen(self) -> int | None:
        found = cheapest(self.rows)
        return self.lookaheads[list(self.rows).index(found)] if found.exact else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "codec": self.codec,
            "samples_per_step": self.samples_per_step,
            "chosen_lookahead": self.chosen,
            "error_curve": [
                {
                    "lookahead": lookahead,
                    "steps": round(lookahead / self.samples_per_step, 2),
                    "first_tokens": row.first_tokens,
                    "max_difference": row.max_difference,
                    "rms": row.mse**0.5,
                    "exact": row.exact,
                }
                for lookahead, row in zip(self.lookaheads, self.rows, strict=True)
            ],
        }


def error_curve(coded: Coded, name: str, seconds: float) -> ErrorCurve:
    """name: of the codec, as it was asked for. seconds: of audio that is compared."""
    context = coded.codec.context
    frames = max(1, round(seconds * context.sample_rate / context.samples_per_frame))
    hop = max(1, round(HOP_S * context.sample_rate / context.samples_per_step))
    lookaheads = usual_lookaheads(context)
    ids = coded.ids(frames)
    rows = stability(ids, coded.parser, coded.codec, lookaheads, hop=hop, usual=False)
    return ErrorCurve(name, context.samples_per_step, lookaheads, rows)


def table(curve: ErrorCurve) -> str:
    """One row per lookahead."""
    lines = [f"{'lookahead':>10}{'steps':>8}{'first audio':>13}{'largest error':>15}{'rms':>10}"]
    for row in curve.as_dict()["error_curve"]:
        mark = "  chosen" if row["lookahead"] == curve.chosen else ""
        lines.append(
            f"{row['lookahead']:>10}{row['steps']:>8.1f}{row['first_tokens'] or '-':>9} tok"
            f"{row['max_difference']:>15.2e}{row['rms']:>10.1e}{mark}"
        )
    return "\n".join(lines)
