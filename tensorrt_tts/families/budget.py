"""How many tokens a text may cost: the guard against a model that never ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Upper bound on generated tokens for a text."""

    frames_per_second: float
    """Of the family's codec."""
    tokens_per_frame: int
    seconds_per_character: float = 0.14
    """Slow speech. English and Hindi run at 12 to 17 characters a second; 7 leaves a factor of two
    for pauses and tags. Scripts whose characters are syllables take more."""
    seconds_per_digit: float = 1.0
    """The longest words for one, in a long number ("seven hundred seventy-seven billion …")."""
    floor_seconds: float = 3.0
    """Covers the shortest texts ("Oh.") and their trailing silence."""
    ceiling: int = 4096
    """Tokens: the longest a checkpoint stays coherent."""
    prefix: int = 0
    """Tokens before the first frame, at most."""

    @property
    def ids_per_s(self) -> float:
        """Of speech."""
        return self.frames_per_second * self.tokens_per_frame

    def tokens(self, text: str) -> int:
        """A whole number of frames' worth of tokens, what comes before them and the stop token."""
        digits = sum(character.isdigit() for character in text)
        letters = len(text) - digits
        seconds = self.floor_seconds + self.seconds_per_character * letters
        seconds += self.seconds_per_digit * digits
        frames = int(seconds * self.frames_per_second)
        return min(self.prefix + frames * self.tokens_per_frame + 1, self.ceiling)
