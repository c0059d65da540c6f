"""`cases.tsv`: what is said for what is written, a row each, by the stage that it is about."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tensorrt_tts.text.spoken import SpokenOptions, spoken_form, trace


def rows() -> list[tuple[str | None, str, str, str]]:
    """Language (None: by script), stage, text, its spoken form."""
    found = []
    for line in (Path(__file__).parent / "cases.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            language, stage, text, said = line.split("\t")
            text, said = (cell.replace("\\n", "\n") for cell in (text, said))
            found.append((None if language == "-" else language, stage, text, said))
    return found


ROWS = rows()


@pytest.mark.parametrize(("language", "stage", "text", "said"), ROWS)
def test_it_is_said_so(language: str | None, stage: str, text: str, said: str) -> None:
    assert spoken_form(text, language) == said
    assert spoken_form(said, language) == said
    if stage != "unchanged":
        assert stage in [name for name, _ in trace(text, SpokenOptions(language))]


def test_the_rows_are_many_and_of_every_language() -> None:
    counts = Counter(language or "by script" for language, *_ in ROWS)
    assert len({row[:3] for row in ROWS}) == len(ROWS)
    assert all(counts[language] > 100 for language in ("by script", "hi", "te"))
