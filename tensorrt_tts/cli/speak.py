"""`tensorrt-tts speak`: one text, spoken while it is generated."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tensorrt_tts.audio.audio_file import AUDIO_FILES, check_audio_path
from tensorrt_tts.audio.audio_source import check_rate
from tensorrt_tts.audio.reference import read_reference
from tensorrt_tts.cli.model_options import add_model_options, open_from
from tensorrt_tts.cli.sinks import Sink, open_sink, write_aside
from tensorrt_tts.cli.speak_url import Spoken, add_url_options, check_options, speak_there
from tensorrt_tts.errors import OutputError, SettingError
from tensorrt_tts.files import writing
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice
from tensorrt_tts.own_stdout import own_stdout
from tensorrt_tts.speech import SpeechReport, SpeechRequest
from tensorrt_tts.text.given import argument_text, given_text
from tensorrt_tts.text.transcript import check_transcript
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from tensorrt_tts.audio.audio_source import OutputRate
    from tensorrt_tts.families.base import Voice
    from tensorrt_tts.synthesizer import Synthesizer

HERE: dict[str, Any] = {
    "voice_file": None,
    "reference": None,
    "reference_text": None,
    "save_voice": None,
    "bandwidth_extension": None,
    "voice_tokens": 0,
    "lookahead": None,
    "fade": 0,
    "hop": 4,
    "first_hop": 3,
    "stateful": False,
    "model": "demo",
    "codec": None,
    "spec": None,
    "backend": "reference",
    "device": "cpu",
    "no_noise": False,
    "threads": None,
}
"""Options for a model that is loaded here, with their defaults: a server has its own."""


def add_command(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("speak", help="speak a text")
    parser.add_argument(
        "text", type=argument_text, help="what to say; '-' reads it from stdin, in UTF-8"
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--voice",
        type=argument_text,
        help="see `tensorrt-tts voices`; without --model, of what ships (default: the first)",
    )
    who.add_argument(
        "--voice-file", type=Path, metavar="FILE", help="a speaker that --save-voice wrote (Spark)"
    )
    who.add_argument(
        "--reference", type=Path, metavar="FILE", help="a recording to speak like (Spark)"
    )
    parser.add_argument(
        "--reference-text", type=argument_text, help="what is said in it, word for word"
    )
    parser.add_argument(
        "--save-voice", type=Path, metavar="FILE", help="whoever is heard, as a voice file (Spark)"
    )
    parser.add_argument(
        "--voice-tokens",
        type=int,
        help="audio tokens of the first part that the later prompts hold (Orpheus; default: 0)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("speech.wav"),
        metavar="FILE",
        help=f"its ending says the format, one of {AUDIO_FILES} (default: speech.wav)",
    )
    where.add_argument("--raw", action="store_true", help="int16 PCM on stdout while generating")
    where.add_argument("--play", action="store_true", help="to the sound device")
    parser.add_argument(
        "--sample-rate",
        type=int,
        metavar="HZ",
        help="of the audio, 8000 to 48000 (default: the model's)",
    )
    parser.add_argument(
        "--bandwidth-extension",
        type=Path,
        metavar="FOLDER",
        help="AP-BWE checkpoint, for 48000 Hz of a model of 16000 (default: resampled)",
    )
    parser.add_argument("--seed", type=int, help="equal seeds give equal audio")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--repetition-penalty", type=float)
    parser.add_argument("--lookahead", type=int, help="samples to wait for (default: exact)")
    parser.add_argument(
        "--fade", type=int, help="samples from one decode to the next (default: none)"
    )
    parser.add_argument("--hop", type=int, help="steps between decodes, 4 a frame (default: 4)")
    parser.add_argument("--first-hop", type=int, help="steps in the first chunk (default: 3)")
    parser.add_argument("--stateful", action="store_true", help="keep convolution state")
    parser.add_argument("--timing", action="store_true", help="print timings on stderr")
    parser.add_argument("--json", action="store_true", help="report as JSON (stderr with --raw)")
    parser.add_argument("--warm", action="store_true", help="speak once unheard, then time")
    add_model_options(parser)
    add_url_options(parser)
    parser.set_defaults(run=run, **dict.fromkeys(HERE))


def run(parsed: argparse.Namespace) -> None:
    with own_stdout() as stdout:
        _run(parsed, stdout)


def _run(parsed: argparse.Namespace, stdout: TextIO | None) -> None:
    check_options(parsed, HERE)
    text = given_text(parsed.text)
    progress = _Progress(sys.stderr is not None and sys.stderr.isatty())
    try:
        if parsed.url is None:
            result = _speak_here(parsed, stdout, text, progress)
        else:
            _check_output(parsed)
            result = speak_there(parsed, stdout, text, progress.say)
    finally:
        progress.done()
    report = result.report
    if not (parsed.raw or parsed.play):
        notice(f"{report.audio_s:.2f} s of speech in {parsed.output}")
    for warning in result.warnings:
        notice(f"warning: {warning}")
    if parsed.json:
        told = json.dumps(result.as_dict)
        if parsed.raw:
            notice(told)
        else:
            print(told, file=stdout)
    if parsed.timing:
        notice(timing_lines(report, result.tokens))


def _speak_here(
    parsed: argparse.Namespace, stdout: TextIO | None, text: str, progress: _Progress
) -> Spoken:
    from tensorrt_tts.codecs.schedule import HopSchedule
    from tensorrt_tts.loading import shipped_voice
    from tensorrt_tts.stream_options import StreamOptions

    if parsed.model is None and parsed.spec is None:
        parsed.model, _ = shipped_voice(parsed.voice)
    for name, default in HERE.items():
        if getattr(parsed, name) is None:
            setattr(parsed, name, default)
    schedule = HopSchedule(parsed.lookahead, parsed.hop, parsed.first_hop, parsed.fade)
    options = StreamOptions(
        schedule=schedule, stateful=parsed.stateful, voice_tokens=parsed.voice_tokens
    )
    request = SpeechRequest(
        text,
        parsed.voice,
        temperature=parsed.temperature,
        top_p=parsed.top_p,
        repetition_penalty=parsed.repetition_penalty,
        seed=parsed.seed,
    )
    _check(parsed, request)
    progress.say("loading the model")
    # Outside the event loop, whose first Ctrl-C would only be noted until loading is over.
    voice_files = [parsed.voice_file] if parsed.voice_file else ()
    synthesizer = open_from(parsed, options, voice_files, parsed.bandwidth_extension)
    report, applied = run_blocking(_speak(synthesizer, parsed, stdout, request, progress))
    told = {} if parsed.sample_rate is None else {"sr_applied": applied}
    tokens = f"{report.tokens} in {len(report.segments)} segment(s)"
    warnings = [*report.warnings, *_cut_short(report)]
    return Spoken(report, report_as_dict(report) | told, tokens, warnings)


def _check(parsed: argparse.Namespace, request: SpeechRequest) -> None:
    """What can be refused is, before a model is loaded or even downloaded."""
    from tensorrt_tts.loading import family_spec, known_spec
    from tensorrt_tts.prepared import check_request
    from tensorrt_tts.text.normalize import check_text

    check_text(request.text)
    if parsed.reference_text is not None and not parsed.reference:
        raise SettingError(
            f"--reference-text {shown(parsed.reference_text)} without --reference: it is what is "
            "said in one; give both or none"
        )
    spec = known_spec(parsed.model, parsed.spec)
    if spec is not None:
        check_request(request, spec)
    family = spec or family_spec(parsed.model, parsed.spec)
    if family is not None:
        if parsed.voice_file or parsed.save_voice:
            family.check_voice_files()
        if parsed.voice_file:
            family.read_voice(parsed.voice_file)
        if parsed.reference:
            family.check_cloning()
    if parsed.reference_text is not None:
        check_transcript(parsed.reference_text)
    if parsed.reference:
        read_reference(parsed.reference, whole=parsed.reference_text is not None)
    _check_output(parsed)


def _check_output(parsed: argparse.Namespace) -> None:
    if parsed.sample_rate is not None:
        check_rate(parsed.sample_rate, "--sample-rate")
    if not (parsed.raw or parsed.play):
        if str(parsed.output) == "-":
            raise OutputError("--output - is no file; use --raw for PCM on stdout")
        check_audio_path(parsed.output)


async def _speak(
    synthesizer: Synthesizer,
    parsed: argparse.Namespace,
    stdout: TextIO | None,
    request: SpeechRequest,
    progress: _Progress,
) -> tuple[SpeechReport, str]:
    """The report, and what `OutputRate.applied` says of the way to --sample-rate."""
    async with synthesizer:
        spec = synthesizer.model.spec
        if parsed.voice_file:
            request = replace(request, voice=spec.read_voice(parsed.voice_file).name)
        if parsed.save_voice:
            spec.check_voice_files()
        if parsed.reference:
            progress.say("listening to the reference")
            request = replace(request, voice=await _clone(synthesizer, parsed))
        if parsed.warm:
            progress.say("warming up")
            await synthesizer.synthesize(request)
        output = synthesizer.audio.at(parsed.sample_rate)
        with open_sink(parsed, stdout, output.rate) as sink:
            report, voice = await _stream(synthesizer, request, output, sink, progress)
        if parsed.save_voice:
            said = voice or synthesizer.model.spec.voice(request.voice)
            origin = f"voice {said.name!r} of model {parsed.model!r}, seed {parsed.seed}"
            if parsed.reference:
                origin = f"cloned from '{parsed.reference}' with the codec of {parsed.model!r}"
            content = spec.voice_file(said, origin)
            with writing(parsed.save_voice, "choose another --save-voice", "voice file"):
                parsed.save_voice.write_text(content + "\n", encoding="utf-8")
        return report, output.applied


async def _clone(synthesizer: Synthesizer, parsed: argparse.Namespace) -> str:
    """The voice's name: that of the file it is saved as, else of the recording."""
    named = parsed.save_voice or parsed.reference
    voice = await synthesizer.clone_voice(
        parsed.reference, parsed.reference_text, named.stem, parsed.device
    )
    return voice.name


async def _stream(
    synthesizer: Synthesizer,
    request: SpeechRequest,
    output: OutputRate,
    sink: Sink,
    progress: _Progress,
) -> tuple[SpeechReport, Voice | None]:
    async with synthesizer.stream(request) as stream:
        async for chunk in stream:
            await write_aside(sink, await output.run(output.push, chunk.pcm))
            progress.say(f"{stream.report.audio_s:.1f} s spoken")
    await write_aside(sink, await output.run(output.finish))
    return stream.report, stream.voice


def _cut_short(report: SpeechReport) -> Iterator[str]:
    """Words may be missing, and only the model's end, not ours, would have told."""
    cut = report.cut_short
    if cut:
        yield (
            f"{len(cut)} of {len(report.segments)} parts ended before the model was done, "
            f"or without audio: {cut[0].text[:60]!r}; another --seed may help"
        )


class _Progress:
    """One line on a terminal that rewrites itself; silent where stderr is a file or a pipe."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled

    def say(self, message: str) -> None:
        if self._enabled:
            notice(f"\r\x1b[K{message} …", end="")

    def done(self) -> None:
        if self._enabled:
            notice("\r\x1b[K", end="")


def report_as_dict(report: SpeechReport) -> dict[str, Any]:
    found = asdict(replace(report, timeline=None))
    del found["timeline"]
    return found | {
        "words": [asdict(word) for word in report.words],
        "tokens": report.tokens,
        "frames": report.frames,
        "audio_s": report.audio_s,
        "real_time_factor": report.real_time_factor,
    }


def timing_lines(report: SpeechReport, tokens: str) -> str:
    def milliseconds(value: float | None) -> str:
        return "-" if value is None else f"{value * 1000:.0f} ms"

    factor = report.real_time_factor
    rows = (
        ("first token", milliseconds(report.first_token_s)),
        ("first audio", milliseconds(report.first_audio_s)),
        ("audible onset", milliseconds(report.audible_onset_s)),
        ("total", f"{report.total_s:.2f} s for {report.audio_s:.2f} s of audio"),
        ("real-time factor", "-" if factor is None else f"{factor:.2f} (below 1 is faster)"),
        ("tokens", tokens),
        ("codec", f"{sum(report.decode_s):.2f} s in {report.chunks} chunks"),
    )
    return "\n".join(f"{name:>17}  {value}" for name, value in rows)
