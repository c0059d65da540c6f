"""The new numbering: a bijection on what is kept, and restrictions that survive it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Grammar, Sampling
from tensorrt_tts.backends.pruned_vocabulary import FILE, TEXT, AudioVocabulary
from tensorrt_tts.errors import CorruptCheckpointError, SettingError
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens

ORPHEUS = OrpheusTokens()
KEPT = (range(128266, 156938), range(128258, 128259), range(128262, 128263), range(128009, 128010))
VOCABULARY = AudioVocabulary(156940, KEPT)


@st.composite
def vocabularies(draw: st.DrawFn) -> AudioVocabulary:
    size = draw(st.integers(2, 60))
    cuts = sorted(draw(st.sets(st.integers(0, size), min_size=2, max_size=8)))
    ranges = [range(a, b) for a, b in itertools.pairwise(cuts)]
    chosen = draw(st.lists(st.sampled_from(ranges), min_size=1, unique=True))
    return AudioVocabulary(size, tuple(chosen))


@given(vocabulary=vocabularies())
def test_kept_ids_map_one_to_one(vocabulary: AudioVocabulary) -> None:
    kept = {token for ids in vocabulary.kept for token in ids}
    narrowed = [vocabulary.narrow(token) for token in range(vocabulary.full_size)]
    assert sorted(new for new in narrowed if new != TEXT) == list(range(1, vocabulary.size))
    for token, new in enumerate(narrowed):
        assert (new == TEXT) == (token not in kept)
        if new != TEXT:
            assert vocabulary.widen(new) == token


def test_orpheus_sizes() -> None:
    assert VOCABULARY.size == 28672 + 3 + 1
    assert VOCABULARY.narrow(128266) == 1
    assert VOCABULARY.narrow(5) == TEXT
    for nothing in (TEXT, VOCABULARY.size):
        with pytest.raises(ValueError, match="no id of the whole vocabulary"):
            VOCABULARY.widen(nothing)


@pytest.mark.parametrize("strict", [True, False])
def test_restrictions_survive(strict: bool) -> None:
    sampling = Sampling(9, grammar=ORPHEUS.grammar(strict), top_k=7)
    narrow = VOCABULARY.narrow_sampling(sampling)
    assert (narrow.grammar.strict, narrow.top_k) == (strict, 7)
    for ours, theirs in zip(narrow.grammar.cycle, ORPHEUS.grammar().cycle, strict=True):
        assert VOCABULARY.widen_all(ours) == tuple(theirs)
    assert VOCABULARY.widen_all(narrow.grammar.stops) == ORPHEUS.stop_ids


def test_a_prefix_survives_too() -> None:
    grammar = Grammar((range(30, 40),), (range(5, 9), range(7, 12)), stops=(50, 60))
    vocabulary = AudioVocabulary(100, (range(30, 40), range(60, 61), range(4, 12)))
    assert vocabulary.narrow_sampling(Sampling(9, grammar=grammar)).grammar == Grammar(
        (range(1, 11),), (range(13, 17), range(15, 20)), stops=(11,)
    )


def test_without_restrictions_everything_kept_is_legal() -> None:
    narrow = VOCABULARY.narrow_sampling(Sampling(9, grammar=Grammar(stops=(5,))))
    assert narrow.grammar == Grammar((range(1, VOCABULARY.size),), strict=False)  # 5 cannot come


def test_a_legal_id_that_was_cut_off_is_refused() -> None:
    sampling = Sampling(9, grammar=Grammar((range(128250, 128270),)))
    with pytest.raises(SettingError, match="128250 to 128269"):
        VOCABULARY.narrow_sampling(sampling)


@pytest.mark.parametrize(
    "kept",
    [(), (range(5, 5),), (range(-1, 3),), (range(5, 11),), (range(5), range(4, 6))],
)
def test_impossible_ranges(kept: tuple[range, ...]) -> None:
    with pytest.raises(SettingError, match="kept"):
        AudioVocabulary(10, kept)


def test_file_round_trip(tmp_path: Path) -> None:
    assert AudioVocabulary.read(tmp_path) is None
    VOCABULARY.write(tmp_path)
    assert AudioVocabulary.read(tmp_path) == VOCABULARY


@pytest.mark.parametrize(
    "content", ["", "{}", '{"full_size": 3, "kept": [[0, 9]]}', '{"full_size": 3, "kept": []}']
)
def test_corrupt_file(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(CorruptCheckpointError, match="cut it again"):
        AudioVocabulary.read(tmp_path)
