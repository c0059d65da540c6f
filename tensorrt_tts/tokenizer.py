"""A checkpoint's text tokenizer: text to ids and token names to ids, nothing added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tensorrt_tts.files import read_json, read_text


class TextTokenizer:
    """tokenizer.json through the `tokenizers` library (no transformers import: faster to start)."""

    def __init__(self, folder: Path) -> None:
        """Raises CheckpointNotFoundError, CorruptCheckpointError."""
        import tokenizers

        path = folder / "tokenizer.json"
        try:
            text = read_text(path)
        except FileNotFoundError as error:
            raise CheckpointNotFoundError(
                f"no tokenizer.json in '{folder}'; use the folder the model was saved to with its "
                "tokenizer"
            ) from error
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # the library raises bare Exception
            read_json(path, dict[str, Any])  # it does not tell broken JSON from unknown content
            raise CorruptCheckpointError(
                f"'{path}' is not a readable tokenizer: the tokenizers package here "
                f"({tokenizers.__version__}) does not know its content; download it again, or "
                "install a newer tokenizers"
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
