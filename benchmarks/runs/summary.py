"""From the request lines of a run to what it says as a whole. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.listener.integrity import Fault
from benchmarks.listener.player import LIMITS, PREBUFFERS
from benchmarks.runs.distribution import Distribution
from benchmarks.runs.loop_lag import LoopLag
from benchmarks.runs.runlog import AtOnce, Continuity, Lag, Request, Score, Summary

DISTRIBUTIONS = (
    "ttft_ms",
    "ttfa_ms",
    "onset_ms",
    "total_ms",
    "late_ms",
    "rtf",
    "stream_rtf",
    "server_rtf",
    "max_gap_ms",
    "mean_gap_ms",
    "jitter_ms",
    "longest_stall_ms",
)
"""Measures of one number per request. `gap_ms` (every gap), `underrun_ms` (no prebuffer), and `wer`
and `mos` where they were taken, are added to them."""

TTFA_LIMIT_MS = 500.0
"""Limit of the p99 first audio for "N real-time streams"."""

AT_ONCE = 0.95
"""Share of the streams wanted that must have been under way on average: between an answer and the
next request a caller has none."""


def summarize(
    lines: Sequence[Request],
    lag: Lag,
    wall_s: float,
    scores: Iterable[Score] = (),
    extra: dict[str, object] | None = None,
    streams: int | None = None,
) -> Summary:
    """wall_s: seconds from the first request's start to the end of the last. streams: how many
    were to be under way at once, of a closed loop."""
    measured = [line for line in lines if line.phase == "measured"]
    # A part of an answer has no total time and no real-time factor that could be compared.
    sound = [line for line in measured if line.chunks and not failed(line)]
    found: dict[str, Distribution] = {}
    for name in DISTRIBUTIONS:
        _put(found, name, (getattr(line.measures, name) for line in sound))
    _put(found, "gap_ms", (gap for line in sound for gap in line.measures.gaps_ms))
    _put(found, "underrun_ms", (_underrun(line, 0) for line in sound))
    indices = {line.index for line in measured}
    scores = [score for score in scores if score.index in indices]
    _put(found, "wer", (score.wer for score in scores))
    _put(found, "mos", (score.mos for score in scores))
    summary = Summary(
        requests=len(measured),
        failed=sum(map(failed, measured)),
        refused=sum(line.refused for line in measured),
        faults=dict(Counter(fault.value for line in measured for fault in line.faults)),
        audio_s=sum(line.measures.audio_s for line in measured),
        delivered_s=sum(line.measures.audio_s for line in lines),
        wall_s=wall_s,
        distributions=found,
        continuity=tuple(continuity(measured, index) for index in range(len(PREBUFFERS))),
        valid=lag.objection is None,
        objection=lag.objection,
        verdict="unmeasured",
        at_once=None if streams is None else AtOnce(wanted=streams, observed=concurrency(lines)),
        extra={**(extra or {}), **_overall(scores)},
    )
    return summary.model_copy(update={"verdict": verdict(summary)})


def failed(line: Request) -> bool:
    return Fault.FAILED in line.faults


def concurrency(lines: Sequence[Request]) -> float:
    """Requests under way on average, edges included, from the first measured request's start to
    the end of the last."""
    spans = [(line.scheduled, line.scheduled + line.ended) for line in lines]
    measured = [span for span, line in zip(spans, lines, strict=True) if line.phase == "measured"]
    if not measured:
        return 0.0
    begin, end = min(start for start, _ in measured), max(stop for _, stop in measured)
    busy = sum(max(0.0, min(stop, end) - max(start, begin)) for start, stop in spans)
    return busy / (end - begin) if end > begin else 0.0


def _overall(scores: Sequence[Score]) -> dict[str, float]:
    """WER over all words: a mean of sentences would let one missed word of one count as much as
    twenty missed words of twenty."""
    words = sum(score.words for score in scores if score.wer is not None)
    wrong = sum(score.words * score.wer for score in scores if score.wer is not None)
    return {"wer_overall": wrong / words} if words else {}


def lag_line(lag: LoopLag) -> Lag:
    return Lag(
        lag_ms=Distribution.of(late * 1000 for _, late in lag.samples), objection=lag.objection()
    )


def continuity(lines: Iterable[Request], prebuffer: int) -> Continuity:
    """C50, C100 and C200 with the prebuffer of that index in `PREBUFFERS`."""
    judged = [_silence(line, prebuffer) for line in lines]
    silences = [silence for silence in judged if silence is not None]
    c50, c100, c200 = (
        (sum(silence <= limit * 1000 for silence in silences) / len(silences) if silences else None)
        for limit in LIMITS
    )
    return Continuity(
        prebuffer_ms=PREBUFFERS[prebuffer] * 1000,
        streams=len(silences),
        c50=c50,
        c100=c100,
        c200=c200,
    )


def _silence(line: Request, prebuffer: int) -> float | None:
    """ms that a player is silent; infinite for a failed request; None where none can be judged."""
    if failed(line) or not line.chunks:
        return float("inf")
    return _underrun(line, prebuffer)


def _underrun(line: Request, prebuffer: int) -> float | None:
    underruns = line.measures.underruns_ms
    return None if underruns is None else underruns[prebuffer]


def verdict(summary: Summary, ttfa_limit_ms: float = TTFA_LIMIT_MS) -> str:
    """A word or two for a run: faulty, unmeasured, needs work; or good, when it counts as real-time
    streams."""
    if summary.faults:
        return "faulty"
    if "rtf" not in summary.distributions or "max_gap_ms" not in summary.distributions:
        return "unmeasured"
    return "needs work" if shortfalls(summary, ttfa_limit_ms) else "good"


def shortfalls(summary: Summary, ttfa_limit_ms: float = TTFA_LIMIT_MS) -> list[str]:
    """What keeps a run of N streams from counting as "N concurrent real-time streams"; empty when
    it counts. One line each: the condition, and what was measured instead."""
    found = summary.distributions
    missing: list[str] = []
    if summary.objection:
        missing.append(f"run not valid: {summary.objection}")
    if summary.faults or summary.failed:
        missing.append(f"zero faulty answers: {summary.faults}")
    at_once = summary.at_once
    if at_once is not None and at_once.observed < AT_ONCE * at_once.wanted:
        missing.append(f"{at_once.wanted} streams at once: {at_once.observed:.1f} on average")
    ttfa = found.get("ttfa_ms")
    if ttfa is None or ttfa.p99 > ttfa_limit_ms:
        got = "nothing" if ttfa is None else f"{ttfa.p99:.0f} ms"
        missing.append(f"p99 first audio within {ttfa_limit_ms:.0f} ms: {got}")
    c100 = summary.continuity[0].c100
    if c100 is None or c100 < 0.99:
        missing.append(f"99 % of streams silent for at most 100 ms: {_percent(c100)}")
    rtf = found.get("stream_rtf")
    if rtf is None or rtf.p99 >= 1:
        got = "nothing" if rtf is None else f"{rtf.p99:.2f}"
        missing.append(f"p99 real-time factor of a stream below 1: {got}")
    return missing


def _percent(share: float | None) -> str:
    return "nothing to judge" if share is None else f"{share:.1%}"


def _put(found: dict[str, Distribution], name: str, values: Iterable[float | None]) -> None:
    distribution = Distribution.of(values)
    if distribution is not None:
        found[name] = distribution
