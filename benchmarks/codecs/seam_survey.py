"""How often is a chunk's border heard? What the demo voice says of some texts with some seeds, each
streamed in every usual way and in ours.

    python -m benchmarks seams [--texts 5] [--seeds 2]

One text says little: a border in a pause is heard in no policy. The codec's own noise, which the
usual ways draw afresh for every decode, is off: what is left is what their context leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.codecs.heard import heard
from tensorrt_tts.errors import SettingError

if TYPE_CHECKING:
    from benchmarks.codecs.coded import Coded
    from benchmarks.codecs.heard import Heard


@dataclass(frozen=True, slots=True)
class Survey:
    """One way to stream. borders, seams: of all speeches together. with_seams: speeches where any
    border is heard. times: the largest excess, as of `Seams`."""

    policy: str
    speeches: int
    with_seams: int
    borders: int
    seams: int
    times: float


CHARACTERS = 60, 130
"""Of a text: five to eight seconds, some fifty borders of ours. Shorter ones are hardly cut in
chunks."""


def sentences(texts: Sequence[str], count: int) -> list[str]:
    """Raises SettingError where there are not as many of that length."""
    fewest, most = CHARACTERS
    found = [text for text in texts if fewest <= len(text) <= most][:count]
    if len(found) < count:
        raise SettingError(f"--texts {count}: there are {len(found)} of {fewest} to {most} letters")
    return found


def survey(coded: Coded, speeches: Iterable[Sequence[int]]) -> list[Survey]:
    """speeches: audio ids of each."""
    return summed([heard(coded, ids) for ids in speeches])


def summed(speeches: Sequence[Sequence[Heard]]) -> list[Survey]:
    """The ways of one speech after another, in the same order."""
    found = []
    for rows in zip(*speeches, strict=True):
        seams = [row.seams for row in rows]
        found.append(
            Survey(
                policy=seams[0].policy,
                speeches=len(seams),
                with_seams=sum(one.seams > 0 for one in seams),
                borders=sum(one.borders for one in seams),
                seams=sum(one.seams for one in seams),
                times=max(one.times for one in seams),
            )
        )
    return found


def table(rows: Sequence[Survey]) -> str:
    lines = [f"{'policy':<32}{'borders':>9}{'seams':>8}{'of them':>9}{'speeches':>12}{'×':>8}"]
    for row in rows:
        share = f"{row.seams / row.borders:.0%}" if row.borders else "-"
        speeches = f"{row.with_seams} of {row.speeches}"
        lines.append(
            f"{row.policy:<32}{row.borders:>9}{row.seams:>8}{share:>9}{speeches:>12}"
            f"{row.times:>8.1f}"
        )
    return "\n".join(lines)
