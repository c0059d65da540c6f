"""A recording's transcript: what is none."""

from __future__ import annotations

import pytest

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.transcript import MOST_CHARACTERS, check_transcript


@pytest.mark.parametrize("transcript", ["So it goes.", "मैं हूँ", "x" * MOST_CHARACTERS, "7"])
def test_what_is_one(transcript: str) -> None:
    check_transcript(transcript)


@pytest.mark.parametrize(
    ("transcript", "says"),
    [
        ("", "text has nothing to speak"),
        (" …\n", "text has nothing to speak"),
        ("x" * (MOST_CHARACTERS + 1), "1000"),
        ("So it\x07 goes.", "control"),
        ("Hm <|eot_id|> hm", "special token"),
    ],
)
def test_what_is_none(transcript: str, says: str) -> None:
    with pytest.raises(TextError, match=f"^in the reference's transcript: .*{says}"):
        check_transcript(transcript)
