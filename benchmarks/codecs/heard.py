"""What is heard of the ways to stream the same tokens, each against the offline decode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.codecs.coded import Coded
from benchmarks.codecs.paced import listen_to
from benchmarks.codecs.seams import Seams, find_seams
from tensorrt_tts.codecs.lookahead import decode_offline
from tensorrt_tts.codecs.stability import Comparison, compare

HEARD_FRAMES = 500
"""Ten seconds of BiCodec's, over which the ways to stream it are compared."""

SPOKEN = (
    "She sells sea shells by the sea shore, and the shells she sells are sea shells for sure. "
    "He walked along the river until the evening came, and then he turned around and went home."
)
"""What the demo voice says for the same: its codec is a trained one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One way to stream, against the offline decode. dry_s: as of `Paced`."""

    comparison: Comparison
    seams: Seams
    dry_s: float

    def as_dict(self) -> dict[str, object]:
        seams = {f"seams_{name}": value for name, value in self.seams.as_dict().items()}
        del seams["seams_policy"]
        return self.comparison.as_dict() | seams | {"dry_s": self.dry_s}


def heard(coded: Coded, ids: Sequence[int]) -> list[Heard]:
    """What is heard of the same tokens with each way to stream them."""
    offline, rows = decode_offline(ids, coded.parser(), coded.codec), []
    rate = coded.codec.context.sample_rate
    known: dict[str, list[int]] = {}
    for way in coded.ways:
        found = listen_to(coded, way, ids, chunk=1, at=known.get(way.like))
        known[way.name] = found.known
        comparison = compare(way.name, found.pcm, offline, found.first_tokens)
        lost = (way.usual.LOST if way.usual else 0) * coded.codec.context.samples_per_frame
        seams = find_seams(way.name, found.pcm, offline[lost:], found.borders, rate)
        rows.append(Heard(comparison, seams, found.dry_s))
    return rows


def table(rows: Sequence[Heard]) -> str:
    """One row per way to stream: tokens until the first audio, what it gets wrong, and how many of
    its chunks' borders are heard."""
    lines = [
        f"{'policy':<32}{'first audio':>12}{'missing':>9}{'largest error':>15}{'rms':>10}"
        f"{'seams':>11}{'dry':>9}"
    ]
    for heard in rows:
        row, seams = heard.comparison, heard.seams
        first = "-" if row.first_tokens is None else f"{row.first_tokens} tok"
        lines.append(
            f"{row.policy:<32}{first:>12}{row.missing:>9}{row.max_difference:>15.2e}"
            f"{row.mse**0.5:>10.1e}{f'{seams.seams} of {seams.borders}':>11}{heard.dry_s:>7.2f} s"
        )
    return "\n".join(lines)


async def spoken(
    model: str, texts: Sequence[str], seeds: int = 1
) -> tuple[list[list[int]], Callable[[], Any]]:
    """What a voice says: the audio ids of each text's first segment with so many seeds each, and
    what gives a parser of them."""
    from tensorrt_tts.loading import open_synthesizer
    from tensorrt_tts.speech import SpeechRequest

    synthesizer = open_synthesizer(model)
    try:
        found = [
            await synthesizer.generate_tokens(SpeechRequest(text, seed=seed))
            for text in texts
            for seed in range(seeds)
        ]
        family, who = synthesizer.model.family, synthesizer.model.spec.voice(None)
        return found, lambda: family.parser(who)
    finally:
        await synthesizer.close()
