"""How far word times are from when the demo voice says the words: aligned and estimated.

Truth is the voice's teacher, whose durations are known (`demo_voice.alignment`). Times are taken as
a protocol takes them, while the audio comes; an interruption comes at a random moment of each
segment, with no more audio there than has been played, the hardest case.
"""

from __future__ import annotations

import contextlib
import importlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.prompts import load
from tensorrt_tts.audio.aligned_timer import at_pauses
from tensorrt_tts.audio.loudness import Loudness
from tensorrt_tts.prepared import PreparedSegment
from tensorrt_tts.request_text import prepare_request
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer
from tensorrt_tts.word_timeline import SpeakingRates, WordTimeline
from tensorrt_tts.words import Word, heard

REFERENCE = "demo_voice.alignment"
"""A layer above this one, so imported when it is asked for."""

Span = tuple[float, float]
Piece = tuple[tuple[int, ...], np.ndarray]
"""Where the model looked for some ids, and the audio that they completed."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One segment's speech."""

    segment: PreparedSegment
    pieces: list[Piece]
    id_s: float
    sample_rate: int

    @property
    def pcm(self) -> np.ndarray:
        return np.concatenate([pcm for _, pcm in self.pieces])


@dataclass(frozen=True, slots=True)
class Errors:
    """Of word starts and ends, in milliseconds, and whether what was heard at an interruption is
    right. within_one: of `segments`, those with one word too many or too few at most."""

    texts: str
    times: str
    words: int
    segments: int
    median_ms: float
    p95_ms: float
    within_one: int
    exact: int


async def word_times(
    synthesizer: Synthesizer, count: int, progress: Callable[[str], None]
) -> list[Errors]:
    """Of `count` held-out sentences and of the benchmark's English prompts."""
    reference = importlib.import_module(REFERENCE)
    align = reference.TeacherAlignment()
    sets = {
        "held-out sentences": reference.held_out()[:count],
        "benchmark prompts": [prompt.text for prompt in load("en")],
    }
    found: list[Errors] = []
    for name, texts in sets.items():
        spoken = [one for text in texts for one in await _speak(synthesizer, text)]
        truth = [_truth(align, one) for one in spoken]
        for times, aligned in (("aligned", True), ("estimated", False)):
            found.append(compare(name, times, spoken, truth, aligned=aligned))
            progress(table(found[-1:]))
    return found


async def _speak(synthesizer: Synthesizer, text: str) -> list[Spoken]:
    model, backend = synthesizer.model, synthesizer.backend
    context = synthesizer.codec.context
    request = SpeechRequest(text, seed=0)
    found: list[Spoken] = []
    for index, segment in enumerate(prepare_request(request, model, backend.capacity.max_sequence)):
        decoder = synthesizer.decoder(segment.seed, segment.voice)
        pieces: list[Piece] = []
        chunks = backend.stream(segment.prompt, segment.sampling, f"words-{index}")
        async with contextlib.aclosing(chunks):
            async for chunk in chunks:
                pieces.append((chunk.looked_at, decoder.push(chunk.ids)))
        pieces.append(((), decoder.flush()))
        cycle = len(model.family.grammar_of(segment.voice).cycle)
        id_s = context.samples_per_frame / context.sample_rate / cycle
        found.append(Spoken(segment, pieces, id_s, context.sample_rate))
    return found


def _truth(align: Callable[[str, np.ndarray], list[Span]], spoken: Spoken) -> list[Span]:
    """A word does not sound in a pause: where one is at its edge, it begins or ends there."""
    pcm = spoken.pcm
    spans = align(spoken.segment.text, pcm.astype(np.float32) / 32768)
    loudness = Loudness(spoken.sample_rate)
    loudness.hear(pcm)
    speech = loudness.speech()
    found = list(spans)
    found[0] = (max(found[0][0], speech[0][0]), found[0][1])
    found[-1] = (found[-1][0], min(found[-1][1], speech[-1][1]))
    return at_pauses(found, speech)


def compare(
    texts: str, times: str, spoken: Sequence[Spoken], truth: Sequence[list[Span]], *, aligned: bool
) -> Errors:
    """Segments whose words and the truth's cannot be told to be the same are left out."""
    rates, draw = SpeakingRates(), random.Random(0)
    errors: list[float] = []
    wrong: list[int] = []
    for one, spans in zip(spoken, truth, strict=True):
        stop_s = draw.random() * len(one.pcm) / one.sample_rate
        words, by_then = _replay(one, rates, stop_s, aligned=aligned)
        if len(words) != len(spans):
            continue
        for word, (start, end) in zip(words, spans, strict=True):
            errors += [abs(word.start_s - start), abs(word.end_s - end)]
        right = sum((start + end) / 2 <= stop_s for start, end in spans)
        wrong.append(abs(len(by_then) - right))
    median, p95 = np.percentile(1000 * np.array(errors), [50, 95])
    return Errors(
        texts,
        times,
        len(errors) // 2,
        len(wrong),
        round(float(median), 1),
        round(float(p95), 1),
        sum(count <= 1 for count in wrong),
        sum(count == 0 for count in wrong),
    )


def _replay(
    spoken: Spoken, rates: SpeakingRates, stop_s: float, *, aligned: bool
) -> tuple[list[Word], list[Word]]:
    """The words, and those that were heard when it was stopped."""
    timeline = WordTimeline(spoken.sample_rate, rates)
    timeline.begin(spoken.segment, spoken.id_s)
    words: list[Word] = []
    by_then: list[Word] | None = None
    for looked_at, pcm, at in _with_places(spoken.pieces):
        if aligned:
            timeline.looked_at(looked_at)
        if not len(pcm):
            continue
        timeline.hear(pcm, at)
        words = list(timeline.words)  # asked for with each chunk, as a protocol does
        if by_then is None and (at + len(pcm)) / spoken.sample_rate >= stop_s:
            by_then = heard(timeline.estimates(), stop_s)
    timeline.end()
    assert timeline.words[: len(words)] == words
    return timeline.words, by_then or []


def _with_places(pieces: Sequence[Piece]) -> Iterator[tuple[tuple[int, ...], np.ndarray, int]]:
    at = 0
    for looked_at, pcm in pieces:
        yield looked_at, pcm, at
        at += len(pcm)


def table(rows: Sequence[Errors]) -> str:
    lines = [f"{'':30}{'words':>7}{'median':>10}{'p95':>10}{'heard ±1':>12}{'exact':>8}"]
    for row in rows:
        heard_right = f"{row.within_one}/{row.segments}"
        lines.append(
            f"{f'{row.texts}, {row.times}':30}{row.words:>7}{row.median_ms:>7.0f} ms"
            f"{row.p95_ms:>7.0f} ms{heard_right:>12}{row.exact:>8}"
        )
    return "\n".join(lines)
