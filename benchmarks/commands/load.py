"""Commands that send a suite of texts to a server."""

from __future__ import annotations

import argparse
import contextlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.commands.command import Command, Declare, above_zero, option
from benchmarks.commands.result import leave
from benchmarks.load import suites
from benchmarks.load.session import Session
from benchmarks.load.suites import Suite
from benchmarks.prompts import LANGUAGES
from benchmarks.runs.observer import Observer, ObservingLogger
from benchmarks.runs.run_logger import JsonlLogger, RunLogger, RunLoggers
from benchmarks.runs.runlog import Request, Summary
from benchmarks.runs.summary import shortfalls
from tensorrt_tts.client.handshake import check_url
from tensorrt_tts.errors import SettingError
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice


def _where(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--url", default="ws://127.0.0.1:8000/ws/tts", help="a server that runs (%(default)s)"
    )
    where.add_argument("--serve", action="store_true", help="start one for this run")


OPTIONS = (
    _where,
    option("--language", choices=sorted(LANGUAGES), default="en"),
    option("--voice", help="the server's default when left out"),
    option("--out", type=Path, default=Path("out/bench"), help="folder (%(default)s)"),
    option("--save-audio", action="store_true", help="keep every answer as WAV"),
    option(
        "--score", action="store_true", help="word error rate and DistillMOS of the audio (English)"
    ),
    option("--plot", action="store_true", help="draw the figures and write the report"),
    option("--wandb", choices=("offline", "online"), help="log to Weights & Biases"),
    option("--wandb-project", default="tensorrt-tts", help="(%(default)s)"),
    above_zero("--timeout", float, default=120.0, help="seconds for one answer"),
)


def _suite(
    name: str, about: str, make: Callable[[argparse.Namespace], Suite], *options: Declare
) -> Command:
    def run(parsed: argparse.Namespace) -> None:
        _run(parsed, make(parsed))

    return Command(name, about, (*OPTIONS, *options), run)


SUITES = (
    _suite(
        "iterations",
        "one text again and again; does it drift?",
        lambda p: suites.iterations(p.language, p.voice, p.count, p.text),
        above_zero("--count", default=20, help="how often (20)"),
        option("--text", help="another text than the usual one"),
    ),
    _suite(
        "lengths", "four texts, short to very long", lambda p: suites.lengths(p.language, p.voice)
    ),
    _suite(
        "sweep",
        "22 texts of 6 to 460 characters, after three cold requests",
        lambda p: suites.sweep(p.language, p.voice),
    ),
    _suite(
        "closed",
        "N callers who never wait",
        lambda p: suites.closed(p.language, p.voice, p.streams, p.each),
        above_zero("--streams", required=True),
        above_zero("--each", default=20, help="judged answers of each (20)"),
    ),
    _suite(
        "open",
        "callers who arrive at random, whatever the server does",
        lambda p: suites.poisson(p.language, p.voice, p.rate, p.requests, p.seed),
        above_zero("--rate", float, required=True, help="requests a second"),
        above_zero("--requests", default=100),
        option("--seed", type=int, default=0),
    ),
)


def _run(parsed: argparse.Namespace, suite: Suite) -> None:
    """What only watches comes after the result, where it can: a figure or an upload that fails, or
    takes long, has nothing to take with it."""
    if parsed.score and parsed.language != "en":
        raise SettingError(f"--score: language {parsed.language!r} cannot be scored, only 'en'")
    if not parsed.serve:
        check_url(parsed.url)  # before the log of an earlier run is overwritten
    with RunLoggers(_loggers(parsed, suite)) as loggers:
        with _server(parsed) as url:
            summary = run_blocking(_measure(parsed, suite, url, loggers))
        _print_summary(summary)
        log = parsed.out / f"{suite.name}.jsonl"
        figures = summary.model_dump(mode="json", exclude={"type"})
        leave({"log": log.name, **figures}, log.with_suffix(".json"))
        if parsed.plot:
            remedy = f"`python -m plot_metrics {log}` draws them from the run log"
            for path in Observer("figures", remedy).call(_draw, log) or []:
                loggers.artifact(path)


def _loggers(parsed: argparse.Namespace, suite: Suite) -> list[RunLogger]:
    log = parsed.out / f"{suite.name}.jsonl"
    loggers: list[RunLogger] = [JsonlLogger(log)]
    if parsed.wandb:

        def make() -> RunLogger:
            from benchmarks.runs.wandb_logger import WandbLogger

            return WandbLogger(parsed.wandb_project, parsed.out, parsed.wandb)

        observer = Observer("Weights & Biases", f"the run goes on, and {log} has all of it")
        loggers.append(ObservingLogger(observer, make))
    return loggers


@contextlib.contextmanager
def _server(parsed: argparse.Namespace) -> Iterator[str]:
    """The URL of the server to measure, which is started and ended here where that is asked."""
    if not parsed.serve:
        yield parsed.url
        return
    from benchmarks.load.server_process import serving

    notice("starting the server …")
    with serving(["--log-level", "warning"], parsed.out / "server.log") as server:
        notice(f"ready after {server.ready_s:.1f} s, warm-up included")
        yield server.socket_url


def _draw(log: Path) -> list[Path]:
    """By name, and not imported: figures lie above what they are drawn from."""
    notice("drawing …")
    found: list[Path] = pkgutil.resolve_name("plot_metrics.report:draw_all")(log, log.parent)
    return found


async def _measure(
    parsed: argparse.Namespace, suite: Suite, url: str, loggers: RunLoggers
) -> Summary:
    from benchmarks.load.ws_endpoint import WebSocketEndpoint

    score = None
    if parsed.score:
        from benchmarks.runs.score import score_english

        score = score_english
    session = Session(
        folder=parsed.out,
        server=url,
        settings={
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(parsed).items()
            if name not in ("run", "command")
        },
        save_audio=parsed.save_audio,
        progress=_progress,
        score=score,
    )
    return await session.run(suite, WebSocketEndpoint(url, parsed.timeout), loggers)


def _progress(line: Request, total: int) -> None:
    measures = line.measures
    first = "no audio" if measures.ttfa_ms is None else f"first audio {measures.ttfa_ms:.0f} ms"
    speed = "" if measures.rtf is None else f", real-time factor {measures.rtf:.2f}"
    wrong = f"  {'; '.join(line.faults)} {line.error or ''}" if line.faults else ""
    notice(
        f"{line.index + 1:>3}/{total} {line.phase:<8} {line.prompt:<7} {line.characters:>3} "
        f"characters, {measures.audio_s:5.2f} s of audio, {first}{speed}{wrong}"
    )


def _print_summary(summary: Summary) -> None:
    for name, value in summary.distributions.items():
        print(f"{name:<18} p50 {value.p50:9.2f}  p95 {value.p95:9.2f}  max {value.max:9.2f}")
    for row in summary.continuity:
        if row.c100 is not None:
            print(
                f"continuous with {row.prebuffer_ms:.0f} ms prebuffer: "
                f"C50 {row.c50:.1%}  C100 {row.c100:.1%}  C200 {row.c200:.1%}"
            )
    print(f"faults: {summary.faults or 'none'}   verdict: {summary.verdict}")
    if summary.refused:
        print(f"refused: {summary.refused} of {summary.requests} requests; callers then waited")
    print(f"client: {summary.objection or 'fast enough'}")
    short = shortfalls(summary)
    print("real-time streams: " + ("; ".join(short) if short else "yes"))
