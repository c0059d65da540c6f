"""The voices that are being made: language, teacher, sentences, and the shards of their speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo_voice.sentences import CORPUS, hash_of, read_sentences
from demo_voice.teacher import Teacher
from tensorrt_tts.errors import SettingError


@dataclass(frozen=True)
class Voice:
    """A voice by the name its teacher has for it."""

    name: str
    language: str
    share: int = 0  # of the training sentences of its language, which is part of SHARES
    shares: int = 1
    shard: int = 500  # sentences synthesised as one piece of work
    prefix: str = ""  # of its shards' names
    friendly_name: str = ""  # for people
    also: tuple[str, ...] = ()  # languages that it speaks beside its own

    @property
    def languages(self) -> tuple[str, ...]:
        """Its own first."""
        return (self.language, *self.also)

    def sentences(self) -> list[tuple[str, str]]:
        """(split, text) rows: all that are held out, and its own share of the others.

        Voices of one language share no training sentence, so that there is more text between them.
        """
        name = "sentences.txt" if self.language == "en" else f"sentences_{self.language}.txt"
        rows = read_sentences(CORPUS / name)
        return [row for row in rows if row[0] != "train" or self._is_ours(row[1])]

    def _is_ours(self, text: str) -> bool:
        return int(hash_of(text)[-8:], 16) % self.shares == self.share

    def open_teacher(self, work: Path) -> Teacher:
        """Load the teacher, which may keep files in ``work``. Raises MissingDependencyError."""
        if self.language == "en":
            from demo_voice.hibari_teacher import HibariTeacher

            return HibariTeacher()
        from demo_voice.kokoro import KokoroTeacher

        return KokoroTeacher(self.name, work / "kokoro-js")


VOICES = {
    voice.name: voice
    for voice in (
        Voice("heart", "en", prefix="shard"),
        Voice("hf_alpha", "hi", 0, 2, 30, "hf_alpha", friendly_name="Asha", also=("en",)),
        Voice("hm_psi", "hi", 1, 2, 30, "hm_psi", friendly_name="Kabir", also=("en",)),
    )
}
"""heart is hibari's; hf_alpha and hm_psi are Kokoro's, a hundred times as slow: small shards. What
those say in English is English words in Hindi sentences."""


def chosen(work: Path, voices: Sequence[str] | None) -> tuple[str, ...]:
    """Those voices, or all that have shards, in the order of VOICES. Raises SettingError."""
    having = [name for name in VOICES if next(_shards(work, name), None) is not None]
    without = [name for name in voices or having or ["heart"] if name not in having]
    if without:
        raise SettingError(
            f"no speech of {without[0]} in '{work}'; run `synthesize --voice {without[0]}`"
        )
    return tuple(name for name in having if voices is None or name in voices)


def shard_names(work: Path, voices: Sequence[str]) -> list[str]:
    """The shards of these voices that are there, voice by voice, in order."""
    return [name for voice in voices for name in sorted(p.stem for p in _shards(work, voice))]


def voice_of(shard: str) -> str:
    """Whose speech is in a shard of that name."""
    prefix = shard.rpartition("-")[0]
    return next(name for name, voice in VOICES.items() if voice.prefix == prefix)


def _shards(work: Path, voice: str) -> Iterator[Path]:
    return (work / "speech").glob(f"{VOICES[voice].prefix}-*.jsonl")
