import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.families.orpheus.frames import STEPS_KNOWN, FrameParser, parse
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens
from tests.support.token_streams import token_streams

TOKENS = OrpheusTokens()


def frame(*codes: int) -> list[int]:
    return [TOKENS.audio_id(slot, code) for slot, code in enumerate(codes)]


A = frame(1, 2, 3, 4, 5, 6, 7)
A_STEPS = [(1, 2, 3), (1, 2, 4), (1, 5, 6), (1, 5, 7)]


def test_one_frame_gives_four_steps() -> None:
    steps, counts, tail = parse(A, TOKENS)
    assert steps == A_STEPS
    assert (counts.accepted, counts.frames, counts.stray, tail) == (1, 1, 0, 0)


def test_steps_come_as_soon_as_their_codes_are_known() -> None:
    parser = FrameParser(TOKENS)
    known = 0
    for count, token in enumerate(A, start=1):
        known += len(parser.push([token]))
        assert known == STEPS_KNOWN[count]


def test_code_zero_is_a_code() -> None:
    steps, counts, _ = parse(frame(0, 0, 0, 0, 0, 0, 0) * 3, TOKENS)
    assert steps == [(0, 0, 0)] * 12
    assert counts.accepted == 3


def test_markers_anywhere_shift_nothing() -> None:
    markers = [TOKENS.start_of_ai, TOKENS.start_of_speech]
    steps, counts, _ = parse([*markers, *A[:3], markers[1], *A[3:], *markers], TOKENS)
    assert steps == A_STEPS
    assert counts.markers == 5
    assert counts.stray == 0


@pytest.mark.parametrize("at", range(SLOTS))
def test_a_stray_token_costs_at_most_its_frame(at: int) -> None:
    stray = 99
    steps, counts, _ = parse([*A, *A[:at], stray, *A[at:], *A], TOKENS)
    assert counts.stray >= 1
    assert steps[:4] == A_STEPS
    assert steps[-4:] == A_STEPS
    assert counts.accepted == (3 if at == 0 else 2)
    assert len(steps) == 4 * counts.frames
    assert counts.concealed + counts.dropped == (0 if at == 0 else 1)


def test_a_broken_frame_is_concealed_with_its_own_codes() -> None:
    steps, counts, _ = parse([*A[:4], 99, *A], TOKENS)
    assert steps == [(1, 2, 3), (1, 2, 4), (1, 2, 4), (1, 2, 4), *A_STEPS]
    assert (counts.concealed, counts.dropped) == (1, 0)


def test_a_frame_broken_before_its_first_step_is_dropped() -> None:
    steps, counts, _ = parse([*A[:2], 99, *A], TOKENS)
    assert steps == A_STEPS
    assert (counts.concealed, counts.dropped) == (0, 1)


def test_a_missing_token_is_noticed_at_the_next_frame_start() -> None:
    steps, counts, _ = parse([*A[:6], *A], TOKENS)
    assert (counts.concealed, counts.accepted, counts.stray) == (1, 1, 0)
    assert steps == [*A_STEPS[:3], (1, 5, 6), *A_STEPS]


def test_a_cut_frame_is_context_only() -> None:
    steps, counts, tail = parse([*A, *A[:4]], TOKENS)
    assert steps == [*A_STEPS, *A_STEPS[:2]]
    assert (counts.frames, counts.cut, tail) == (1, 1, 2)


def test_push_after_finish_is_a_programming_error() -> None:
    parser = FrameParser(TOKENS)
    parser.finish()
    with pytest.raises(RuntimeError, match=r"after finish"):
        parser.push(A)


@given(ids=token_streams(TOKENS, max_frames=20), data=st.data())
def test_chunking_changes_nothing(ids: list[int], data: st.DataObject) -> None:
    whole = parse(ids, TOKENS)
    parser, steps = FrameParser(TOKENS), []
    rest = ids
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        steps += parser.push(rest[:cut])
        rest = rest[cut:]
    parser.finish()
    assert (steps, parser.counts, parser.tail) == whole


@given(ids=token_streams(TOKENS, max_frames=20))
def test_every_token_is_accounted_for(ids: list[int]) -> None:
    steps, counts, tail = parse(ids, TOKENS)
    assert len(steps) == 4 * counts.frames + tail
    broken = counts.concealed + counts.dropped + counts.cut
    in_frames = SLOTS * counts.accepted
    assert len(ids) >= in_frames + counts.markers + counts.stray
    assert len(ids) <= in_frames + counts.markers + counts.stray + 6 * broken
