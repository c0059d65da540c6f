"""Does a long text end in the voice that it began with? Speaker similarity of its segments.

    python -m benchmarks voice-identity --texts 3 --characters 2000

Each text is spoken as a server would, and a segment of two seconds or more is a voice to
Resemblyzer. A text's row is written when it is done: what the folder holds is not spoken again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.speaker import similarity
from tensorrt_tts.audio.pcm import FULL_SCALE
from tensorrt_tts.speech import SpeechRequest

if TYPE_CHECKING:
    from tensorrt_tts.synthesizer import Synthesizer

ENOUGH_S = 2.0
"""Seconds that a segment needs to be compared."""

BAR = 0.85
"""First to last segment, at least."""

Encode = Callable[[NDArray[np.float32], int], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Of one text: segments that were compared, and the similarity of the first to the last, and
    the least of the first to any."""

    text: int
    characters: int
    segments: int
    audio_s: float
    last: float
    least: float


def long_texts(sentences: Sequence[str], count: int, characters: int) -> Iterator[str]:
    """Each of at least so many characters, of whole sentences, each beginning at another one."""
    for number in range(count):
        text, at = "", number * max(1, len(sentences) // count)
        while len(text) < characters:
            text = f"{text} {sentences[at % len(sentences)]}".lstrip()
            at += 1
        yield text


def judge(
    text: int, characters: int, segments: Sequence[NDArray[np.int16]], rate: int, encode: Encode
) -> Identity:
    """Pure but for the encoder. Fewer than two segments that are long enough are one voice."""
    long = [pcm for pcm in segments if len(pcm) >= ENOUGH_S * rate]
    voices = [encode((pcm / FULL_SCALE).astype(np.float32), rate) for pcm in long]
    alike = [similarity(voices[0], voice) for voice in voices[1:]] or [1.0]
    audio_s = sum(len(pcm) for pcm in segments) / rate
    return Identity(text, characters, len(long), audio_s, alike[-1], min(alike))


async def spoken_segments(
    synthesizer: Synthesizer, text: str, voice: str | None, seed: int
) -> list[NDArray[np.int16]]:
    parts: dict[int, list[np.ndarray]] = {}
    async for chunk in synthesizer.stream(SpeechRequest(text, voice, seed=seed)):
        parts.setdefault(chunk.segment, []).append(chunk.pcm)
    return [np.concatenate(parts[segment]) for segment in sorted(parts)]


async def voice_identity(
    synthesizer: Synthesizer,
    texts: Sequence[str],
    encode: Encode,
    log: Path,
    voice: str | None = None,
) -> list[Identity]:
    """log: JSON lines, read first and added to."""
    rows = read(log)
    done = {(row.text, row.characters) for row in rows}
    for number, text in enumerate(texts):
        if (number, len(text)) in done:
            continue
        segments = await spoken_segments(synthesizer, text, voice, seed=number)
        row = judge(number, len(text), segments, synthesizer.sample_rate, encode)
        rows.append(row)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
    return rows


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
            f"{row.last:>8.3f}{row.least:>8.3f}"
        )
    held = sum(row.last >= BAR for row in rows)
    lines.append(f"first to last at least {BAR:.2f}: {held} of {len(rows)}")
    return "\n".join(lines)
