"""Checkpoints whose vocabulary is cut to the ids they may emit: their numbering. Pure.

A speech model may emit its audio ids and its stops; the other 128 000 rows of the output head are
multiplied at every step and their results thrown away. `engines.vocabulary` writes a checkpoint
without them. Its ids are numbered anew:

    0            any id that only a prompt may hold: never legal, its embedding is not read
    1 … K        the kept ids, in the order of `kept`

Prompts go in as rows of the full embedding, which lies beside the weights (`PromptEmbedding`).
Callers see none of this: a backend narrows what comes in and widens what goes out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.errors import CorruptCheckpointError, EngineError, SettingError
from tensorrt_tts.files import read_json

FILE = "audio_vocabulary.json"

FULL_SIZE_KEY = "tts_full_vocab_size"
"""In config.json, whose `vocab_size` is the cut one: the size that tokenizer and prompts know."""

_REMEDY = "cut it again"

TEXT = 0
"""What stands for an id that was not kept."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    full_size: int = Field(gt=0)
    kept: list[tuple[int, int]] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class AudioVocabulary:
    """full_size: ids of the whole model. kept: ranges of its ids, disjoint."""

    full_size: int
    kept: tuple[range, ...]

    def __post_init__(self) -> None:
        ids = [token for ids in self.kept for token in (ids.start, ids.stop - 1)]
        if not self.kept or min(ids) < 0 or max(ids) >= self.full_size or not all(self.kept):
            raise SettingError(
                f"kept {self.kept}: ranges of ids must not be empty and lie within the vocabulary "
                f"of {self.full_size}"
            )
        ordered = sorted(self.kept, key=lambda ids: ids.start)
        if any(a.stop > b.start for a, b in pairwise(ordered)):
            raise SettingError(f"kept {self.kept}: ranges of ids must not overlap")

    @property
    def size(self) -> int:
        """Rows of the cut head: every kept id, and `TEXT`."""
        return 1 + sum(len(ids) for ids in self.kept)

    def narrow(self, token: int) -> int:
        """The new id of an id of the whole model; `TEXT` for one that was not kept."""
        first = TEXT + 1
        for ids in self.kept:
            if token in ids:
                return first + token - ids.start
            first += len(ids)
        return TEXT

    def widen(self, token: int) -> int:
        """The whole model's id of a new id. Raises ValueError for `TEXT`, which has none."""
        rest = token - TEXT - 1
        for ids in self.kept:
            if 0 <= rest < len(ids):
                return ids[rest]
            rest -= len(ids)
        raise ValueError(f"id {token} stands for no id of the whole vocabulary")

    def narrow_all(self, tokens: Iterable[int]) -> list[int]:
        return [self.narrow(token) for token in tokens]

    def widen_all(self, tokens: Iterable[int]) -> tuple[int, ...]:
        return tuple(self.widen(token) for token in tokens)

    def narrow_sampling(self, sampling: Sampling) -> Sampling:
        """The same restrictions in new ids. Without any, every kept id is legal.

        Raises SettingError when a legal id was cut off: the result would be another distribution.
        """
        grammar = sampling.grammar
        stops = tuple(new for token in grammar.stops if (new := self.narrow(token)) != TEXT)
        narrow = Grammar((range(TEXT + 1, self.size),), stops=stops, strict=False)
        if grammar.cycle:
            cycle = tuple(self._narrow_range(ids) for ids in grammar.cycle)
            prefix = tuple(self._narrow_range(ids) for ids in grammar.prefix)
            narrow = Grammar(cycle, prefix, stops, grammar.strict)
        return replace(sampling, grammar=narrow)

    def _narrow_range(self, ids: range) -> range:
        first, last = self.narrow(ids[0]), self.narrow(ids[-1])
        if TEXT in (first, last) or last - first != ids[-1] - ids[0]:
            raise SettingError(
                f"legal ids {ids[0]} to {ids[-1]} are not all in this checkpoint's cut vocabulary; "
                "use the whole checkpoint, or cut it again with these ids kept"
            )
        return range(first, last + 1)

    @classmethod
    def read(cls, folder: Path) -> AudioVocabulary | None:
        """A checkpoint folder's numbering, or None for a whole checkpoint.

        Raises CorruptCheckpointError for a file that cannot be understood.
        """
        path = folder / FILE
        try:
            content = read_json(path, _File, remedy=_REMEDY)
            return cls(content.full_size, tuple(range(*pair) for pair in content.kept))
        except FileNotFoundError:
            return None
        except SettingError as error:
            raise CorruptCheckpointError(f"'{path}': {error}; {_REMEDY}") from error

    def write(self, folder: Path) -> None:
        content = {
            "full_size": self.full_size,
            "kept": [[ids.start, ids.stop] for ids in self.kept],
        }
        (folder / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def refuse_audio_vocabulary(checkpoint: Path) -> None:
    """For TensorRT-LLM, which cannot run a cut checkpoint. Raises EngineError if it is one."""
    if AudioVocabulary.read(checkpoint) is not None:
        raise EngineError(
            f"checkpoint {str(checkpoint)!r} has a cut vocabulary, whose prompts are embeddings, "
            "and TensorRT-LLM takes ids alone; use the whole checkpoint, or the vllm or reference "
            "backend"
        )
