"""`latency_waterfall`: where the time of one request went, from asking to the last sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.listener.player import play
from benchmarks.runs.runlog import RunLog
from plot_metrics.answers import Answers
from plot_metrics.canvas import FAINT, LIMIT, above, figure, save, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.runs.runlog import Request


def draw(log: RunLog, folder: Path) -> Path:
    """Of the request of median length. Raises InputError for a log without a whole answer."""
    answers = Answers.to_draw(log)
    line = median(answers.sound)
    with figure(1, 1, 4.4) as (drawing, grid):
        axes = grid[0, 0]
        rows = phases(line)
        for place, (_, start, end, colour) in enumerate(rows):
            axes.barh(place, end - start, left=start, color=colour, height=0.55)
            axes.annotate(
                f"{end - start:.0f} ms",
                (end, place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        _chunks(axes, line, len(rows))
        labels = [name for name, *_ in rows] + ["chunks arrive", "a listener hears"]
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlim(0, 1.12 * _end(line))
        axes.set_xlabel("ms since the request")
        first, total = line.measures.ttfa_ms or 0.0, line.measures.total_ms or 0.0
        above(axes)
        story = (
            f"{line.prompt} ({line.characters} characters): first audio after {first:.0f} ms, "
            f"{line.measures.audio_s:.1f} s of audio after {total / 1000:.1f} s"
        )
        title(drawing, "; ".join(filter(None, (answers.headline(), story))))
        return save(drawing, folder / "latency_waterfall.png")


def median(lines: Sequence[Request]) -> Request:
    """The request whose text is of median length."""
    ordered = sorted(lines, key=lambda line: (line.characters, line.index))
    return ordered[len(ordered) // 2]


def phases(line: Request) -> list[tuple[str, float, float, str]]:
    """(name, start, end, colour) in ms since the request, in order of time.

    The server's clock is placed on the client's by taking the request's way there as nothing, so
    "on its way" holds both directions. Without the server's timings there is one phase.
    """
    measures = line.measures
    first = measures.ttfa_ms or 0.0
    total = measures.total_ms or first
    told = (line.server or {}).get("metrics") or {}
    rows: list[tuple[str, float, float, str]] = []
    token, audio = told.get("ttft_ms"), told.get("ttfa_ms")
    begin = 0.0
    for name, end, colour in (
        ("waiting for a slot", told.get("queue_ms"), FAINT),
        ("prompt to first token", token, "C0"),
        ("tokens to first audio", audio, "C1"),
    ):
        if end is not None and end > begin:
            rows.append((name, begin, end, colour))
            begin = end
    name = "on its way to the client" if rows else "until first audio"
    rows.append((name, begin, max(begin, first), "C4"))
    rows.append(("rest of the speech", first, total, "C2"))
    return rows


def _chunks(axes: Axes, line: Request, place: int) -> None:
    arrivals = [at for at, _ in line.chunks]
    durations = [samples / line.sample_rate for _, samples in line.chunks]
    times = [1000 * at for at in arrivals]
    axes.plot(times, [place] * len(times), "|", color="C0", markersize=14)
    played = play(arrivals, durations)
    if played is None:
        return
    begin = played.start
    for stall in played.stalls:
        silent = played.heard_at(stall.position) - stall.length
        axes.barh(place + 1, 1000 * (silent - begin), left=1000 * begin, color="C0", height=0.55)
        axes.barh(place + 1, 1000 * stall.length, left=1000 * silent, color=LIMIT, height=0.55)
        begin = silent + stall.length
    axes.barh(place + 1, 1000 * (played.end - begin), left=1000 * begin, color="C0", height=0.55)
    axes.plot([], [], color="C0", linewidth=6, label="speech")
    if played.stalls:
        told = f"silence while waiting ({1000 * played.underrun:.0f} ms in all)"
        axes.plot([], [], color=LIMIT, linewidth=6, label=told)


def _end(line: Request) -> float:
    arrivals = [at for at, _ in line.chunks]
    played = play(arrivals, [samples / line.sample_rate for _, samples in line.chunks])
    return 1000 * played.end if played else 1.0
