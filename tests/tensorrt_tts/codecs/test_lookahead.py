"""Streaming changes nothing: streamed audio equals the offline decode of the same tokens."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.baselines import (
    Baseline,
    FullRedecode,
    OverlappedChunks,
    RecentWindow,
    SlidingWindow,
)
from tensorrt_tts.codecs.crossfade import equal_power
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder, decode_offline
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.stability import compare, run
from tensorrt_tts.families.orpheus.frames import FrameParser, parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tensorrt_tts.families.spark.frames import SparkParser
from tests.support import tiny_bicodec
from tests.support.examples import examples
from tests.support.snac_codecs import full_size_codec, tiny_codec
from tests.support.tiny_snac import TINY
from tests.support.token_streams import random_frames, token_streams
from tests.tensorrt_tts.families.spark.spark_tokens import resolved

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


@pytest.mark.parametrize("usual", [RecentWindow, OverlappedChunks])
@pytest.mark.parametrize("steps", [1, 9, 10, 11, 49, 50, 51, 58, 95, 106, 140, 200])
def test_the_usual_ways_for_a_codec_that_reaches_far(usual: type[RecentWindow], steps: int) -> None:
    """As long as the offline decode, first heard when they say, and not the same."""
    tokens, codec = resolved(), tiny_bicodec.tiny_codec()
    ids = [tokens.globals[code] for code in tiny_bicodec.voice(1)]
    codes = np.random.RandomState(3).randint(0, 8192, steps)
    ids += [tokens.semantics[code] for code in codes]
    audio, first = run(LookaheadStreamingDecoder(Baseline(codec, usual), SparkParser(tokens)), ids)
    offline = decode_offline(ids, SparkParser(tokens), codec)
    assert len(audio) == len(offline)
    assert first == (32 + usual.FIRST if steps >= usual.FIRST else 0)
    if steps > usual.FIRST:
        assert np.abs(audio.astype(int) - offline).max() > 100
    # What is before the first join, and far from it, is as good as offline.
    assert steps > 10 or np.abs(audio.astype(int) - offline).max() <= 1


def test_fading_is_of_equal_power() -> None:
    source = np.random.RandomState(1)
    one, other = (source.standard_normal(100_000).astype(np.float32) for _ in range(2))
    for alike, expected in ((1.0, one), (0.0, None), (0.6, None), (-0.5, None)):
        second = (alike * one + (1 - alike**2) ** 0.5 * other).astype(np.float32)
        faded = equal_power(one, second)
        if expected is not None:
            np.testing.assert_allclose(faded, expected, atol=1e-5)
        elif alike >= 0:
            for part in np.split(faded, 10):
                assert np.std(part) == pytest.approx(1, abs=0.03)
        assert np.corrcoef(faded[:1000], one[:1000])[0, 1] > 0.99
        assert np.corrcoef(faded[-1000:], second[-1000:])[0, 1] > 0.99
    assert len(equal_power(one[:0], one[:0])) == 0
    np.testing.assert_array_equal(equal_power(np.zeros(4, np.float32), np.zeros(4, np.float32)), 0)


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.differing_executors])
@given(data=st.data())
def test_no_sample_is_lost_or_heard_twice_in_a_fade(data: st.DataObject) -> None:
    """At every lookahead and hop, also shorter than the fade; and at the whole lookahead, where the
    two pieces are the same, it changes nothing."""
    codec = tiny_codec()
    ids = random_frames(TINY_TOKENS, data.draw(st.integers(1, 20)))
    lookahead = data.draw(st.sampled_from([0, 700, 2048, codec.context.lookahead]))
    schedule = HopSchedule(
        lookahead,
        hop=data.draw(st.integers(1, 12)),
        first_hop=data.draw(st.integers(1, 6)),
        fade=data.draw(st.sampled_from([1, 100, 512, 1500, 9000])),
    )
    stream = LookaheadStreamingDecoder(codec, FrameParser(TINY_TOKENS), schedule)
    parts = [stream.push(chunk) for chunk in chunked(data, ids)]
    audio = np.concatenate([*parts, stream.flush()])
    plain = LookaheadStreamingDecoder(codec, FrameParser(TINY_TOKENS), replace(schedule, fade=0))
    unfaded = [plain.push([token]) for token in ids]
    offline = decode_offline(ids, FrameParser(TINY_TOKENS), codec)
    assert len(audio) == len(offline) == len(np.concatenate([*unfaded, plain.flush()]))
    if lookahead == codec.context.lookahead and schedule.fade == 1:
        assert np.abs(audio.astype(int) - offline).max() <= 1


def test_a_fade_takes_the_jump_out_of_a_seam() -> None:
    """Which is what it is for: a hop goes on as the one before it would have gone on."""
    tokens, codec = resolved(), tiny_bicodec.tiny_codec()
    ids = [tokens.globals[code] for code in tiny_bicodec.voice(1)]
    ids += [tokens.semantics[code] for code in np.random.RandomState(3).randint(0, 8192, 120)]
    joins, jumps = {known: 320 * (known - 5) for known in (36, 66, 96)}, []
    for fade in (0, 800):
        schedule = HopSchedule(lookahead=5 * 320, hop=30, fade=fade)
        audio, first = run(LookaheadStreamingDecoder(codec, SparkParser(tokens), schedule), ids)
        assert first == 32 + 6  # it waits no longer
        before = {
            join: decode_offline(ids[: 32 + known], SparkParser(tokens), codec)[join]
            for known, join in joins.items()
        }
        jumps.append([abs(int(audio[join]) - int(sample)) for join, sample in before.items()])
    without, faded = jumps
    assert max(faded) < 60 < max(without) / 10
