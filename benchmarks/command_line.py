"""The benchmarks' command line. Progress on stderr; results, one JSON line last, on stdout."""

from __future__ import annotations

import argparse
import contextlib
import json
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks import suites
from benchmarks.backbone import BATCHES
from benchmarks.environment import hardware, versions
from benchmarks.observer import Observer, ObservingLogger
from benchmarks.prompts import LANGUAGES
from benchmarks.run_logger import JsonlLogger, RunLogger, RunLoggers
from benchmarks.runlog import Request, Summary
from benchmarks.session import Session
from benchmarks.shape import SHAPES
from benchmarks.suites import Suite
from benchmarks.summary import shortfalls
from tensorrt_tts.client.handshake import check_url
from tensorrt_tts.errors import SettingError, TTSError
from tensorrt_tts.exit_status import exit_status
from tensorrt_tts.files import writing
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice

_ABOVE_ZERO = (
    *("count", "streams", "each", "requests", "rate", "prompts"),
    *("lengths", "batches", "limit", "seconds", "alone", "timeout", "budget_s", "tolerance"),
    *("minutes", "slots", "texts", "characters", "at_once", "seeds", "chunks"),
)
"""Options that would ask for nothing at 0 or below."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or the error's own."""
    parsed = _parser().parse_args(arguments)

    def run() -> None:
        _refuse_nothing(parsed)
        parsed.run(parsed)

    return exit_status(run)


def _refuse_nothing(parsed: argparse.Namespace) -> None:
    for name in _ABOVE_ZERO:
        value = getattr(parsed, name, None)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and one <= 0:
                raise SettingError(f"--{name.replace('_', '-')} {one:g}: must be above 0")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def suite(name: str, about: str, make: Callable[..., Suite]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        _suite_options(command)
        command.set_defaults(run=lambda parsed: _run_suite(parsed, make(parsed)))
        return command

    command = suite(
        "iterations",
        "one text again and again; does it drift?",
        lambda p: suites.iterations(p.language, p.voice, p.count, p.text),
    )
    command.add_argument("--count", type=int, default=20, help="how often (20)")
    command.add_argument("--text", help="another text than the usual one")
    suite(
        "lengths", "four texts, short to very long", lambda p: suites.lengths(p.language, p.voice)
    )
    suite(
        "sweep",
        "22 texts of 6 to 460 characters, after three cold requests",
        lambda p: suites.sweep(p.language, p.voice),
    )
    command = suite(
        "closed",
        "N callers who never wait",
        lambda p: suites.closed(p.language, p.voice, p.streams, p.each),
    )
    command.add_argument("--streams", type=int, required=True)
    command.add_argument("--each", type=int, default=20, help="judged answers of each (20)")
    command = suite(
        "open",
        "callers who arrive at random, whatever the server does",
        lambda p: suites.poisson(p.language, p.voice, p.rate, p.requests, p.seed),
    )
    command.add_argument("--rate", type=float, required=True, help="requests a second")
    command.add_argument("--requests", type=int, default=100)
    command.add_argument("--seed", type=int, default=0)
    _other_commands(commands)
    return parser


def _suite_options(command: argparse.ArgumentParser) -> None:
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--url", default="ws://127.0.0.1:8000/ws/tts", help="a server that runs (%(default)s)"
    )
    where.add_argument("--serve", action="store_true", help="start one for this run")
    command.add_argument("--language", choices=sorted(LANGUAGES), default="en")
    command.add_argument("--voice", help="the server's default when left out")
    command.add_argument("--out", type=Path, default=Path("out/bench"), help="folder (%(default)s)")
    command.add_argument("--save-audio", action="store_true", help="keep every answer as WAV")
    command.add_argument(
        "--score", action="store_true", help="word error rate and DistillMOS of the audio (English)"
    )
    command.add_argument(
        "--plot", action="store_true", help="draw the figures and write the report"
    )
    command.add_argument("--wandb", choices=("offline", "online"), help="log to Weights & Biases")
    command.add_argument("--wandb-project", default="tensorrt-tts", help="(%(default)s)")
    command.add_argument("--timeout", type=float, default=120.0, help="seconds for one answer")


def _other_commands(commands: Any) -> None:
    about = "streamed against batch audio of the same tokens"
    command = commands.add_parser("quality", help=about, description=about)
    command.add_argument("--model", default="demo")
    command.add_argument("--language", choices=sorted(LANGUAGES), default="en")
    command.add_argument("--voice")
    command.add_argument("--prompts", type=int, default=5, help="how many, spread over the set")
    command.add_argument("--out", type=Path, default=Path("out/quality"))
    command.set_defaults(run=_run_quality)

    about = "what decoding costs per second of audio, by policy and length"
    command = commands.add_parser("decode-cost", help=about, description=about)
    command.add_argument("--lengths", type=_numbers, default=(5.0, 20.0, 60.0), help="5,20,60")
    command.add_argument(
        "--codec",
        default="random",
        help="random, demo, bicodec, bicodec/4 (a quarter as wide), a folder (%(default)s)",
    )
    command.add_argument("--device", default="cpu")
    command.add_argument("--out", type=Path, default=Path("out/decode"))
    command.add_argument("--repeats", type=int, help="decodes of a short length, at most (5)")
    command.set_defaults(run=_run_decode_cost)

    about = "what putting a text in words and cutting it costs"
    command = commands.add_parser("text", help=about, description=about)
    command.add_argument("--out", type=Path, default=Path("out/text"))
    command.set_defaults(run=_run_text)

    about = "word times of the demo voice, aligned and estimated, against its teacher's"
    command = commands.add_parser("word-times", help=about, description=about)
    command.add_argument("--count", type=int, default=100, help="sentences (%(default)s)")
    command.add_argument("--out", type=Path, default=Path("out/word-times"))
    command.set_defaults(run=_run_word_times)

    about = "does a long text end in the voice that it began with? (Resemblyzer)"
    command = commands.add_parser("voice-identity", help=about, description=about)
    command.add_argument("--model", default="demo")
    command.add_argument("--voice")
    command.add_argument("--texts", type=int, default=10, help="how many (%(default)s)")
    command.add_argument("--characters", type=int, default=5000, help="of each (%(default)s)")
    command.add_argument(
        "--apart", action="store_true", help="every segment is a request of its own"
    )
    command.add_argument(
        "--at-once", type=int, default=10, help="texts beside one another (%(default)s)"
    )
    command.add_argument("--out", type=Path, default=Path("out/voice-identity"))
    command.set_defaults(run=_run_voice_identity)

    about = "what a smaller lookahead costs in accuracy, with a codec's weights"
    command = commands.add_parser("stability", help=about, description=about)
    command.add_argument("--codec", default="bicodec", help="as of decode-cost (%(default)s)")
    command.add_argument("--seconds", type=float, default=3.4, help="of audio (%(default)s)")
    command.add_argument("--device", default="cpu")
    command.add_argument("--out", type=Path, default=Path("out/stability"))
    command.set_defaults(run=_run_stability)

    about = "a codec's tensors against those of the official code"
    command = commands.add_parser("codec-golden", help=about, description=about)
    command.add_argument("folder", type=Path, help="config, weights and npz files of tensors")
    command.add_argument("--tolerance", type=float, help="where a file states none (2e-5)")
    command.add_argument("--out", type=Path, default=Path("out/codec-golden"))
    command.set_defaults(run=_run_codec_golden)

    about = "what it costs to encode a recording for cloning"
    command = commands.add_parser("clone-cost", help=about, description=about)
    command.add_argument("--lengths", type=_numbers, default=(6.0, 30.0), help="6,30")
    command.add_argument("--out", type=Path, default=Path("out/clone-cost"))
    command.set_defaults(run=_run_clone_cost)

    about = "what 16 to 48 kHz by AP-BWE costs per second of audio"
    command = commands.add_parser("extension-cost", help=about, description=about)
    command.add_argument("--chunks", type=_numbers, help="seconds at a time (0.06,0.25,1,5)")
    command.add_argument("--seconds", type=float, default=5.0, help="of audio (%(default)s)")
    command.add_argument("--out", type=Path, default=Path("out/extension-cost"))
    command.set_defaults(run=_run_extension_cost)

    about = "how often a chunk's border is heard, of what the demo voice says"
    command = commands.add_parser("seams", help=about, description=about)
    command.add_argument("--texts", type=int, default=5, help="sentences (%(default)s)")
    command.add_argument("--seeds", type=int, default=2, help="of each (%(default)s)")
    command.add_argument("--out", type=Path, default=Path("out/seams"))
    command.set_defaults(run=_run_seams)

    about = "streams that the host carries when the model costs nothing"
    command = commands.add_parser("host-overhead", help=about, description=about)
    command.add_argument("--codecs", default="null,random", help="one after another (%(default)s)")
    command.add_argument("--limit", type=int, default=256, help="streams at most (%(default)s)")
    command.add_argument("--seconds", type=float, default=10.0, help="of audio in an answer")
    command.add_argument("--rate", type=float, help="tokens a second per stream (82.03)")
    command.add_argument("--out", type=Path, default=Path("out/host-overhead"))
    command.set_defaults(run=_run_host_overhead)

    about = "what the server adds to a chunk, and the streams it holds, by protocol"
    command = commands.add_parser("protocol-overhead", help=about, description=about)
    command.add_argument(
        "--protocols", default="ws_tts,openai,cartesia,deepgram,elevenlabs", help="(%(default)s)"
    )
    command.add_argument("--streams", type=int, default=50, help="callers (%(default)s)")
    command.add_argument("--limit", type=int, default=256, help="streams at most (%(default)s)")
    command.add_argument("--latency-only", action="store_true", help="no search for streams held")
    command.add_argument("--seconds", type=float, default=10.0, help="of audio in an answer")
    command.add_argument("--out", type=Path, default=Path("out/protocol-overhead"))
    command.set_defaults(run=_run_protocol_overhead)

    about = "a server asked for twice what it can do, on every route: does anything leak?"
    command = commands.add_parser("soak", help=about, description=about)
    command.add_argument("--minutes", type=float, default=10.0, help="(%(default)s)")
    command.add_argument("--slots", type=int, default=8, help="of the server (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of what callers do (%(default)s)")
    command.add_argument("--out", type=Path, default=Path("out/soak"))
    command.set_defaults(run=_run_soak)

    about = "streams held by our codec path and by the usual ones, and what happens beyond"
    command = commands.add_parser("capacity", help=about, description=about)
    command.add_argument("--codecs", default="demo,random", help="one by one (%(default)s)")
    command.add_argument("--policies", help="some of batched,stateful,single,window,again (all)")
    command.add_argument("--limit", type=int, default=64, help="streams at most (%(default)s)")
    command.add_argument("--seconds", type=float, default=5.0, help="of audio in an answer")
    command.add_argument("--out", type=Path, default=Path("out/capacity"))
    command.set_defaults(run=_run_capacity)

    about = "a model's shape on a device: ceilings, vLLM alone, first audio, callers held"
    command = commands.add_parser("device", help=about, description=about)
    command.add_argument("--shape", choices=SHAPES, default="orpheus-3b", help="(%(default)s)")
    command.add_argument("--device", default="cuda", help="(%(default)s)")
    command.add_argument("--batches", type=_whole_numbers, default=BATCHES, help="1,8,64,256")
    command.add_argument("--limit", type=int, default=512, help="callers at most (%(default)s)")
    command.add_argument("--seconds", type=float, help="of audio in an answer (5)")
    command.add_argument("--alone", type=int, help="answers of the one-caller stage (20)")
    command.add_argument(
        "--stages",
        type=lambda text: tuple(text.split(",")),
        help="some of ceilings,exactness,codec,backbone,first-audio,callers (all); adds to "
        "device.json, and goes on where a stage was cut short",
    )
    command.add_argument(
        "--precision", default="bf16", help="bf16 or fp8, side by side in device.json (%(default)s)"
    )
    command.add_argument(
        "--engine-arguments",
        type=_json_object,
        default={},
        metavar="JSON",
        help="further arguments of vLLM's engine, recorded in the result",
    )
    command.add_argument(
        "--budget-s", type=float, help="leave out the stages that do not fit into so many seconds"
    )
    command.add_argument("--commit", help="of this checkout, where there is no git to ask")
    command.add_argument("--codec", default="random", help="random, null, demo or a folder")
    command.add_argument("--out", type=Path, default=Path("out/device"))
    command.set_defaults(run=_run_device)


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is no JSON object, as {{"name": value}} is')
    return found


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _run_suite(parsed: argparse.Namespace, suite: Suite) -> None:
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
        _result({"log": log.name, **figures}, log.with_suffix(".json"))
        if parsed.plot:
            remedy = f"`python -m plot_metrics {log}` draws them from the run log"
            for path in Observer("figures", remedy).call(_draw, log) or []:
                loggers.artifact(path)


def _loggers(parsed: argparse.Namespace, suite: Suite) -> list[RunLogger]:
    log = parsed.out / f"{suite.name}.jsonl"
    loggers: list[RunLogger] = [JsonlLogger(log)]
    if parsed.wandb:

        def make() -> RunLogger:
            from benchmarks.wandb_logger import WandbLogger

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
    from benchmarks.server_process import serving

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
    from benchmarks.ws_endpoint import WebSocketEndpoint

    score = None
    if parsed.score:
        from benchmarks.score import score_english

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


def _run_quality(parsed: argparse.Namespace) -> None:
    from benchmarks import prompts
    from benchmarks.decode_cost import spread
    from benchmarks.streaming_quality import streaming_quality, table
    from tensorrt_tts.loading import open_synthesizer

    texts = prompts.load(parsed.language)
    chosen = [texts[index] for index in spread(0, len(texts) - 1, parsed.prompts)]

    async def work() -> Any:
        synthesizer = open_synthesizer(parsed.model)
        try:
            rows = await streaming_quality(synthesizer, chosen, parsed.voice)
            return rows, synthesizer.sample_rate
        finally:
            await synthesizer.close()

    rows, sample_rate = run_blocking(work())
    print(table(rows, sample_rate))
    _result({"quality": [asdict(row) for row in rows]}, parsed.out / "quality.json")


def _run_decode_cost(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.coded import SNAC_USUAL, is_bicodec
    from benchmarks.decode_cost import (
        HEARD_FRAMES,
        SPOKEN,
        coded_snac,
        decode_costs,
        heard,
        heard_table,
        open_codec,
        open_coded,
        spoken,
        table,
    )

    torch.set_num_threads(1)  # what one stream gets on a server, and comparable between machines
    coded = open_coded(parsed.codec, parsed.device)
    rows = decode_costs(coded, parsed.lengths, progress=notice, repeats=parsed.repeats)
    print(table(rows))
    found: dict[str, Any] = {"decode_cost": [asdict(row) for row in rows]}
    if is_bicodec(parsed.codec):
        compared = {"heard": heard(coded, coded.ids(HEARD_FRAMES))}
        found |= {"codec": parsed.codec}
    elif parsed.codec == "demo":
        (ids,), parser = run_blocking(spoken("demo", [SPOKEN]))
        silent = coded_snac(*open_codec("demo", parsed.device, noise=False))
        compared = {
            name: heard(replace(its, parser=parser, ways=SNAC_USUAL), ids)
            for name, its in (("heard", coded), ("heard_without_noise", silent))
        }
    else:
        compared = {}
    for name, its in compared.items():
        print(f"\n{name.replace('_', ' ')}:\n{heard_table(its)}")
    found |= {name: [row.as_dict() for row in its] for name, its in compared.items()}
    _result(found, parsed.out / "decode.json")


def _run_text(parsed: argparse.Namespace) -> None:
    from benchmarks.text_cost import costs

    found = costs()
    print(f"{'median ms':14}{'words':>8}{'and segments':>14}")
    for name, row in found.items():
        print(f"{name:14}" + "".join(f"{ms:>{8 + 6 * at}}" for at, ms in enumerate(row.values())))
    _result({"text": found}, parsed.out / "text.json")


def _run_voice_identity(parsed: argparse.Namespace) -> None:
    from benchmarks import prompts
    from benchmarks.scoring.speaker import SpeakerEncoder
    from benchmarks.voice_identity import STALL_S, long_texts, table, voice_identity
    from tensorrt_tts.loading import open_synthesizer
    from tensorrt_tts.stream_options import StreamOptions

    encode = SpeakerEncoder()
    sentences = [prompt.text for prompt in prompts.load("en")]
    texts = list(long_texts(sentences, parsed.texts, parsed.characters))
    parsed.out.mkdir(parents=True, exist_ok=True)

    async def work() -> Any:
        options = StreamOptions(stall_s=STALL_S)
        synthesizer = open_synthesizer(parsed.model, options=options)
        try:
            log = parsed.out / "voice-identity.jsonl"
            return await voice_identity(
                synthesizer, texts, encode, log, parsed.voice, parsed.apart, parsed.at_once
            )
        finally:
            await synthesizer.close()

    rows = run_blocking(work())
    print(table(rows))
    _result({"identity": [asdict(row) for row in rows]}, parsed.out / "voice-identity.json")


def _run_soak(parsed: argparse.Namespace) -> None:
    from benchmarks.soak import soak, table

    found = run_blocking(soak(parsed.minutes, parsed.slots, parsed.seed, parsed.out, notice))
    print(table(found))
    _result({"soak": found.results()}, parsed.out / "soak.json")
    if objections := found.objections():
        raise TTSError(f"the server did not hold: {'; '.join(objections)}")


def _run_stability(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.decode_cost import open_coded
    from benchmarks.error_curve import error_curve, table

    torch.set_num_threads(1)
    curve = error_curve(open_coded(parsed.codec, parsed.device), parsed.codec, parsed.seconds)
    print(table(curve))
    _result(curve.as_dict(), parsed.out / "stability.json")


def _run_codec_golden(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.codec_golden import TOLERANCE, as_rows, codec_golden, table

    torch.set_num_threads(1)
    tolerance = TOLERANCE if parsed.tolerance is None else parsed.tolerance
    rows = list(codec_golden(parsed.folder, tolerance))
    print(table(rows))
    found = {"folder": str(parsed.folder), "tensors": as_rows(rows)}
    _result(found, parsed.out / "codec-golden.json")
    beyond = [row for row in rows if not row.within]
    if beyond:
        raise TTSError(
            f"{len(beyond)} of {len(rows)} tensors are not within their tolerance, the first "
            f"{beyond[0].tensor} of {beyond[0].case}: config, weights and tensors must be of one "
            "checkpoint"
        )


def _run_clone_cost(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.clone_cost import as_rows, clone_costs, open_random, table

    torch.set_num_threads(1)
    costs = clone_costs(parsed.lengths, *open_random())
    print(table(costs))
    _result({"costs": as_rows(costs)}, parsed.out / "clone-cost.json")


def _run_extension_cost(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.extension_cost import CHUNKS, as_rows, extension_costs, open_random, table

    torch.set_num_threads(1)
    costs = extension_costs(open_random(), parsed.chunks or CHUNKS, parsed.seconds)
    print(table(costs))
    _result({"extension": as_rows(costs)}, parsed.out / "extension-cost.json")


def _run_seams(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks import prompts
    from benchmarks.coded import SNAC_USUAL
    from benchmarks.decode_cost import coded_snac, open_codec, spoken
    from benchmarks.seam_survey import as_rows, sentences, survey, table

    torch.set_num_threads(1)
    chosen = sentences([prompt.text for prompt in prompts.load("en")], parsed.texts)
    speeches, parser = run_blocking(spoken("demo", chosen, parsed.seeds))
    coded = replace(
        coded_snac(*open_codec("demo", "cpu", noise=False)), parser=parser, ways=SNAC_USUAL
    )
    rows = survey(coded, speeches)
    print(table(rows))
    found = {"texts": chosen, "seeds": parsed.seeds, "seams": as_rows(rows)}
    _result(found, parsed.out / "seams.json")


def _run_host_overhead(parsed: argparse.Namespace) -> None:
    from benchmarks.host_overhead import Level, host_overhead, results, streams_held, table

    settings = {"codecs": parsed.codecs, "seconds": parsed.seconds, "rate": parsed.rate}
    session = Session(parsed.out, "benchmarks.host_server", settings)
    levels: list[Level] = []
    held = []
    for codec in parsed.codecs.split(","):
        found = run_blocking(
            host_overhead(
                codec,
                parsed.out,
                session,
                parsed.limit,
                parsed.seconds,
                parsed.rate,
                progress=lambda level: notice(table([level])),
            )
        )
        levels += found
        held.append(f"{codec}: {streams_held(found)} real-time streams")
    print(table(levels))
    print(*held, sep="\n")
    _result(results(levels), parsed.out / "host.json")


def _run_protocol_overhead(parsed: argparse.Namespace) -> None:
    from benchmarks.host_overhead import streams_held
    from benchmarks.protocol_overhead import ProtocolOverhead, results, table

    names = parsed.protocols.split(",")
    settings = {"seconds": parsed.seconds, "streams": parsed.streams}
    session = Session(parsed.out, "benchmarks.host_server", settings)
    suite = ProtocolOverhead(
        parsed.out, session, parsed.seconds, parsed.streams, parsed.limit, notice
    )
    rows = run_blocking(suite.added(names))
    held = run_blocking(suite.held(names)) if not parsed.latency_only else {}
    print(table(rows))
    for name, levels in held.items():
        print(f"{name}: {streams_held(levels)} real-time streams")
    _result(results(rows, held), parsed.out / "protocols.json")


def _run_capacity(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.capacity import BATCHED, POLICIES, beyond, capacity, table
    from benchmarks.host_overhead import table as level_table

    torch.set_num_threads(1)  # of this process, which only compares
    policies = parsed.policies.split(",") if parsed.policies else tuple(POLICIES)
    settings = {"codecs": parsed.codecs, "policies": policies, "seconds": parsed.seconds}
    session = Session(parsed.out, "benchmarks.host_server", settings)
    environment = _environment()
    rows, points, levels = [], [], []
    for codec in parsed.codecs.split(","):
        folder = parsed.out / Path(codec).name
        held, tried = run_blocking(
            capacity(
                codec,
                folder,
                session,
                parsed.limit,
                parsed.seconds,
                policies,
                progress=lambda level: notice(level_table([level])),
            )
        )
        rows += held
        levels += tried
        for row in held:
            if row.policy == BATCHED and row.streams:
                points += run_blocking(beyond(codec, row.streams, folder, session, parsed.seconds))
    print(table(rows, points))
    named: dict[str, list[Any]] = {"capacity": rows, "beyond": points, "levels": levels}
    found = {name: [asdict(one) for one in those] for name, those in named.items()}
    _result(found, parsed.out / "capacity.json", environment)


def _run_word_times(parsed: argparse.Namespace) -> None:
    from benchmarks.word_times import Errors, table, word_times
    from tensorrt_tts.loading import open_synthesizer

    async def run() -> list[Errors]:
        synthesizer = open_synthesizer()
        try:
            return await word_times(synthesizer, parsed.count, notice)
        finally:
            await synthesizer.close()

    found = run_blocking(run())
    print(table(found))
    _result({"word_times": [asdict(row) for row in found]}, parsed.out / "word-times.json")


def _run_device(parsed: argparse.Namespace) -> None:
    from benchmarks.device_result import as_json, report
    from benchmarks.device_run import ALONE, SECONDS, STAGES, DeviceRun

    run = DeviceRun(
        shape=parsed.shape,
        device=parsed.device,
        folder=parsed.out,
        batches=parsed.batches,
        limit=parsed.limit,
        seconds=parsed.seconds or SECONDS,
        codec=parsed.codec,
        alone=parsed.alone or ALONE,
        precision=parsed.precision,
        engine_arguments=parsed.engine_arguments,
        budget_s=parsed.budget_s,
        commit=parsed.commit,
        say=notice,
    )
    found = run_blocking(run.run(parsed.stages or STAGES))
    print(report(found))
    print(as_json(found))


def _result(
    found: dict[str, Any], path: Path, environment: dict[str, object] | None = None
) -> None:
    """One line of JSON with what it was measured on, to stdout and into a file beside the logs."""
    line = json.dumps({**found, **(environment or _environment())})
    print(line, flush=True)
    with writing(path, "choose another --out"):
        path.write_text(line + "\n", encoding="utf-8")


def _environment() -> dict[str, object]:
    return {"hardware": asdict(hardware()), "versions": versions()}
