"""Commands that measure what is said, and how it sounds."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.commands.command import above_zero, command, option
from benchmarks.commands.result import leave
from benchmarks.prompts import LANGUAGES
from benchmarks.runs.environment import hardware
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice


@command(
    "streamed against batch audio of the same tokens",
    option("--model", default="demo"),
    option("--language", choices=sorted(LANGUAGES), default="en"),
    option("--voice"),
    above_zero("--prompts", default=5, help="how many, spread over the set"),
    option("--out", type=Path, default=Path("out/quality")),
)
def quality(parsed: argparse.Namespace) -> None:
    from benchmarks import prompts
    from benchmarks.codecs.decode_cost import spread
    from benchmarks.speech.streaming_quality import streaming_quality, table
    from tensorrt_tts.loading import open_synthesizer

    texts = prompts.load(parsed.language)
    chosen = [texts[index] for index in spread(0, len(texts) - 1, parsed.prompts)]

    async def work() -> Any:
        async with open_synthesizer(parsed.model) as synthesizer:
            rows = await streaming_quality(synthesizer, chosen, parsed.voice)
            return rows, synthesizer.sample_rate

    rows, sample_rate = run_blocking(work())
    print(table(rows, sample_rate))
    leave({"quality": [asdict(row) for row in rows]}, parsed.out / "quality.json")


@command(
    "what putting a text in words and cutting it costs",
    option("--out", type=Path, default=Path("out/text")),
)
def text(parsed: argparse.Namespace) -> None:
    from benchmarks.speech.text_cost import costs

    machine, found = hardware(), costs()
    print(f"{machine.cpu}, {machine.cores} cores, load {machine.load}")
    print(f"{'median ms':14}{'words':>8}{'and segments':>14}")
    for name, row in found.items():
        print(f"{name:14}" + "".join(f"{ms:>{8 + 6 * at}}" for at, ms in enumerate(row.values())))
    leave({"text": found}, parsed.out / "text.json")


@command(
    "word times of the demo voice, aligned and estimated, against its teacher's",
    above_zero("--count", default=100, help="sentences (%(default)s)"),
    option("--out", type=Path, default=Path("out/word-times")),
)
def word_times(parsed: argparse.Namespace) -> None:
    from benchmarks.speech.word_times import Errors, table, word_times
    from tensorrt_tts.loading import open_synthesizer

    async def run() -> list[Errors]:
        async with open_synthesizer() as synthesizer:
            return await word_times(synthesizer, parsed.count, notice)

    found = run_blocking(run())
    print(table(found))
    leave({"word_times": [asdict(row) for row in found]}, parsed.out / "word-times.json")


@command(
    "does a long text end in the voice that it began with? (Resemblyzer)",
    option("--model", default="demo"),
    option("--voice"),
    above_zero("--texts", default=10, help="how many (%(default)s)"),
    above_zero("--characters", default=5000, help="of each (%(default)s)"),
    option("--apart", action="store_true", help="every segment is a request of its own"),
    above_zero("--at-once", default=10, help="texts beside one another (%(default)s)"),
    option("--out", type=Path, default=Path("out/voice-identity")),
)
def voice_identity(parsed: argparse.Namespace) -> None:
    from benchmarks import prompts
    from benchmarks.scoring.speaker import SpeakerEncoder
    from benchmarks.speech.voice_identity import STALL_S, long_texts, table, voice_identity
    from tensorrt_tts.loading import open_synthesizer
    from tensorrt_tts.stream_options import StreamOptions

    encode = SpeakerEncoder()
    sentences = [prompt.text for prompt in prompts.load("en")]
    texts = list(long_texts(sentences, parsed.texts, parsed.characters))
    parsed.out.mkdir(parents=True, exist_ok=True)

    async def work() -> Any:
        options = StreamOptions(stall_s=STALL_S)
        async with open_synthesizer(parsed.model, options=options) as synthesizer:
            log = parsed.out / "voice-identity.jsonl"
            return await voice_identity(
                synthesizer, texts, encode, log, parsed.voice, parsed.apart, parsed.at_once
            )

    rows = run_blocking(work())
    print(table(rows))
    leave({"identity": [asdict(row) for row in rows]}, parsed.out / "voice-identity.json")
