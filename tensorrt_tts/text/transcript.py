"""What is said in a recording, as its transcript has it."""

from __future__ import annotations

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.normalize import check_text

MOST_CHARACTERS = 1000
"""Nobody says more in half a minute, the longest reference."""


def check_transcript(transcript: str) -> None:
    """Raises TextError for what `check_text` refuses, and for more than `MOST_CHARACTERS`."""
    try:
        check_text(transcript, MOST_CHARACTERS)
    except TextError as error:
        raise TextError(f"in the reference's transcript: {error}") from error
