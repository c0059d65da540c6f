"""`sentences_*.tsv`: everyday sentences as a person would read them aloud, a row each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tensorrt_tts.text.spoken import spoken_form

_LEFT_OPEN = {"and", "the", "of", "a"}
"""English words that readers say or leave out: "the fifth of May", "fifth May"."""


def rows() -> list[tuple[str, str, str]]:
    """Language, the sentence, how it is read."""
    found = []
    for language in ("en", "hi", "te"):
        table = Path(__file__).parent / f"sentences_{language}.tsv"
        for line in table.read_text(encoding="utf-8").splitlines():
            written, said = line.split("\t")
            found.append((language, written, said))
    return found


def folded(text: str) -> str:
    """Without case, punctuation and spaces."""
    words = re.sub(r"[^\w\u0900-\u0dff]+", " ", text.casefold()).split()
    return "".join(word for word in words if word not in _LEFT_OPEN)


@pytest.mark.parametrize(("language", "written", "said"), rows())
def test_it_is_read_as_a_person_reads_it(language: str, written: str, said: str) -> None:
    assert folded(spoken_form(written)) == folded(said)
    assert spoken_form(written, language) == spoken_form(written)
    assert spoken_form(spoken_form(written)) == spoken_form(written)
