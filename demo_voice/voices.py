"""The voices that are being made: language, teacher, and the sentences that each one speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo_voice.sentences import CORPUS, hash_of, read_sentences
from demo_voice.teacher import Teacher


@dataclass(frozen=True)
class Voice:
    """A voice by the name its teacher has for it."""

    name: str
    language: str
    share: int = 0  # of the training sentences of its language, which is part of SHARES
    shares: int = 1
    shard: int = 500  # sentences synthesised as one piece of work
    prefix: str = ""  # of its shards' names

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
        Voice("hf_alpha", "hi", 0, 2, shard=30, prefix="hf_alpha"),
        Voice("hm_psi", "hi", 1, 2, shard=30, prefix="hm_psi"),
    )
}
"""heart is hibari's; hf_alpha and hm_psi are Kokoro's, a hundred times as slow: small shards."""
