from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.codecs.base import Step
from tensorrt_tts.families.spark.frames import SparkParser
from tensorrt_tts.families.spark.tokens import Mark
from tests.tensorrt_tts.families.spark.spark_tokens import resolved

TOKENS = resolved()
GLOBALS = [TOKENS.globals[100 * n] for n in range(32)]
CODES = tuple(100 * n for n in range(32))
MARKS = [TOKENS.mark(Mark.END_GLOBAL), TOKENS.mark(Mark.START_SEMANTIC)]
SEMANTICS = [TOKENS.semantics[code] for code in (0, 8191, 0, 17)]
STEPS = [(0,), (8191,), (0,), (17,)]


def test_a_speaker_then_its_steps() -> None:
    parser = SparkParser(TOKENS)
    assert parser.push(GLOBALS[:31]) == []
    assert parser.condition is None
    assert parser.push([GLOBALS[31], *MARKS, SEMANTICS[0]]) == [(0,)]
    assert parser.condition == CODES
    assert parser.push(SEMANTICS[1:]) == STEPS[1:]
    parser.finish()
    assert (parser.counts.accepted, parser.counts.markers, parser.counts.stray) == (4, 2, 0)
    assert (parser.tail, parser.counts.cut) == (0, 0)


def test_a_described_voice_begins_with_values() -> None:
    marks = [TOKENS.acoustics()[0][312], TOKENS.acoustics()[1][4]]
    marks += [TOKENS.mark(Mark.END_ACOUSTIC), TOKENS.mark(Mark.START_GLOBAL)]
    parser = SparkParser(TOKENS)
    assert parser.push([*marks, *GLOBALS, *MARKS, *SEMANTICS]) == STEPS
    assert (parser.counts.markers, parser.counts.stray) == (6, 0)


def test_a_given_speaker_is_there_from_the_beginning() -> None:
    parser = SparkParser(TOKENS, CODES)
    assert parser.condition == CODES
    assert parser.push(SEMANTICS) == STEPS
    assert parser.push(GLOBALS[:2]) == []
    assert parser.condition == CODES
    assert parser.counts.stray == 2


def test_strays_cost_nothing_but_themselves() -> None:
    parser = SparkParser(TOKENS)
    assert parser.push([SEMANTICS[0], 5, *GLOBALS[:16], SEMANTICS[1]]) == []
    assert parser.push([*GLOBALS[16:], GLOBALS[0], 151643, *SEMANTICS]) == STEPS
    assert parser.condition == CODES
    assert parser.counts.stray == 5


def test_an_unfinished_speaker_has_no_steps() -> None:
    parser = SparkParser(TOKENS)
    assert parser.push([*GLOBALS[:31], *MARKS, *SEMANTICS]) == []
    parser.finish()
    assert parser.condition is None
    assert (parser.counts.frames, parser.counts.stray) == (0, 4)


def test_nothing_after_the_end() -> None:
    parser = SparkParser(TOKENS)
    parser.finish()
    with pytest.raises(RuntimeError, match="after finish"):
        parser.push(SEMANTICS)


IDS = st.one_of(
    st.sampled_from(GLOBALS),
    st.sampled_from(SEMANTICS),
    st.sampled_from(MARKS),
    st.integers(0, 166000),
)


@given(ids=st.lists(IDS, max_size=120), cuts=st.lists(st.integers(0, 120), max_size=6))
def test_chunking_changes_nothing(ids: list[int], cuts: list[int]) -> None:
    whole = SparkParser(TOKENS)
    expected = whole.push(ids)
    parser, steps = SparkParser(TOKENS), list[Step]()
    edges = sorted({0, len(ids), *(cut for cut in cuts if cut < len(ids))})
    for start, stop in pairwise(edges):
        steps += parser.push(ids[start:stop])
    assert steps == expected
    assert parser.counts == whole.counts
    assert parser.condition == whole.condition
    assert len(steps) + parser.counts.markers + parser.counts.stray + len(
        [token for token in ids if token in TOKENS.globals]
    ) >= len(ids)
