"""Does a long text end in the voice that it began with? Speaker similarity of its segments.

    python -m benchmarks voice-identity --texts 3 --characters 2000 [--apart]

Each text is spoken as a server would, several beside one another, and a segment of two seconds or
more is a voice to Resemblyzer. With --apart every segment is a request of its own, which nothing
joins to the one before it: so services spoke long texts whose segments each wrote their speaker. A
text's row is written when it is done: what the folder holds is not spoken again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.speaker import similarity
from tensorrt_tts.audio.pcm import FULL_SCALE
from tensorrt_tts.request_text import prepare_request
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from tensorrt_tts.synthesizer import Synthesizer

ENOUGH_S = 2.0
"""Seconds that a segment needs to be compared."""

BAR = 0.85
"""First to last segment, at least."""

STALL_S = 3600.0
"""Nobody listens: a machine that is busy with something else loses no text."""

Encode = Callable[[NDArray[np.float32], int], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Of one text: segments that were compared, and the similarity of the first to the last, and
    the least of the first to any. apart: each was a request of its own."""

    text: int
    characters: int
    segments: int
    audio_s: float
    last: float
    least: float
    apart: bool = False


def long_texts(sentences: Sequence[str], count: int, characters: int) -> Iterator[str]:
    """Each of as many whole sentences as so many characters hold, at least one, each beginning at
    another one."""
    for number in range(count):
        at = number * max(1, len(sentences) // count)
        text = sentences[at % len(sentences)]
        while len(text) + 1 + len(more := sentences[(at := at + 1) % len(sentences)]) <= characters:
            text = f"{text} {more}"
        yield text


def judge(
    text: int,
    characters: int,
    segments: Sequence[NDArray[np.int16]],
    rate: int,
    encode: Encode,
    apart: bool = False,
) -> Identity:
    """Pure but for the encoder. Fewer than two segments that are long enough are one voice."""
    long = [pcm for pcm in segments if len(pcm) >= ENOUGH_S * rate]
    voices = [encode((pcm / FULL_SCALE).astype(np.float32), rate) for pcm in long]
    alike = [similarity(voices[0], voice) for voice in voices[1:]] or [1.0]
    audio_s = sum(len(pcm) for pcm in segments) / rate
    return Identity(text, characters, len(long), audio_s, alike[-1], min(alike), apart)


async def spoken_segments(
    synthesizer: Synthesizer, text: str, voice: str | None, seed: int
) -> list[NDArray[np.int16]]:
    parts: dict[int, list[np.ndarray]] = {}
    async for chunk in synthesizer.stream(SpeechRequest(text, voice, seed=seed)):
        parts.setdefault(chunk.segment, []).append(chunk.pcm)
    return [np.concatenate(parts[segment]) for segment in sorted(parts)]


async def segments_apart(
    synthesizer: Synthesizer, text: str, voice: str | None, seed: int
) -> list[NDArray[np.int16]]:
    """The same segments with the same seeds, each a request of its own."""
    request, longest = SpeechRequest(text, voice), synthesizer.backend.capacity.max_sequence
    segments = []
    for number, segment in enumerate(prepare_request(request, synthesizer.model, longest)):
        alone = SpeechRequest(segment.text, voice, seed=seed + number)
        segments.append((await synthesizer.synthesize(alone))[0])
    return segments


async def voice_identity(
    synthesizer: Synthesizer,
    texts: Sequence[str],
    encode: Encode,
    log: Path,
    voice: str | None = None,
    apart: bool = False,
    at_once: int = 1,
) -> list[Identity]:
    """log: JSON lines, read first and added to. apart: see `Identity`. at_once: texts."""
    rows = read(log)
    done = {(row.text, row.characters, row.apart) for row in rows}
    places, speak = asyncio.Semaphore(at_once), segments_apart if apart else spoken_segments

    async def hear(number: int, text: str) -> None:
        async with places:
            segments = await speak(synthesizer, text, voice, number)
            rate, long = synthesizer.sample_rate, len(text)
            row = await asyncio.to_thread(judge, number, long, segments, rate, encode, apart)
        rows.append(row)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")

    await asyncio.gather(
        *(
            hear(number, text)
            for number, text in enumerate(texts)
            if (number, len(text), apart) not in done
        )
    )
    return sorted(rows, key=lambda row: (row.apart, row.text))


def read(log: Path) -> list[Identity]:
    if not log.is_file():
        return []
    lines = log.read_text(encoding="utf-8").splitlines()
    return [Identity(**json.loads(line)) for line in lines]


def table(rows: Sequence[Identity]) -> str:
    lines = [f"{'text':>5}{'characters':>12}{'audio':>10}{'segments':>10}{'last':>8}{'least':>8}"]
    for row in rows:
        lines.append(
            f"{row.text:>5}{row.characters:>12}{row.audio_s:>8.0f} s{row.segments:>10}"
            f"{row.last:>8.3f}{row.least:>8.3f}{'  apart' if row.apart else ''}"
        )
    for apart in sorted({row.apart for row in rows}):
        last = [row.last for row in rows if row.apart == apart]
        lines.append(
            f"{'segments apart: ' if apart else ''}first to last at least {BAR:.2f}: "
            f"{sum(one >= BAR for one in last)} of {len(last)}, the least {min(last):.3f}, "
            f"the median {median(last):.3f}"
        )
    return "\n".join(lines)
