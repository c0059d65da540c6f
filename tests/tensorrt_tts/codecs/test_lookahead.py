"""Streaming changes nothing: streamed audio equals the offline decode of the same tokens."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.baselines import Baseline, FullRedecode, SlidingWindow
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder, decode_offline
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.stability import compare, run
from tensorrt_tts.families.orpheus.frames import FrameParser, parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tests.support.examples import examples
from tests.support.snac_codecs import full_size_codec, tiny_codec
from tests.support.tiny_snac import TINY
from tests.support.token_streams import random_frames, token_streams

TINY_TOKENS = OrpheusTokens(codebook_size=TINY.codebook_size)
OFFICIAL = OrpheusTokens()

schedules = st.builds(HopSchedule, st.none(), hop=st.integers(1, 12), first_hop=st.integers(1, 6))


def decoder(
    codec: SnacCodec, tokens: OrpheusTokens, mode: str, schedule: HopSchedule, seed: int
) -> LookaheadStreamingDecoder:
    return LookaheadStreamingDecoder(codec, FrameParser(tokens), schedule, seed, mode == "stateful")


def chunked(data: st.DataObject, ids: list[int]) -> list[list[int]]:
    """The ids cut anywhere: one at a time, all at once, or at random."""
    style = data.draw(st.sampled_from(["one", "all", "random"]))
    if style == "one":
        return [[token] for token in ids]
    if style == "all":
        return [ids]
    chunks, rest = [], ids
    while rest:
        cut = data.draw(st.integers(1, min(40, len(rest))))
        chunks.append(rest[:cut])
        rest = rest[cut:]
    return chunks


def assert_exact(
    data: st.DataObject, codec: SnacCodec, tokens: OrpheusTokens, ids: list[int]
) -> None:
    mode = data.draw(st.sampled_from(["windowed", "stateful"]))
    seed = data.draw(st.integers(0, 2**40))
    stream = decoder(codec, tokens, mode, data.draw(schedules), seed)
    parts = [stream.push(chunk) for chunk in chunked(data, ids)]
    parts.append(stream.flush())
    offline = decode_offline(ids, FrameParser(tokens), codec, seed)
    result = compare(mode, np.concatenate(parts), offline)
    assert result.missing == 0
    assert result.max_lsb <= 1
    assert len(offline) == 2048 * parse(ids, tokens)[1].frames


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data(), ids=token_streams(TINY_TOKENS, max_frames=24))
def test_exact_for_every_stream_chunking_and_mode(data: st.DataObject, ids: list[int]) -> None:
    assert_exact(data, tiny_codec(), TINY_TOKENS, ids)


@settings(max_examples=examples(4), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), ids=token_streams(OFFICIAL, max_frames=8))
def test_exact_with_the_full_size_model(data: st.DataObject, ids: list[int]) -> None:
    assert_exact(data, full_size_codec(), OFFICIAL, ids)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), ids=token_streams(OFFICIAL, max_frames=60))
def test_exact_with_the_full_size_model_at_length(data: st.DataObject, ids: list[int]) -> None:
    assert_exact(data, full_size_codec(), OFFICIAL, ids)


@pytest.mark.parametrize("mode", ["windowed", "stateful"])
def test_first_audio_after_18_tokens(mode: str) -> None:
    ids = random_frames(OFFICIAL, 3)
    stream = decoder(full_size_codec(), OFFICIAL, mode, HopSchedule(), 0)
    given = (len(stream.push([token])) for token in ids)
    assert next((n, samples) for n, samples in enumerate(given, 1) if samples) == (18, 363)


@pytest.mark.parametrize("rival", [SlidingWindow, FullRedecode])
def test_the_usual_policies_are_not_exact(rival: type[SlidingWindow]) -> None:
    """The same comparison that ours passes, so that it is known to bite."""
    codec, ids = tiny_codec(), random_frames(TINY_TOKENS, 30)
    audio, first = run(
        LookaheadStreamingDecoder(Baseline(codec, rival), FrameParser(TINY_TOKENS)), ids
    )
    result = compare("rival", audio, decode_offline(ids, FrameParser(TINY_TOKENS), codec), first)
    assert not result.exact
    assert first > 18


def test_the_sliding_window_loses_the_first_frame_and_the_last_two() -> None:
    codec, ids = tiny_codec(), random_frames(TINY_TOKENS, 30)
    audio, _ = run(
        LookaheadStreamingDecoder(Baseline(codec, SlidingWindow), FrameParser(TINY_TOKENS)), ids
    )
    assert len(audio) == 27 * 2048


def test_work_and_memory_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window is longer after 200 frames than after 12, and steps are forgotten."""
    codec, spans = tiny_codec(), []
    original = codec.run

    def watching(jobs: Sequence[Window]) -> list[np.ndarray]:
        spans.extend(len(window.steps) for window in jobs)
        return original(jobs)

    monkeypatch.setattr(codec, "run", watching)
    stream = LookaheadStreamingDecoder(codec, FrameParser(TINY_TOKENS))
    for token in random_frames(TINY_TOKENS, 200):
        stream.push([token])
    assert max(spans[12:]) <= max(spans[:12]) <= 24
    assert len(spans) > 150
    assert len(stream._opened()._steps) <= 24  # type: ignore[attr-defined]


@pytest.mark.parametrize("cut", range(1, 7))
@pytest.mark.parametrize("lookahead", [0, 512, 4757])
def test_a_cut_frame_never_sounds(cut: int, lookahead: int) -> None:
    codec, ids = tiny_codec(), random_frames(TINY_TOKENS, 6)[:-cut]
    stream = decoder(codec, TINY_TOKENS, "windowed", HopSchedule(lookahead, hop=1), 0)
    audio, _ = run(stream, ids)
    assert len(audio) == 5 * 2048
