"""How intelligible and natural a voice is, beside its teacher, and how near it comes to it.

English is judged by word error rate, Hindi by ``hindi/scores.py``, both by predicted opinion score
and by how many sentences have no right end. Speakers are compared where Resemblyzer is installed,
phonemes where hama is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo_voice.hindi.scores import HindiJudge, hindi_summary
from demo_voice.likeness import phoneme_distance, speaker_similarity
from demo_voice.speak import Spoken
from demo_voice.voices import shard_names

RUNAWAY = 1.6  # times the teacher's length
EARLY = 0.6

Speak = Callable[[str], Spoken]


@dataclass(frozen=True)
class Sentence:
    """A held-out sentence as the teacher speaks it."""

    text: str
    audio: NDArray[np.float32]
    rate: int = 24_000


@dataclass(frozen=True)
class Score:
    """One sentence of one speaker."""

    text: str
    heard: str
    mos: float
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What is reported of a speaker."""

    sentences: int
    word_error_rate: float
    distillmos: float
    runaway: float
    early: float


def held_out(work: Path, split: str, count: int, voice: str = "heart") -> list[Sentence]:
    """The first sentences of a split, with the audio of the voice's teacher."""
    return list(_sentences(work, split, voice))[:count]


def _sentences(work: Path, split: str, voice: str) -> Iterator[Sentence]:
    for name in shard_names(work, [voice]):
        path = work / "speech" / f"{name}.jsonl"
        audio = np.memmap(path.with_suffix(".i16"), dtype="<i2", mode="r")
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["split"] == split:
                sound = audio[row["start"] : row["start"] + row["samples"]]
                yield Sentence(row["text"], sound.astype(np.float32) / np.float32(32768))


class Judge:
    """Transcribes and rates."""

    def __init__(self) -> None:
        from benchmarks.scoring.distillmos import OpinionScore
        from benchmarks.scoring.wer import Transcriber

        self._hear = Transcriber()
        self._rate = OpinionScore()

    def __call__(self, text: str, audio: NDArray[np.float32], rate: int) -> Score:
        """Score of one utterance; one too short to rate gets the lowest mark."""
        seconds = len(audio) / rate
        if seconds < 0.3:
            return Score(text, "", 1.0, seconds)
        return Score(text, self._hear(audio, rate), self._rate(audio, rate), seconds)


def summary(scores: list[Score], teacher: list[Score], finished: list[bool]) -> Summary:
    """Shares are of sentences; lengths are compared with the teacher's."""
    from benchmarks.scoring.wer import word_error_rate

    runaway, early = ends([s.seconds for s in scores], [t.seconds for t in teacher], finished)
    return Summary(
        len(scores),
        round(word_error_rate([s.text for s in scores], [s.heard for s in scores]), 4),
        round(float(np.mean([s.mos for s in scores])), 3),
        round(float(np.mean(runaway)), 4),
        round(float(np.mean(early)), 4),
    )


def ends(
    seconds: Sequence[float], teacher: Sequence[float], finished: Sequence[bool]
) -> tuple[list[bool], list[bool]]:
    """Of each sentence whether it runs away and whether it ends early, by the teacher's length."""
    ratio = [own / other for own, other in zip(seconds, teacher, strict=True)]
    runaway = [r > RUNAWAY or not done for r, done in zip(ratio, finished, strict=True)]
    return runaway, [r < EARLY for r in ratio]


def judge_spoken(judge: Judge, sentences: list[Sentence], spoken: list[Spoken]) -> list[Score]:
    """Scores of what a speaker made of the sentences."""
    pairs = zip(sentences, spoken, strict=True)
    return [judge(sentence.text, made.audio, made.rate) for sentence, made in pairs]


def judge_teacher(judge: Judge, sentences: list[Sentence]) -> list[Score]:
    """Scores of the teacher's own audio."""
    return [judge(s.text, s.audio, s.rate) for s in sentences]


def evaluate(speak: Speak, sentences: list[Sentence], judge: Judge) -> dict[str, Any]:
    """Summaries of a speaker and the teacher, and every sentence; ``speak`` may be any engine."""
    spoken = [speak(sentence.text) for sentence in sentences]
    teacher = judge_teacher(judge, sentences)
    scores = judge_spoken(judge, sentences, spoken)
    return {
        "voice": asdict(summary(scores, teacher, [made.finished for made in spoken])),
        "teacher": asdict(summary(teacher, teacher, [True] * len(teacher))),
        "sentences": [asdict(score) for score in scores],
    }


def evaluate_hindi(speak: Speak, sentences: list[Sentence], judge: HindiJudge) -> dict[str, Any]:
    """As `evaluate`, and how near the voice is to its teacher (see `demo_voice.likeness`)."""
    made = [speak(sentence.text) for sentence in sentences]
    scores, teacher = (
        [judge(s.text, audio, rate) for s, audio, rate in zip(sentences, *spoken, strict=True)]
        for spoken in (
            ([m.audio for m in made], [m.rate for m in made]),
            ([s.audio for s in sentences], [s.rate for s in sentences]),
        )
    )
    lengths = [score.seconds for score in teacher]
    own = ends([score.seconds for score in scores], lengths, [m.finished for m in made])
    theirs = ends(lengths, lengths, [True] * len(lengths))
    rate = sentences[0].rate
    pairs = comparable(made, sentences)
    return {
        "voice": asdict(hindi_summary(scores, *own)),
        "teacher": asdict(hindi_summary(teacher, *theirs)),
        "speaker_similarity": speaker_similarity(pairs, rate) if pairs else None,
        "phoneme_distance": phoneme_distance(pairs, rate) if pairs else None,
        "sentences": [asdict(score) for score in scores],
    }


def hindi_table(name: str, result: dict[str, Any]) -> str:
    """The summaries of a voice's parts as text."""
    lines = [f"{name:32}{'loss':>6}{'first':>7}{'CER':>7}{'MOS':>6}{'runaway':>9}{'early':>7}"]
    for part, found in result.items():
        for who in ("voice", "teacher"):
            row = found[who]
            lines.append(
                f"{part + ', ' + who:32}{row['reference_loss']:>6.2f}{row['right_first']:>7.0%}"
                f"{row['character_error']:>7.0%}{row['distillmos']:>6.2f}{row['runaway']:>9.1%}"
                f"{row['early']:>7.1%}"
            )
        for key in ("speaker_similarity", "phoneme_distance"):
            if found[key] is not None:
                lines.append(f"{part + ', ' + key.replace('_', ' '):32}{found[key]:>6.2f}")
    return "\n".join(lines)


def comparable(
    made: Sequence[Spoken], sentences: Sequence[Sentence]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """(voice, teacher) of as many sentences as both have; of less than a second nobody can say who
    spoke."""
    return [
        (m.audio, s.audio)
        for m, s in zip(made, sentences, strict=False)
        if m.rate == s.rate and len(m.audio) >= s.rate
    ]


def alike(made: Sequence[Spoken], teachers: dict[str, list[Sentence]]) -> dict[str, float | None]:
    """Speaker similarity of what a voice made to each teacher's speech, sentence by sentence;
    whose own it is comes nearest if voices are kept apart. None where nothing can be compared."""
    return {
        teacher: speaker_similarity(pairs, sentences[0].rate) if pairs else None
        for teacher, sentences in teachers.items()
        for pairs in [comparable(made, sentences)]
    }


def alike_table(found: dict[str, dict[str, float | None]]) -> str:
    """Voices down, teachers across."""
    teachers = next(iter(found.values()))
    lines = [f"{'speaker similarity to':24}" + "".join(f"{name:>10}" for name in teachers)]
    for name, row in found.items():
        values = ("–" if value is None else f"{value:.2f}" for value in row.values())
        lines.append(f"{name:24}" + "".join(f"{value:>10}" for value in values))
    return "\n".join(lines)


def table(result: dict[str, Any]) -> str:
    """The two summaries as text."""
    lines = [f"{'':10}{'WER':>8}{'DistillMOS':>12}{'runaway':>9}{'early':>8}"]
    for name in ("voice", "teacher"):
        row = result[name]
        lines.append(
            f"{name:10}{row['word_error_rate']:>8.1%}{row['distillmos']:>12.2f}"
            f"{row['runaway']:>9.1%}{row['early']:>8.1%}"
        )
    return "\n".join(lines)
