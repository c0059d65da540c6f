"""What is asked of the normaliser, and what it gives. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tensorrt_tts.text.spoken.changes import Changes


class SpokenOptions(NamedTuple):
    language: str | None = None
    """BCP 47, of sentences that do not show their own; None: by the script of each sentence."""

    numbers: Literal["sentence", "english"] = "sentence"
    """Whether numbers are read in the language of their sentence or in English: some voices were
    trained with English numbers in every language."""

    tags: tuple[str, ...] | None = None
    """The voice's tags for laughter and the like, kept in the voice's own spelling; known ones that
    it lacks are dropped. None: every known tag stays as it was written."""

    pronounced: bool = False
    """Whether `<phoneme>` and `[word](/phonemes/)` stay, as the latter, for voices that read
    phonemes; else they leave their word."""


class Spoken(NamedTuple):
    """A text as it is said, and where each piece of it comes from."""

    text: str
    changes: tuple[Changes, ...] = ()
    """Of each pass, the first one first."""

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that `text[start:end]` says.

        What replaced something stands for all of it. Spans in order come from spans in order.
        """
        starts, ends = self.origins([start], [end])
        return starts[0], ends[0]

    def origins(self, starts: list[int], ends: list[int]) -> tuple[list[int], list[int]]:
        """`origin` of many spans, in order: where they start, where they end."""
        for changes in reversed(self.changes):
            starts, ends = changes.starts_before(starts), changes.ends_before(ends)
        return starts, list(map(max, starts, ends))
