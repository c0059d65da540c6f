"""A checkpoint's text tokenizer: text to ids and token names to ids, nothing added."""

from __future__ import annotations

from pathlib import Path

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError


class TextTokenizer:
    """tokenizer.json through the `tokenizers` library (no transformers import: faster to start)."""

    def __init__(self, folder: Path) -> None:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise CheckpointNotFoundError(
                f"no tokenizer.json in '{folder}'; use the folder the model was saved to with its "
                "tokenizer"
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise CorruptCheckpointError(
                f"'{path}' is not a readable tokenizer ({error}); download it again"
            ) from error

    @property
    def size(self) -> int:
        """One more than its highest id."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    def encode(self, text: str) -> list[int]:
        """Ids of the text alone: no BOS, no template."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def token_id(self, token: str) -> int | None:
        found: int | None = self._tokenizer.token_to_id(token)
        return found
