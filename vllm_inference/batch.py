"""Speak texts to audio files with vLLM: `python -m vllm_inference.batch --text … --output out.wav`.

Several --text are generated together, as one batch: vLLM's step costs little more for eight streams
than for one. With several, the files are numbered: out-1.wav, out-2.wav …
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tensorrt_tts.audio.audio_file import AUDIO_FILES, audio_writer, check_audio_path
from tensorrt_tts.command_parser import CommandParser
from tensorrt_tts.exit_status import exit_status
from tensorrt_tts.loading import known_spec, open_synthesizer
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice
from tensorrt_tts.prepared import check_request
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer
from tensorrt_tts.text.given import argument_text
from tensorrt_tts.text.normalize import check_text


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    return exit_status(lambda: run(parsed))


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m vllm_inference.batch", description="Speak texts to audio files with vLLM."
    )
    parser.add_argument(
        "--text", type=argument_text, action="append", required=True, help="may be given many times"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("speech.wav"), metavar="FILE", help=AUDIO_FILES
    )
    parser.add_argument("--voice", type=argument_text, help="default: the model's first")
    parser.add_argument("--model", default="demo", help="'demo', a known name, a folder, a hub id")
    parser.add_argument("--codec", help="codec folder or hub id (default: the model's own)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--seed", type=int, help="equal seeds give equal speech")
    parser.add_argument("--backend", default="vllm", help="for comparison (default: vllm)")
    return parser


def run(parsed: argparse.Namespace) -> None:
    """Raises TTSError; what can be found wrong before the engine is loaded is."""
    spec = known_spec(parsed.model)
    for text in parsed.text:
        check_text(text)
        if spec is not None:
            check_request(SpeechRequest(text, parsed.voice, seed=parsed.seed), spec)
    for path in output_paths(parsed.output, len(parsed.text)):
        check_audio_path(path)
    synthesizer = open_synthesizer(
        parsed.model,
        parsed.backend,
        codec=parsed.codec,
        device=parsed.device,
        max_streams=len(parsed.text),
    )
    run_blocking(_speak_all(synthesizer, parsed))


async def _speak_all(synthesizer: Synthesizer, parsed: argparse.Namespace) -> None:
    async with synthesizer:
        begun = time.perf_counter()
        names = output_paths(parsed.output, len(parsed.text))
        try:
            async with asyncio.TaskGroup() as group:
                for text, path in zip(parsed.text, names, strict=True):
                    request = SpeechRequest(text, parsed.voice, seed=parsed.seed)
                    group.create_task(_speak(synthesizer, request, path))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the rest were cancelled because of it
        notice(f"{len(names)} spoken in {time.perf_counter() - begun:.2f} s")


async def _speak(synthesizer: Synthesizer, request: SpeechRequest, path: Path) -> None:
    pcm, report = await synthesizer.synthesize(request)
    with audio_writer(path, synthesizer.sample_rate) as file:
        file.write(pcm)
    print(f"{path}: {report.audio_s:.2f} s of audio, {report.tokens} tokens")


def output_paths(output: Path, count: int) -> list[Path]:
    """One path per text: the one given, or numbered from 1 before its ending."""
    if count == 1:
        return [output]
    return [output.with_stem(f"{output.stem}-{number}") for number in range(1, count + 1)]


if __name__ == "__main__":  # vLLM starts its processes by importing this module again
    sys.exit(main())
