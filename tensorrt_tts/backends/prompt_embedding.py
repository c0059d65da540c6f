"""Prompts for a checkpoint with a cut vocabulary: rows of the whole model's embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tensorrt_tts.errors import CorruptCheckpointError, SettingError
from tensorrt_tts.models.audio_vocabulary import AudioVocabulary

PROMPT_FILE = Path("prompt_embedding") / "embedding.safetensors"
"""In a folder of its own, lest a loader that takes every .safetensors take it for weights."""

TENSOR = "weight"


@dataclass(frozen=True, slots=True)
class PromptEmbedding:
    """vocabulary: the numbering. table: (full_size, hidden), on the host, as stored."""

    vocabulary: AudioVocabulary
    table: torch.Tensor

    def rows(self, ids: Sequence[int]) -> torch.Tensor:
        """(len(ids), hidden), in the table's dtype, on the host. ids: of the whole vocabulary."""
        if not all(0 <= token < len(self.table) for token in ids):
            raise SettingError(f"prompt holds an id beyond the vocabulary of {len(self.table)}")
        return self.table[torch.tensor(list(ids), dtype=torch.int64)]

    @classmethod
    def open(cls, folder: Path) -> PromptEmbedding | None:
        """None for a whole checkpoint. Raises CorruptCheckpointError."""
        vocabulary = AudioVocabulary.read(folder)
        if vocabulary is None:
            return None
        path = folder / PROMPT_FILE
        try:
            from safetensors.torch import load_file

            table = load_file(path)[TENSOR]
        except Exception as error:  # safetensors' own share no base with OSError
            raise CorruptCheckpointError(
                f"'{path}' cannot be read ({type(error).__name__}); cut the checkpoint again"
            ) from error
        if len(table) != vocabulary.full_size:
            raise CorruptCheckpointError(
                f"'{path}' has {len(table)} rows for a vocabulary of {vocabulary.full_size}; cut "
                "the checkpoint again"
            )
        return cls(vocabulary, table)
