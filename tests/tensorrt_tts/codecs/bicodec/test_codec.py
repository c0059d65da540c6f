"""BiCodec against a plain decode of the same weights, and against each of the usual mistakes."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import CodecStream, Condition, Step, Window, decode
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.speaker import Speaker
from tensorrt_tts.codecs.bicodec.stages import VoicedStage
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.scheduler import CodecScheduler
from tensorrt_tts.codecs.stage import intervals
from tensorrt_tts.errors import SettingError
from tensorrt_tts.playback import PlaybackClock
from tests.support.codec_listener import Listener
from tests.support.examples import examples
from tests.support.plain_bicodec import MISTAKES, plain_decode
from tests.support.tiny_bicodec import TINY, config, random_weights, tiny_codec, voice

HOP = 320
WEIGHTS = random_weights(TINY)
ANA, BEN = voice(1), voice(2)

TOLERANCE = 1e-5
"""A third of a step of int16; float32 convolutions differ by up to 6e-6 from CPU to CPU."""
MISTAKEN = 5e-4
"""What the least of the mistakes differs by."""


def steps(count: int, seed: int = 0) -> list[Step]:
    return [(int(code),) for code in np.random.RandomState(seed).randint(0, 8192, count)]


@pytest.mark.parametrize("count", [1, 2, 8, 9, 50, 173])
def test_equals_the_plain_decode(count: int) -> None:
    ours = decode(tiny_codec(), steps(count), 0, ANA)
    theirs = plain_decode(TINY, WEIGHTS, steps(count), ANA)
    assert ours.shape == theirs.shape == (count * HOP,)
    np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_mistake_would_pass(mistake: str) -> None:
    ours = decode(tiny_codec(), steps(40), 0, ANA)
    theirs = plain_decode(TINY, WEIGHTS, steps(40), ANA, mistake)
    same = ours.shape == theirs.shape and np.abs(ours - theirs).max() < MISTAKEN
    assert not same


def test_other_rates_and_depths_than_the_released_ones() -> None:
    other = config(
        decoder={
            "input_channel": 10,
            "channels": 24,
            "rates": [3, 6],
            "kernel_sizes": [9, 8],
        },
        quantizer={"input_dim": 10, "codebook_size": 50, "codebook_dim": 3},
        speaker_encoder={"out_dim": 10, "latent_dim": 5, "token_num": 7, "fsq_levels": [3, 5, 4]},
        prenet={
            "input_channels": 10,
            "vocos_dim": 8,
            "vocos_intermediate_dim": 9,
            "vocos_num_layers": 3,
            "out_channels": 10,
            "condition_dim": 10,
            "sample_ratios": [1],
            "use_tanh_at_final": False,
        },
    )
    weights, who = random_weights(other, 3), (0, 59, 13, 7, 1, 2, 30)
    codes = [(code % 50,) for (code,) in steps(60)]
    whole = decode(BiCodec(other, weights), codes, 0, who)
    np.testing.assert_allclose(whole, plain_decode(other, weights, codes, who), atol=TOLERANCE)
    context = BiCodec(other, weights).context
    assert context.samples_per_step == 18
    start = 40 * 18
    window = Window(codes[context.first_step(start) :], start, 60 * 18, context.first_step(start))
    part = Window(window.steps, window.start, window.stop, window.origin, 0, who)
    (samples,) = BiCodec(other, weights).run([part])
    np.testing.assert_allclose(samples, whole[start:], atol=TOLERANCE)


def test_the_norms_add_a_millionth() -> None:
    """Seen where a norm's input is nearly nothing."""
    weights = dict(WEIGHTS)
    for name in ("weight", "bias"):
        layer = f"prenet.downsample.0.1.embed.{name}"
        weights[layer] = weights[layer] * 1e-3
    ours = decode(BiCodec(TINY, weights), steps(30), 0, ANA)
    np.testing.assert_allclose(
        ours, plain_decode(TINY, weights, steps(30), ANA), atol=5 * TOLERANCE
    )
    wrong = plain_decode(TINY, weights, steps(30), ANA, epsilon=1e-5)
    assert np.abs(ours - wrong).max() > 10 * MISTAKEN


def test_a_snake_of_no_frequency_is_the_identity() -> None:
    weights = dict(WEIGHTS)
    name = "decoder.model.2.block.2.block.0.alpha"
    weights[name] = torch.zeros_like(weights[name])
    ours = decode(BiCodec(TINY, weights), steps(9), 0, ANA)
    np.testing.assert_allclose(ours, plain_decode(TINY, weights, steps(9), ANA), atol=TOLERANCE)


def test_single_precision_is_near_enough_to_double() -> None:
    double = BiCodec(TINY, {name: tensor.double() for name, tensor in WEIGHTS.items()})
    exact = decode(double, steps(50), 0, ANA)
    np.testing.assert_allclose(decode(tiny_codec(), steps(50), 0, ANA), exact, atol=TOLERANCE)


def test_the_declared_context_is_that_of_the_two_parts() -> None:
    """A position that is no number makes none of whatever it touches: of the prenet's output 57 to
    either side, of the generator's from 3141 samples before its first one to 3460 after."""
    codec, length, at = tiny_codec(), 150, 75
    stages, names = codec.stages.stages, codec.stages.names
    split = names.index("gen_in") + 1
    speaker = Speaker.stack([codec.speakers.speaker(ANA)])

    def touched(part: slice) -> tuple[int, int]:
        held, x = length, torch.zeros(1, 16, length)
        x[..., at] = torch.nan
        for stage in stages[part]:
            x = stage.compute(x, (0, held), (0, held * stage.rate), held, speaker)
            held *= stage.rate
        where = x.isnan().any(dim=1)[0].nonzero()[:, 0] - at * (held // length)
        return int(where[0]), int(where[-1])

    with torch.inference_mode():
        assert touched(slice(split)) == (-57, 57)
        assert touched(slice(split, None)) == (-3141, 3460)
    context = codec.context
    assert context.lookahead == 57 * HOP + 3141 == 21381
    assert context.lookbehind == 57 * HOP + 3460 - (HOP - 1) == 21381


def test_each_part_computes_a_window_of_its_own() -> None:
    """Positions that each stage computes for a hop of four steps in the middle of a stream."""
    codec, middle = tiny_codec(), 100
    context = codec.context
    stop = middle * HOP
    start = stop - 4 * HOP
    first, last = context.first_step(start), context.steps_needed(stop)
    wanted = intervals(codec.stages.stages, Window(steps(last)[first:], start, stop, first))
    amounts = dict(zip(codec.stages.names, (high - low for low, high in wanted), strict=True))
    assert last - first == 4 + 2 * 67
    assert amounts["prenet.vocos_backbone.norm"] < 4 + 2 * (10 + 36) + 1
    assert amounts["gen_in"] <= 4 + 2 * 10 + 1
    assert amounts["decoder.model.1.block.4"] < 8 * (4 + 2 * 3)
    assert amounts["decoder.model.7"] == 4 * HOP


def test_a_speaker_is_computed_once_for_all_its_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = BiCodec(TINY, WEIGHTS)
    asked: list[Condition] = []
    codes = codec.speakers._codes

    def count(condition: Condition) -> torch.Tensor:
        asked.append(condition)
        return codes(condition)

    monkeypatch.setattr(codec.speakers, "_codes", count)
    for who in (ANA, BEN, ANA):
        stream = codec.open(HopSchedule(lookahead=0, hop=1), 0, who)
        for step in steps(6):
            stream.push([step])
            while stream.due:
                stream.take(codec.run([stream.job()])[0])
    assert asked == [ANA, BEN]


@settings(max_examples=examples(12))
@given(
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.integers(1, 160), min_size=1, max_size=3),
    hop=st.integers(1, 30),
)
def test_streams_of_a_scheduler_equal_offline(seed: int, lengths: list[int], hop: int) -> None:
    """Any lengths, chunkings and batches, each speaker its own."""
    draw, codec = random.Random(seed), tiny_codec()
    scheduler = CodecScheduler(codec, clock=lambda: 0.0)
    schedule = HopSchedule(codec.context.lookahead, hop=hop)
    heard, opened, left = [], [], []
    for number, length in enumerate(lengths):
        listener = Listener()
        stream = codec.open(schedule, 0, voice(number))
        playback = PlaybackClock(codec.context.sample_rate)
        opened.append(scheduler.open(stream, playback, listener))
        heard.append(listener)
        left.append(steps(length, number))
    while any(left):
        number = draw.choice([index for index, rest in enumerate(left) if rest])
        size = draw.choice([1, 2, 5, 40])
        opened[number].push(left[number][:size])
        del left[number][:size]
        if not left[number]:
            opened[number].end()
        if draw.random() < 0.3:
            scheduler.step()
    while scheduler.step():
        pass
    for number, (listener, length) in enumerate(zip(heard, lengths, strict=True)):
        offline = to_int16(decode(codec, steps(length, number), 0, voice(number)))
        pcm = listener.audio
        assert pcm.shape == offline.shape
        assert np.abs(pcm.astype(int) - offline).max() <= 1


@pytest.mark.parametrize(("lookahead", "first"), [(0, 1), (5, 6), (30, 31), (67, 68), (None, 32)])
def test_first_audio_comes_after_the_lookahead_and_a_step(
    lookahead: int | None, first: int
) -> None:
    codec = tiny_codec()
    samples = None if lookahead is None else lookahead * HOP
    stream = codec.open(HopSchedule(samples, hop=1), 0, ANA)
    pushed = 0
    while not stream.due:
        stream.push(steps(1, pushed))
        pushed += 1
    # 67 steps are 59 samples more than it sees.
    assert pushed == (first if lookahead != 67 else 67)


def heard(stream: CodecStream, given: Sequence[Step], draw: random.Random) -> np.ndarray:
    """int16 of a whole stream, pushed in any pieces."""
    parts, left = [], list(given)
    while not stream.done:
        size = draw.choice([1, 3, 20])
        stream.push(left[:size])
        del left[:size]
        if not left:
            stream.end()
        while stream.due:
            job = stream.job(draw.choice([1, 2]))
            parts.append(stream.take(tiny_codec().run([job])[0]))
    return np.concatenate(parts)


@pytest.mark.parametrize("count", [1, 37, 38, 39, 67, 68, 150])
@pytest.mark.parametrize("hop", [1, 7, 25])
def test_with_state_below_the_whole_lookahead_nothing_is_lost_or_doubled(
    count: int, hop: int
) -> None:
    """At the codec's own lookahead, where random weights have nothing more to say."""
    stream = tiny_codec().open(HopSchedule(hop=hop), 0, ANA, stateful=True)
    pcm = heard(stream, steps(count), random.Random(count))
    offline = to_int16(decode(tiny_codec(), steps(count), 0, ANA))
    assert pcm.shape == offline.shape
    assert np.abs(pcm.astype(int) - offline).max() <= 2


def test_with_state_the_generator_computes_everything_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: dict[str, list[tuple[int, int]]] = defaultdict(list)
    codec = tiny_codec()
    stages = codec.stages
    names = {id(stage): name for name, stage in zip(stages.names, stages.stages, strict=True)}
    for kind in {type(stage) for stage in stages.stages}:
        compute = kind.compute

        def note(
            self: VoicedStage, *rest: Any, compute: Callable[..., torch.Tensor] = compute
        ) -> torch.Tensor:
            computed[names[id(self)]].append(rest[2])
            return compute(self, *rest)

        monkeypatch.setattr(kind, "compute", note)
    heard(codec.open(HopSchedule(hop=5), 0, ANA, stateful=True), steps(150), random.Random(0))
    assert len(computed) == len(codec.stages.stages)
    for name in names.values():
        intervals = computed[name]
        assert intervals[0][0] == 0
        if name in codec.stages.names[-len(codec.stages.generator) :]:
            assert all(one[1] == other[0] for one, other in pairwise(intervals))
    assert computed["decoder.model.7"][-1][1] == 150 * HOP
    # The prenet goes on from what no later step can change, layer by layer.
    known = [stop for _, stop in computed["prenet.linear_pre"]]
    assert known[-1] == 150
    reach = 0
    for name, stage in zip(codec.stages.names, codec.stages.prenet, strict=False):
        reach += stage.reach
        assert [first for first, _ in computed[name]] == [max(0, k - reach) for k in [0, *known]][
            : len(known)
        ]
        lookahead = 57 - reach  # of what follows, and 28 of it are waited for
        stops = [min(k, k - 28 + lookahead) for k in known[:-1]]
        assert [stop for _, stop in computed[name]][:-1] == [
            max(stop, k - reach) for stop, k in zip(stops, known, strict=False)
        ]
    assert reach == 57


def test_with_state_a_lookahead_of_ones_own_is_refused() -> None:
    for samples in (0, 10181, 12100, 12800, 21380):
        with pytest.raises(SettingError, match=f"lookahead {samples} cannot be combined"):
            tiny_codec().open(HopSchedule(samples), 0, ANA, stateful=True)
    for allowed in (None, 12101, 21381, 30000):
        tiny_codec().open(HopSchedule(allowed), 0, ANA, stateful=True)


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (ANA[:31], "a speaker has 32 tokens, not 31"),
        ((*ANA, 5), "a speaker has 32 tokens, not 33"),
        ((4096, *ANA[1:]), "a speaker's tokens are 0 to 4095, not 4096"),
        ((*ANA[1:], -1), "a speaker's tokens are 0 to 4095, not -1"),
        (None, "a window of no speaker"),
    ],
)
def test_a_speaker_that_is_none_is_refused(who: Sequence[int] | None, says: str) -> None:
    condition = None if who is None else tuple(who)
    with pytest.raises(ValueError, match=says):
        tiny_codec().run([Window(steps(4), 0, 4 * HOP, condition=condition)])
