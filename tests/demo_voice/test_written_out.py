from __future__ import annotations

from pathlib import Path

import pytest

from demo_voice.written_out import missing, pairs, rates
from tensorrt_tts.errors import SettingError

SENTENCES = [("It costs $5.", "It costs five dollars."), ("Room 12", "Room twelve")]


def test_sentences_are_read_in_pairs(tmp_path: Path) -> None:
    path = tmp_path / "sentences.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in SENTENCES), encoding="utf-8")
    assert pairs(path) == SENTENCES
    path.write_text("only one\n", encoding="utf-8")
    with pytest.raises(SettingError, match="line 1 is not"):
        pairs(path)


def test_what_was_heard_is_not_spoken_again() -> None:
    rows = missing(SENTENCES, [3, 4], [])
    assert [(row["seed"], row["text"]) for row in rows[:2]] == [
        (3, "It costs $5."),
        (3, "It costs five dollars."),
    ]
    assert len(rows) == 8
    assert missing(SENTENCES, [3, 4], rows[:5]) == rows[5:]


def test_both_forms_are_compared_with_the_words() -> None:
    heard = [row | {"heard": row["words"]} for row in missing(SENTENCES, [3, 4], [])]
    heard[0]["heard"] = "It costs five collars."  # one of six words, as written, seed 3
    assert list(rates(heard, [3, 4])) == [
        ("seed 3", pytest.approx(1 / 6), 0.0),
        ("seed 4", 0.0, 0.0),
        ("all seeds", pytest.approx(1 / 12), 0.0),
    ]
