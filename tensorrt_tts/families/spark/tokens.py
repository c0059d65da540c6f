"""The ids of a Spark-TTS checkpoint, all read off its tokenizer by name. Pure.

A speaker is 32 tokens `<|bicodec_global_N|>`, speech one `<|bicodec_semantic_N|>` a step of 20 ms.
Around them stand marks, and before them, where a voice is described rather than given, labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tensorrt_tts.backends.base import Ranges
from tensorrt_tts.errors import CorruptCheckpointError

GLOBALS = 32
"""Tokens of a speaker."""

TokenId = Callable[[str], int | None]
"""A token's id, or None when the tokenizer lacks it."""


class Mark(StrEnum):
    """Single tokens, each `<|name|>` in the tokenizer (sparktts/utils/token_parser.py)."""

    TTS = "task_tts"
    CONTROLLABLE_TTS = "task_controllable_tts"
    START_CONTENT = "start_content"
    END_CONTENT = "end_content"
    START_STYLE = "start_style_label"
    END_STYLE = "end_style_label"
    START_ACOUSTIC = "start_acoustic_token"
    END_ACOUSTIC = "end_acoustic_token"
    START_GLOBAL = "start_global_token"
    END_GLOBAL = "end_global_token"
    START_SEMANTIC = "start_semantic_token"
    END_SEMANTIC = "end_semantic_token"
    END = "im_end"


class Run(StrEnum):
    """Tokens `<|name_N|>`, N from 0, with consecutive ids."""

    GLOBAL = "bicodec_global"
    SEMANTIC = "bicodec_semantic"
    GENDER = "gender"
    PITCH = "pitch_label"
    SPEED = "speed_label"
    PITCH_VALUE = "pitch_value"
    SPEED_VALUE = "speed_value"


NEEDED = (
    *(Mark.TTS, Mark.START_CONTENT, Mark.END_CONTENT, Mark.START_GLOBAL, Mark.END_GLOBAL),
    *(Mark.START_SEMANTIC, Mark.END_SEMANTIC, Mark.END),
)
"""By every voice. The rest is needed by one that is described."""

LABELS = {Run.GENDER: 2, Run.PITCH: 5, Run.SPEED: 5, Run.PITCH_VALUE: 1001, Run.SPEED_VALUE: 11}
"""How many there are of each."""


@dataclass(frozen=True, slots=True)
class SparkTokens:
    """marks, runs: those that the tokenizer has."""

    marks: dict[Mark, int]
    runs: dict[Run, range]

    def mark(self, mark: Mark) -> int:
        """Raises CorruptCheckpointError where the tokenizer lacks it."""
        if mark not in self.marks:
            raise _lacks(f"<|{mark}|>")
        return self.marks[mark]

    def run(self, run: Run) -> range:
        """Its ids, number 0 first. Raises CorruptCheckpointError as `mark`."""
        if run not in self.runs:
            raise _lacks(f"<|{run}_0|>")
        return self.runs[run]

    @property
    def globals(self) -> range:
        return self.runs[Run.GLOBAL]

    @property
    def semantics(self) -> range:
        return self.runs[Run.SEMANTIC]

    @property
    def stops(self) -> tuple[int, ...]:
        """The end of the answer, and of its semantic tokens, by which some fine-tunes end."""
        return self.marks[Mark.END], self.marks[Mark.END_SEMANTIC]

    @property
    def between(self) -> frozenset[int]:
        """Marks and labels, which stand between what a codec reads."""
        labels = (ids for run, ids in self.runs.items() if run in LABELS)
        return frozenset(self.marks.values()).union(*labels)

    def speaker(self) -> Ranges:
        """What a model writes of a speaker, from the first token of it to the first step."""
        marks = (self.marks[Mark.END_GLOBAL], self.marks[Mark.START_SEMANTIC])
        return (*(self.globals,) * GLOBALS, *(only(mark) for mark in marks))

    def acoustics(self) -> Ranges:
        """What it writes before the speaker where a voice is described: pitch and speed."""
        return (
            self.run(Run.PITCH_VALUE),
            self.run(Run.SPEED_VALUE),
            only(self.mark(Mark.END_ACOUSTIC)),
            only(self.mark(Mark.START_GLOBAL)),
        )

    @classmethod
    def resolve(
        cls, token_id: TokenId, vocab_size: int, global_codes: int, semantic_codes: int
    ) -> SparkTokens:
        """Read the ids off a tokenizer, and check that they fit the checkpoint.

        vocab_size: from the language model's config.json. global_codes, semantic_codes: of a
        speaker's token and of a step, from the codec's config.

        Raises CorruptCheckpointError naming the token or the size that does not fit.
        """
        marks = {mark: token_id(f"<|{mark}|>") for mark in Mark}
        lost = next((mark for mark in NEEDED if marks[mark] is None), None)
        if lost is not None:
            raise _lacks(f"<|{lost}|>")
        runs = {
            Run.GLOBAL: _run(token_id, Run.GLOBAL, global_codes),
            Run.SEMANTIC: _run(token_id, Run.SEMANTIC, semantic_codes),
        }
        for run, count in LABELS.items():
            if token_id(f"<|{run}_0|>") is not None:
                runs[run] = _run(token_id, run, count)
        found = cls({mark: token for mark, token in marks.items() if token is not None}, runs)
        highest = max(*found.marks.values(), *(run[-1] for run in runs.values()))
        if highest >= vocab_size:
            raise CorruptCheckpointError(
                f"vocab_size {vocab_size} in config.json is too small for the tokenizer's id "
                f"{highest}: tokenizer, codec and language model do not belong together"
            )
        return found


def only(token: int) -> range:
    """The ids of a position that has one."""
    return range(token, token + 1)


def _run(token_id: TokenId, run: Run, count: int) -> range:
    first = token_id(f"<|{run}_0|>")
    if first is None:
        raise _lacks(f"<|{run}_0|>")
    for number in range(count):
        found = token_id(f"<|{run}_{number}|>")
        if found is None:
            raise _lacks(f"<|{run}_{number}|>")
        if found != first + number:
            raise CorruptCheckpointError(
                f"tokenizer maps '<|{run}_{number}|>' to {found}, expected {first + number}: its "
                "ids are not consecutive; use the tokenizer saved with the weights"
            )
    if token_id(f"<|{run}_{count}|>") is not None:
        raise CorruptCheckpointError(
            f"tokenizer has '<|{run}_{count}|>', and the codec's config says {count} of them: "
            "codec and language model do not belong together"
        )
    return range(first, first + count)


def _lacks(token: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(
        f"tokenizer lacks {token!r}: this is not a Spark-TTS checkpoint, or not one for such a "
        "voice, or its tokenizer.json is of another model; use the tokenizer saved with the weights"
    )
