"""Which phonemes are a word's. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import accumulate

from tensorrt_tts.text.scripts import without_foreign
from tensorrt_tts.text.written import WrittenWord

_RUN = re.compile(r"\S+")
_MARKS = ",.?!—"


def phoneme_spans(
    text: str,
    words: Sequence[WrittenWord],
    phonemes: str,
    phonemize: Callable[[str], str],
    devanagari: bool = False,
) -> list[tuple[int, int]]:
    """Of each word the span of its phonemes, without punctuation; an empty span where it has none.
    Empty where they cannot be told apart.

    text: what is said, with the words' places. phonemes: of all of it. phonemize: what made them.
    devanagari: whether words in it are read too, and are not left out.
    """
    read = [_sounding(run) for run in _RUN.finditer(phonemes)]
    said = [run for run in _RUN.finditer(text) if _is_read(run[0], devanagari)]
    counts = [1] * len(said)
    if len(read) != len(said):
        counts = [len(phonemize(run[0]).split()) for run in said]
    if sum(counts) != len(read):
        return []
    firsts = [0, *accumulate(counts)]
    found: list[tuple[int, int]] = []
    for word in words:
        own = [
            index
            for index, run in enumerate(said)
            if counts[index] and word.start <= (run.start() + run.end()) // 2 < word.stop
        ]
        if own:
            last = firsts[own[-1] + 1] - 1
            found.append((read[firsts[own[0]]][0], read[last][1]))
        else:
            at = found[-1][1] if found else 0
            found.append((at, at))
    return found


def _sounding(run: re.Match[str]) -> tuple[int, int]:
    return run.start(), run.start() + len(run[0].rstrip(_MARKS))


def _is_read(token: str, devanagari: bool) -> bool:
    plain, _ = without_foreign(token, devanagari)
    return any(unicodedata.category(character)[0] in "LN" for character in plain)
