import copy
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.device.backbone import _Delivery, backbone_rates, steady_rate, table
from benchmarks.device.ceilings import Ceilings, ceilings, copy_time, product_time
from benchmarks.device.codec_rates import codec_rates, hop_windows
from benchmarks.device.codec_rates import table as codec_table
from benchmarks.device.run import measured_roofline, production_sampling
from benchmarks.doubles.engine_double import EngineDouble
from tensorrt_tts.codecs.graph_replay import GraphReplays
from tensorrt_tts.errors import BackendError
from tests.support import fake_graphs
from tests.support.snac_codecs import tiny_codec


def test_only_the_stretch_in_which_all_streams_run_counts():
    early = [_Delivery(float(n), 10) for n in range(4)]
    late = [_Delivery(1.0, 1), _Delivery(2.0, 5), _Delivery(3.5, 15)]
    # From 1 to 3 s: 20 of the early one, 5 and two thirds of 15 of the late one.
    assert steady_rate([early, late], 2) == pytest.approx((20 + 5 + 10) / 2.0)


def test_streams_of_one_step_lose_nothing_by_being_delivered_one_after_another():
    def stream(index):
        return [_Delivery(0.0875 * n + 1e-5 * index, 7) for n in range(20)]

    streams = [stream(index) for index in range(256)]
    assert steady_rate(streams, 256) == pytest.approx(256 * 80, rel=1e-9)


@pytest.mark.parametrize(
    "streams",
    [
        [[_Delivery(0.0, 1), _Delivery(1.0, 9)], [_Delivery(2.0, 1), _Delivery(3.0, 9)]],
        [[_Delivery(0.0, 1)], []],
    ],
)
def test_streams_that_never_ran_together_have_no_rate(streams):
    with pytest.raises(BackendError):
        steady_rate(streams, 2)


async def test_rates_of_an_engine_that_is_as_fast_as_it_says():
    rate = 400.0
    roofline = measured_roofline("orpheus-3b", Ceilings(4000.0, 800.0, 1, 1, 1))
    rates = backbone_rates(EngineDouble(rate), production_sampling(200), roofline, (1, 4))
    found = [one async for one in rates]
    assert [r.batch for r in found] == [1, 4]
    assert len(table(found).splitlines()) == 3
    for one in found:
        # A late step makes the engine slower, never faster; the machine may be busy.
        assert 0.3 * rate < one.per_stream < 1.1 * rate
        assert one.tokens_per_s == pytest.approx(one.batch * one.per_stream)
        assert one.step_ms == pytest.approx(1000 / one.per_stream)
        assert one.share == pytest.approx(one.tokens_per_s / one.bound_tokens_per_s)
    # By hand: 28 layers × (3072·(2·3072 + 2·1024) + 3·3072·8192) weights, a head of 156940 × 3072
    # and the norms, 2 bytes each, once a step at 4000 GB/s; the cache of 160 ids adds 0.3 %.
    assert found[0].bound_tokens_per_s == pytest.approx(4000e9 / 6.6e9, rel=0.01)


def test_fp8_is_held_against_half_the_layers_bytes():
    """By hand: 2.819e9 bytes of layers, and 0.964e9 of the 16-bit head."""
    roofline = measured_roofline("orpheus-3b", Ceilings(4000.0, 800.0, 1, 1, 1), "fp8")
    assert roofline.rate(1, 0).ceiling == pytest.approx(4000e9 / 3.783e9, rel=0.01)


def test_what_was_measured_with_is_given_back(monkeypatch):
    """Else vLLM does not find the share of the memory that it asks for."""
    alive, kept = [], []
    zeros, randn = torch.zeros, torch.randn

    def watched(make):
        def made(*arguments, **options):
            tensor = make(*arguments, **options)
            alive.append(weakref.ref(tensor))
            return tensor

        return made

    monkeypatch.setattr(torch, "zeros", watched(zeros))
    monkeypatch.setattr(torch, "randn", watched(randn))
    monkeypatch.setattr(
        torch.cuda, "empty_cache", lambda: kept.append([ref for ref in alive if ref() is not None])
    )
    monkeypatch.setattr("benchmarks.device.ceilings.median_time", lambda work, device, repeats: 1.0)
    ceilings("cpu", repeats=1)
    assert len(alive) == 2
    assert kept == [[], []]


def test_what_is_timed_takes_time():
    """How much, depends on who else is here. Smaller than what is measured: that takes seconds."""
    assert copy_time("cpu", 1 << 20, repeats=1) > 0
    assert product_time("cpu", 64, repeats=1) > 0


def test_ceilings_of_this_machine(monkeypatch):
    monkeypatch.setattr("benchmarks.device.ceilings.median_time", lambda work, device, repeats: 0.5)
    found = ceilings("cpu", repeats=1)
    assert found.bandwidth == pytest.approx(2 * 2**28 / 0.5 / 1e9)
    assert found.tflops == pytest.approx(2 * 1024**3 / 0.5 / 1e12)


def test_codec_rates_by_batch():
    found = list(codec_rates(tiny_codec(), (1, 3), repeats=2))
    assert [rate.batch for rate in found] == [1, 3]
    frame_ms = 1000 * 2048 / 24000
    for rate in found:
        assert rate.streams == pytest.approx(rate.batch * frame_ms / rate.ms)
        assert rate.launched_ms is None  # nothing is replayed on a CPU
        assert rate.stateful_ms > 0
    assert len(codec_table(found).splitlines()) == 3


def test_codec_rates_of_graphs_stand_beside_those_of_launches(monkeypatch):
    fake_graphs.install(monkeypatch)
    codec = copy.copy(tiny_codec())
    codec.replays = GraphReplays(codec.device)
    (rate,) = codec_rates(codec, (2,), repeats=3)
    assert rate.launched_ms > 0
    assert len(codec.replays) == 1  # and what was launched made none


def test_the_measured_windows_are_those_of_a_stream():
    """The frame they ask for is exact: they hold every step that it depends on."""
    codec = tiny_codec()
    (window,) = hop_windows(codec, 1)
    longer = replace(window, steps=[(0, 0, 0), *window.steps], origin=window.origin - 1)
    exact, same = codec.run([window]) + codec.run([longer])
    assert len(exact) == 2048
    np.testing.assert_allclose(exact, same, atol=1e-5)
