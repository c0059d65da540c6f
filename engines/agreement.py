"""Does an engine say what its weights say? Pure: ids and log-likelihoods in, a verdict out.

Free-running generations of a quantised engine part from the reference's after some ids, because
rounding decides near ties, and speech is full of them. So nothing is judged by where two streams
part. At each position both read the same ids, and what counts is how the reference rates the id
that the engine holds most likely: its `gap` is the reference's log-likelihood of its own first
choice minus that of the engine's. Rounding costs hundredths of a nat; another language costs nats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from tensorrt_tts.engine_folder.formats import Format, Kv, Precision
from tensorrt_tts.errors import EngineError

NEAR = 0.5
"""Nats. An id at most this much less likely than the first is as good as the first: where the
reference's own choice between two is as close as that, any rounding may turn it over."""

RANKED = 5
"""Ids of the first step whose order is compared."""


@dataclass(frozen=True, slots=True)
class NextId:
    """said: what the engine holds most likely after some ids. first: what the reference does. gap:
    nats between the two by the reference, 0 when they are equal. outside: `said` is no id of the
    checkpoint's vocabulary; the gap is then that of its least likely id."""

    said: int
    first: int
    gap: float
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """The likeliest ids of the first step after one prompt, likeliest first, by each of the two."""

    engine: tuple[int, ...]
    reference: tuple[int, ...]

    @property
    def overlap(self) -> float:
        """Share of the reference's ids that are among the engine's."""
        return len(set(self.engine) & set(self.reference)) / len(self.reference)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was compared. read: after a prompt and some speech, read at once. far: the same, a
    thousand ids and more into a sequence; empty where the engine takes none so long. generated:
    ids of a generation, each after the engine's own ones before it. rankings: one per prompt."""

    read: Sequence[NextId]
    far: Sequence[NextId]
    generated: Sequence[NextId]
    rankings: Sequence[Ranking]

    def groups(self) -> dict[str, Sequence[NextId]]:
        """By name, those that hold anything."""
        named = {"read": self.read, "far": self.far, "generated": self.generated}
        return {name: ids for name, ids in named.items() if ids}


@dataclass(frozen=True, slots=True)
class Limits:
    """gap: the largest mean, nats. near: the least share of ids with a gap within NEAR. overlap:
    the least mean of `Ranking.overlap`."""

    gap: float
    near: float
    overlap: float


# Measured on a CPU with the demo voice (5 layers) against itself in float32, its linear layers
# rounded as each format rounds them, 200 positions. Mean gap: bf16 and fp16 0.001, int8 0.004,
# int8-sq 0.002, fp8 0.018, int4 in plain groups (no AWQ) 0.09; share near: 1, 1, 1, 1, 0.995, 0.93;
# overlap 0.9 or more. The mildest fault tried (20 steps of training on something else) has 1.7,
# 0.57 and 0.78, a wrong RoPE base 3.2, 0.44 and 0.70. Real models have six times the layers, and
# the smallest groups 40 positions: the limits leave room.
_LIMITS = {16: Limits(0.05, 0.95, 0.7), 8: Limits(0.2, 0.9, 0.6), 4: Limits(0.5, 0.65, 0.5)}


def limits(fmt: Format) -> Limits:
    """What an engine of that format is held to. Those of the quantised formats rest on rounding
    emulated on a CPU: no such engine has been measured on a GPU yet."""
    bits = 16
    if fmt.kv is not Kv.MODEL or fmt.precision.quantized:
        bits = 4 if fmt.precision is Precision.INT4_AWQ else 8
    return _LIMITS[bits]


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one group of ids. equal: share of them that are the reference's first choice."""

    ids: int
    equal: float
    near: float
    gap: float

    @classmethod
    def of(cls, ids: Sequence[NextId]) -> Group:
        return cls(
            len(ids),
            fmean(one.said == one.first for one in ids),
            fmean(one.gap <= NEAR and not one.outside for one in ids),
            fmean(one.gap for one in ids),
        )

    def passes(self, allowed: Limits) -> bool:
        return self.gap <= allowed.gap and self.near >= allowed.near


@dataclass(frozen=True, slots=True)
class Verdict:
    """same: the engine speaks its weights' language. groups: by name (`Answers.groups`). overlap:
    mean over the rankings. cause: what such answers usually come from, where that shows."""

    same: bool
    groups: dict[str, Group]
    overlap: float
    allowed: Limits
    cause: str | None

    def summary(self) -> str:
        """In one line."""
        all_ids = sum(group.ids for group in self.groups.values())
        near = sum(group.near * group.ids for group in self.groups.values())
        gap = sum(group.gap * group.ids for group in self.groups.values()) / all_ids
        return (
            f"{near:.0f} of {all_ids} ids are the reference's or as likely, {gap:.3f} nats less "
            f"likely on average (at most {self.allowed.gap:g}), {self.overlap:.0%} of the first "
            "step's likeliest ids"
            + ("" if "far" in self.groups else "; nothing was compared far into a sequence")
        )

    def table(self) -> str:
        """A row for each group, and the first step."""
        lines = [f"{'ids':<12}{'count':>6}{'equal':>9}{'as likely':>11}{'mean gap, nats':>16}"]
        for name, group in self.groups.items():
            lines.append(
                f"{name:<12}{group.ids:>6}{group.equal:>9.1%}{group.near:>11.1%}{group.gap:>16.3f}"
                + ("" if group.passes(self.allowed) else "  too far apart")
            )
        if "far" not in self.groups:
            lines.append(f"{'far':<12}     0  nothing: the engine takes no sequence so long")
        lines.append(
            f"allowed: {self.allowed.near:.0%} as likely, mean gap {self.allowed.gap:g}; of the "
            f"first step's {RANKED} likeliest ids {self.overlap:.0%} are the same, at least "
            f"{self.allowed.overlap:.0%} wanted"
        )
        return "\n".join(lines)


def judge(answers: Answers, allowed: Limits) -> Verdict:
    """Every group has to pass, and the first step's ranking. Raises EngineError where nothing was
    read or ranked: of that any engine would pass."""
    if not answers.read or not answers.rankings:
        raise EngineError(
            f"{len(answers.read)} ids and {len(answers.rankings)} rankings were compared, which "
            "says nothing about the engine; ask for at least one prompt"
        )
    groups = {name: Group.of(ids) for name, ids in answers.groups().items()}
    overlap = fmean(ranking.overlap for ranking in answers.rankings)
    same = overlap >= allowed.overlap and all(g.passes(allowed) for g in groups.values())
    return Verdict(same, groups, overlap, allowed, None if same else _cause(answers, allowed))


def _cause(answers: Answers, allowed: Limits) -> str | None:
    """What the pattern of the answers points to; None when to nothing in particular."""
    read = answers.read
    count = len(read)
    if 2 * sum(one.outside for one in read) > count:
        return "it says ids beyond the checkpoint's vocabulary: padded rows of the head are sampled"
    said, often = Counter(one.said for one in read).most_common(1)[0]
    if often > 0.9 * count and len({one.first for one in read}) > 0.2 * count:
        return f"it says id {said} nearly everywhere: numbers overflow, as Qwen2's do in FP16"
    shift, often = Counter(one.said - one.first for one in read).most_common(1)[0]
    if shift and often > 0.5 * count:
        return f"its ids are the reference's plus {shift}: rows of the head are shifted"
    passes = {name: Group.of(ids).passes(allowed) for name, ids in answers.groups().items()}
    if passes["read"] and not passes.get("far", True):
        return "it is right near a sequence's start and wrong further on: RoPE base or scaling"
    if passes["read"] and not passes.get("generated", True):
        return "it is right about what it reads and wrong about what it generates: the KV cache"
    return None
