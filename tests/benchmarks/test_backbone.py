import pytest

from benchmarks.backbone import _Delivery, backbone_rates, steady_rate, table
from benchmarks.ceilings import Ceilings, ceilings
from benchmarks.device_run import measured_roofline, production_sampling
from benchmarks.engine_double import EngineDouble
from tensorrt_tts.errors import BackendError


def test_only_the_stretch_in_which_all_streams_run_counts():
    early = [_Delivery(0.0, 1), _Delivery(1.0, 10), _Delivery(2.0, 10), _Delivery(3.0, 10)]
    late = [_Delivery(1.0, 1), _Delivery(2.0, 5), _Delivery(9.0, 50)]
    assert steady_rate([early, late], 2) == (10 + 10 + 5) / 2.0


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
    lines: list[str] = []
    found = await backbone_rates(
        EngineDouble(rate), production_sampling(200), roofline, (1, 4), lines.append
    )
    assert [r.batch for r in found] == [1, 4]
    assert len(lines) == 2
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


def test_ceilings_of_this_machine():
    found = ceilings("cpu", repeats=3)
    assert 0.2 < found.bandwidth < 2000
    assert 0.001 < found.tflops < 100
