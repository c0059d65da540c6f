"""The Hindi sentences that are kept: what is in them, and how they are split."""

import re
from collections import Counter

import pytest

from demo_voice.hindi import corpus
from demo_voice.hindi.hand_written import SENTENCES
from demo_voice.sentences import HELD_OUT, read_sentences
from demo_voice.voices import VOICES
from tensorrt_tts.text.devanagari import LETTERS, NUKTA, is_english, spell


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str]]:
    return read_sentences(corpus.TARGET)


def test_the_file_is_what_is_composed(rows: list[tuple[str, str]]) -> None:
    assert rows == corpus.select()


def test_splits(rows: list[tuple[str, str]]) -> None:
    splits = Counter(split for split, _ in rows)
    assert splits["test"] == splits["valid"] == HELD_OUT
    assert splits["hand"] == len(SENTENCES) == 30
    assert splits["mixed"] == corpus.HELD_OUT_MIXED
    assert len({text for _, text in rows}) == len(rows)
    assert splits["train"] >= 12_000
    assert all(4 <= len(text.split()) <= 20 for _, text in rows)
    trained = {spell(text).rstrip(".?!") for split, text in rows if split == "train"}
    assert not trained & {spell(text).rstrip(".?!") for split, text in rows if split != "train"}
    assert [split == "train" for split, _ in rows] == sorted(split == "train" for split, _ in rows)


def test_every_letter_and_most_pairs_are_said_often(rows: list[tuple[str, str]]) -> None:
    words = [word.rstrip(".,?!") for _, text in rows for word in spell(text).split()]
    hindi = [word for word in words if not is_english(word)]
    letters = Counter(letter for word in hindi for letter in word)
    assert set(letters) == set(LETTERS)
    assert all(letters[letter] >= 50 for letter in LETTERS if letter != "ङ")  # nearly always ं
    pairs = Counter(word[i : i + 2] for word in hindi for i in range(len(word) - 1))
    assert sum(count >= 5 for count in pairs.values()) >= 1100
    consonant = "[" + "".join(c for c in LETTERS if "क" <= c <= "ह" or c in NUKTA.values()) + "]"
    conjuncts = Counter(
        conjunct for word in hindi for conjunct in re.findall(f"(?:{consonant}्)+{consonant}", word)
    )
    assert len(conjuncts) >= 150
    assert len(set(hindi)) >= 3_000
    assert sum(any(map(is_english, text.split())) for _, text in rows) >= 600


def test_hand_written_sentences_have_no_letter_pair_that_is_never_trained(
    rows: list[tuple[str, str]],
) -> None:
    def pairs(split: str) -> set[str]:
        texts = [spell(text) for kind, text in rows if kind == split]
        words = {word.strip(".,?!") for text in texts for word in text.split()}
        return {word[i : i + 2] for word in words for i in range(len(word) - 1)}

    assert len(pairs("hand") - pairs("train")) <= 6


def test_voices_share_what_is_held_out_and_nothing_else() -> None:
    alpha, psi = (VOICES[name].sentences() for name in ("hf_alpha", "hm_psi"))
    both = set(alpha) & set(psi)
    assert {split for split, _ in both} == {"test", "valid", "hand", "mixed"}
    assert set(alpha) | set(psi) == set(read_sentences(corpus.TARGET))
    assert abs(len(alpha) - len(psi)) < 600
    assert VOICES["heart"].sentences() == read_sentences()
