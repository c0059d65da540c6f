"""Hops replayed as graphs, on a double that records what torch does, are the hops launched anew."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs import graph_replay
from tensorrt_tts.codecs.base import Window, decode
from tensorrt_tts.codecs.graph_replay import CAPTURE_FROM, GraphReplays
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tensorrt_tts.codecs.snac.stages import SnacStages
from tensorrt_tts.stream_options import StreamOptions
from tests.support import fake_graphs
from tests.support.fake_graphs import FakeGraph
from tests.support.snac_codecs import tiny_codec

DEVICE = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def graphs() -> Iterator[type[FakeGraph]]:
    with pytest.MonkeyPatch.context() as patched:
        yield fake_graphs.install(patched)


def replaying(codec: SnacCodec) -> SnacCodec:
    found = copy.copy(codec)
    found.replays = GraphReplays(DEVICE)
    return found


def window(origin: int, hops: int, seed: int) -> Window:
    """Of a stream of random codes; those of one `hops` that do not begin it are of one kind."""
    codec = tiny_codec()
    context, frame = codec.context, codec.context.samples_per_frame
    start = 0 if origin == 0 else (origin + 12) * context.samples_per_step
    stop = start + hops * frame
    last = context.steps_needed(stop)
    first = 0 if origin == 0 else context.first_step(start)
    codes = np.random.default_rng([origin, hops, seed]).integers(0, 40, (last - first, 3))
    return Window([tuple(row) for row in codes.tolist()], start, stop, first, seed)


windows = st.builds(window, st.sampled_from([0, 40, 44, 400]), st.integers(1, 2), st.integers(0, 9))


@settings(max_examples=25)
@given(st.lists(st.lists(windows, min_size=1, max_size=5), min_size=1, max_size=6))
def test_whatever_comes_in_whatever_order(batches: list[list[Window]]) -> None:
    """To float rounding: a batch is filled up, and its other rows turn nothing over."""
    plain, codec = tiny_codec(), replaying(tiny_codec())
    heard = [codec.run(batch) for batch in batches + batches + batches]
    for batch, ours in zip(batches + batches + batches, heard, strict=True):  # not overwritten
        for one, other in zip(ours, plain.run(batch), strict=True):
            np.testing.assert_allclose(one, other, atol=1 / 32767)
    assert codec.replays is not None
    assert len(codec.replays) > 0


def test_what_comes_once_is_never_captured(graphs: type[FakeGraph]) -> None:
    codec = replaying(tiny_codec())
    assert codec.replays is not None
    asked = [window(40, 1, 0)]
    for times in range(1, CAPTURE_FROM + 3):
        codec.run([window(0, times, 0)])
        codec.run(asked)
        assert len(codec.replays) == int(times >= CAPTURE_FROM)


def test_batches_of_a_size_share_a_graph() -> None:
    codec = replaying(tiny_codec())
    assert codec.replays is not None
    for count in (5, 6, 7, 8, 3, 4):
        codec.run([window(40, 1, seed) for seed in range(count)])
    assert len(codec.replays) == 1
    codec.run([window(40, 1, seed) for seed in range(3)])
    assert len(codec.replays) == 2


def test_what_would_gain_nothing_is_never_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = replaying(tiny_codec())
    assert codec.replays is not None
    monkeypatch.setattr(graph_replay, "MAX_SAMPLES", 2 * codec.context.samples_per_frame)
    for _ in range(2 * CAPTURE_FROM):
        codec.run([window(40, 1, seed) for seed in range(3)])
    assert len(codec.replays) == 0
    for _ in range(CAPTURE_FROM):
        codec.run([window(40, 1, seed) for seed in range(2)])
    assert len(codec.replays) == 1


def test_once_prepared_a_stream_launches_nothing_before_its_end() -> None:
    codec, options = replaying(tiny_codec()), StreamOptions()
    assert codec.replays is not None
    codec.max_batch = 2
    codec.prepare(options.schedule)
    kept, launched = len(codec.replays), 0

    class Counted(SnacStages):
        def embed(self, codes: torch.Tensor) -> torch.Tensor:
            nonlocal launched
            launched += 1
            return super().embed(codes)

    codec.stages = copy.copy(codec.stages)
    codec.stages.__class__ = Counted
    stream = codec.open(options.schedule, 7)
    steps = [tuple(row) for row in np.random.default_rng(0).integers(0, 40, (80, 3)).tolist()]
    heard, at = [], 0
    for joined in (1, 1, 1, 1, 2, 4, 1, 2):
        while stream.due < joined:
            stream.push(steps[at : at + 1])
            at += 1
        heard += [stream.take(codec.run([stream.job(joined)] * 2)[1])]
    assert (launched, len(codec.replays)) == (0, kept)
    stream.end()
    heard += [stream.take(codec.run([stream.job()])[0])]
    assert launched == 1
    whole = to_int16(decode(tiny_codec(), steps[:at], 7))
    np.testing.assert_allclose(np.concatenate(heard), whole, atol=1)


def test_without_a_gpu_there_is_nothing_to_prepare() -> None:
    codec = tiny_codec()
    codec.prepare(StreamOptions().schedule)
    assert codec.replays is None


def test_a_capture_is_of_its_thread_and_shares_the_memory(graphs: type[FakeGraph]) -> None:
    codec = replaying(tiny_codec())
    for hops in (1, 2):
        for _ in range(CAPTURE_FROM):
            codec.run([window(40, hops, 0)])
    assert graphs.modes[-2:] == ["thread_local"] * 2
    assert graphs.pools[-2:] == ["pool"] * 2


def test_the_least_recently_used_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_replay, "MAX_GRAPHS", 2)
    replays = GraphReplays(DEVICE)

    def twice(kind: int) -> int:
        """How many operations were launched for the last of some calls."""
        launched = 0

        def compute(x: torch.Tensor) -> torch.Tensor:
            nonlocal launched
            launched += 1
            return x * kind

        for _ in range(CAPTURE_FROM):
            found = replays(kind, compute, [torch.tensor([2.0, 3.0])])
            np.testing.assert_array_equal(found, [2 * kind, 3 * kind])
        launched = 0
        replays(kind, compute, [torch.tensor([2.0, 3.0])])
        return launched

    assert [twice(kind) for kind in (1, 2, 1, 3)] == [0, 0, 0, 0]
    assert len(replays) == 2
    assert twice(1) == 0
    assert len(replays) == 2


def test_a_codec_that_waits_for_its_device_is_found_out() -> None:
    """As on a GPU; and the next call is launched as the first one was."""
    replays = GraphReplays(DEVICE)

    def waits(x: torch.Tensor) -> torch.Tensor:
        return x * float(x.sum())

    for _ in range(CAPTURE_FROM - 1):
        replays("waits", waits, [torch.ones(2)])
    with pytest.raises(RuntimeError, match="capturing"):
        replays("waits", waits, [torch.ones(2)])
    assert len(replays) == 0
    for _ in range(CAPTURE_FROM):
        np.testing.assert_array_equal(replays("waits", waits, [torch.ones(2)]), [2, 2])
    np.testing.assert_array_equal(replays("fine", lambda x: x + 1, [torch.ones(2)]), [2, 2])
