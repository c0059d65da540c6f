"""The sounds that the codec's encoder is told of and its classifier names, of all languages.

New ones come at the end: the numbers in features on disk, and rows that were trained, stay theirs.
"""

from __future__ import annotations

from demo_voice.hindi.letters import SOUNDS
from demo_voice.lm.vocabulary import SYMBOLS

LENGTH = "ː"
"""No sound of its own: the one before it goes on."""

ALPHABET = tuple(dict.fromkeys((*SYMBOLS, *"".join(SOUNDS.values()).replace(LENGTH, ""))))


def numbers(phonemes: str) -> list[int]:
    """Of each phoneme 1 + its place in ALPHABET; 0 where it has none."""
    found: list[int] = []
    for sound in phonemes:
        if sound == LENGTH and found:
            found.append(found[-1])
        else:
            found.append(1 + _PLACES.get(sound, -1))
    return found


_PLACES = {sound: place for place, sound in enumerate(ALPHABET)}
