"""How long each letter of a Hindi word is heard, from its phonemes' durations. Pure.

Each letter takes a stretch of phonemes, in order, by dynamic programming: what a letter usually
sounds like costs nothing, so that silent vowels, doubled consonants and stress marks fall into
place.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

from tensorrt_tts.text.devanagari import NUKTA

_SOUNDS = """
    क k ख kʰ ग ɡ घ ɡʰ ङ ŋ च cʧ छ cʧʰ ज ɟʤɡ झ ɟʤʰ ञ ɲjn ट ʈ ठ ʈʰ ड ɖ ढ ɖʰ ण ɳ
    त t थ tʰ द d ध dʰ न nŋɲɳ प p फ pʰf ब b भ bʰ म m य jɛe र ɾɹr ल l व ʋvw श ʃ ष ʂʃ स sS ह hʱ
    अ ʌəɐ आ aI इ ɪiI ई iɪ उ ʊuW ऊ uʊ ऋ ɾɪi ए eɛA ऐ ɛæI ओ oO औ ɔW ऑ ɔɒ
    ा aIW ि ɪi ी iɪ ु ʊu ू uʊ ृ ɾɪi े eɛA ै ɛæI ो oOQ ौ ɔW ॉ ɔɒ
    ँ ̃nmŋɲɳ ं ̃nmŋɲɳ ः hː ् ː
"""
_DOTTED = dict(zip(NUKTA.values(), ("qk", "xkʰ", "ɣɡ", "zɟ", "ɽ", "ɽh", "f"), strict=True))
SOUNDS: dict[str, str] = dict(zip(_SOUNDS.split()[::2], _SOUNDS.split()[1::2], strict=True))
SOUNDS |= _DOTTED
FLAP = "ɽ"
"""espeak writes ``r.`` for it, a letter and a full stop."""

_INHERENT = "əʌɐɛ"  # ɛ: before ह
_CONSONANTS = frozenset("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह") | frozenset(_DOTTED)
_STRESS = "ˈˌ"
_SILENT = frozenset("्")
_LONGEST = 6
_WRONG, _NOTHING, _LOOSE, _STRESS_LAST = 3.0, 1.8, 0.3, 1.0


@cache
def _cost(letter: str, said: str) -> float:
    """Of hearing ``said`` (perhaps nothing) as ``letter``."""
    if not said:
        return 0.0 if letter in _SILENT else _NOTHING
    total = _STRESS_LAST if said[-1] in _STRESS else 0.0
    sounds = SOUNDS.get(letter, "")
    heard = False
    for place, sound in enumerate(said):
        if sound in _STRESS:
            continue
        if sound == "ː":
            total += _LOOSE if place == 0 else 0.0
            heard = heard or letter in _CONSONANTS  # doubled
        elif sound in sounds:
            heard = True
        elif letter in _CONSONANTS and sound in _INHERENT and (heard or place == 0):
            total += 0.1 if heard else 1.0
        else:
            total += _WRONG
    return total + (0.0 if heard else 0.6)


def shares(letters: str, phonemes: str) -> list[int]:
    """How many of the phoneme characters each letter takes, in order; they sum to all of them."""
    rows, columns = len(letters), len(phonemes)
    best = [[float("inf")] * (columns + 1) for _ in range(rows + 1)]
    taken = [[0] * (columns + 1) for _ in range(rows + 1)]
    best[0][0] = 0.0
    for row, letter in enumerate(letters, 1):
        last = row == rows
        for column in range(columns + 1):
            most = column if last and rows == 1 else min(_LONGEST, column)
            for count in range(most + 1):
                before = best[row - 1][column - count]
                if before == float("inf"):
                    continue
                total = before + _cost(letter, phonemes[column - count : column])
                if total < best[row][column]:
                    best[row][column], taken[row][column] = total, count
    if best[rows][columns] == float("inf"):  # many more phonemes than letters: evenly
        edges = [columns * i // rows for i in range(rows + 1)]
        return [b - a for a, b in itertools.pairwise(edges)]
    counts, column = [], columns
    for row in range(rows, 0, -1):
        counts.append(taken[row][column])
        column -= taken[row][column]
    return counts[::-1]


def letter_durations(letters: str, phonemes: str, durations: Sequence[int]) -> list[int]:
    """Durations of the letters, which sum to those of the phonemes (one each)."""
    if all(c not in SOUNDS for c in letters) and len(letters) == len(phonemes):
        return list(durations)  # an English word: its prompt is its phonemes
    found, at = [], 0
    for count in shares(letters, phonemes):
        found.append(sum(durations[at : at + count]))
        at += count
    return found


def merge_flaps(phonemes: str, durations: Sequence[int]) -> tuple[str, list[int]]:
    """``r.`` as one symbol ɽ with the durations of both, where it lies inside a word."""
    said: list[str] = []
    lasting: list[int] = []
    at = 0
    while at < len(phonemes):
        flap = phonemes[at : at + 2] == "r."
        said.append(FLAP if flap else phonemes[at])
        lasting.append(sum(durations[at : at + 1 + flap]))
        at += 1 + flap
    return "".join(said), lasting
