"""Prompts for a checkpoint with a cut vocabulary: rows of the whole model's embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tensorrt_tts.backends.pruned_vocabulary import AudioVocabulary
from tensorrt_tts.errors import CorruptCheckpointError, SettingError
from tensorrt_tts.weight_files import check_safetensors

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
        from safetensors.torch import load_file

        path = folder / PROMPT_FILE
        if not path.is_file():
            raise CorruptCheckpointError(f"no '{path}'; cut the checkpoint again")
        check_safetensors(path, "cut the checkpoint again")
        table = load_file(path).get(TENSOR)
        if table is None or table.dim() != 2 or len(table) != vocabulary.full_size:
            rows = 0 if table is None or not table.dim() else len(table)
            raise CorruptCheckpointError(
                f"'{path}' has {rows} rows for a vocabulary of {vocabulary.full_size}; cut the "
                "checkpoint again"
            )
        return cls(vocabulary, table)
