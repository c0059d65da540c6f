"""How many tokens a text may cost: the guard against a model that never ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tensorrt_tts.families.orpheus.tokens import SLOTS


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Upper bound on generated tokens for a text.

    seconds_per_character: slow speech. English and Hindi speech run at 12 to 17 characters a
    second; 0.14 s (7 characters a second) leaves a factor of two for pauses and tags. Scripts
    whose characters are syllables take more. seconds_per_digit: the longest words for one, in a
    long number ("seven hundred seventy-seven billion …"). floor_seconds covers the shortest texts
    ("Oh.") and their trailing silence. ceiling: the longest a checkpoint stays coherent.
    """

    frames_per_second: float = 24000 / 2048
    seconds_per_character: float = 0.14
    seconds_per_digit: float = 1.0
    floor_seconds: float = 3.0
    ceiling: int = 4096

    def tokens(self, text: str) -> int:
        """A whole number of frames' worth of tokens, plus one for the stop token."""
        digits = sum(character.isdigit() for character in text)
        letters = len(text) - digits
        seconds = self.floor_seconds + self.seconds_per_character * letters
        seconds += self.seconds_per_digit * digits
        frames = int(seconds * self.frames_per_second)
        return min(frames * SLOTS + 1, self.ceiling)
