"""Text as a user typed it to text that a speech model reads well, or a clear error. Pure.

Only what is safe in every language: Unicode form, spaces, quotes, runs of punctuation. Numbers and
abbreviations are left to the model or to the phoneme front end, which know the language.
"""

from __future__ import annotations

import re
import unicodedata

from tensorrt_tts.errors import TextError

MAX_CHARACTERS = 5000
"""About six minutes of speech. OpenAI's speech endpoint stops at 4096."""

_SPECIAL_TOKEN = re.compile(r"<custom_token_\d+>|<\|[^<>|]{1,40}\|>|<spk_[^<>]{1,40}>")
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
_RUNS = re.compile(r"([!?।,;:])(?:\s*\1)+")
_DOTS = re.compile(r"\.{2,}|…+")
_ENDINGS = ".!?।…\"')>。！？"


def normalize(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """Raises TextError for text that is empty, too long, holds control characters, or spells a
    special token of the model (which would be read as an instruction, not spoken)."""
    if len(text) > max_characters:
        raise TextError(
            f"text has {len(text)} characters, the limit is {max_characters}; send it in parts"
        )
    bad = next(
        (c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r"), None
    )
    if bad is not None and unicodedata.category(bad) == "Cs":
        raise TextError(f"text is not valid UTF-8 at position {text.index(bad)}; convert it first")
    if bad is not None:
        raise TextError(
            f"text holds the control character U+{ord(bad):04X} at position {text.index(bad)}; "
            "remove it"
        )
    special = _SPECIAL_TOKEN.search(text)
    if special:
        raise TextError(
            f"text holds {special.group()!r} at position {special.start()}, which is a special "
            "token of the model and cannot be spoken; remove it"
        )
    text = unicodedata.normalize("NFC", text).translate(_QUOTES)
    text = _SPACES.sub(" ", text).strip()
    # Repeated marks and missing final ones make Orpheus repeat itself or fail.
    text = _DOTS.sub("…", text)
    text = _RUNS.sub(r"\1", text)
    if not any(unicodedata.category(c)[0] in "LN" for c in text):
        raise TextError("text has nothing to speak: it needs at least one letter or digit")
    return text if text[-1] in _ENDINGS else text.rstrip(" ,;:-–—") + "."
