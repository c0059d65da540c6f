from __future__ import annotations

import pytest

from benchmarks.speech import text_cost
from tensorrt_tts.text.spoken import spoken_form


def test_every_text_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_cost, "_cold_import", lambda: 100.0)
    monkeypatch.setattr(text_cost, "ADDITIONS", 10**5)
    found = text_cost.costs(repeats=1)
    assert list(found) == [
        f"{name} {size}" for name in text_cost.TEXTS for size in text_cost.SIZES
    ] + ["cold import", "reference loop"]
    assert all(ms > 0 for row in found.values() for ms in row.values())


@pytest.mark.parametrize("name", ["en", "hi", "te", "mixed"])
def test_the_texts_are_full_of_numbers(name: str) -> None:
    text = text_cost.TEXTS[name]
    assert sum(c.isdecimal() for c in text) > len(text) / 8
    assert not any(c.isdecimal() for c in spoken_form(text))
