from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.codecs.snac.receptive_field import reach

SNAC = SNAC_24KHZ.context()


def test_snac_24khz_sees_4757_samples_each_way() -> None:
    assert reach((8, 8, 4, 2)) == (4757, 4757)
    assert (SNAC.samples_per_step, SNAC.samples_per_frame) == (512, 2048)


def test_the_prefix_rule() -> None:
    # Tokens 14, 18, 21, 25 and 28 complete 8, 10, 12, 14 and 16 steps.
    assert [SNAC.final(steps) for steps in (8, 10, 12, 14, 16)] == [0, 363, 1387, 2411, 3435]


def test_one_frame_hops_need_six_frames() -> None:
    start = SNAC.final(40)
    assert 40 + 4 - SNAC.first_step(start) <= 24


contexts = st.builds(
    CodecContext,
    st.just(24000),
    st.integers(1, 600),
    st.integers(1, 8),
    st.integers(0, 6000),
    st.integers(0, 6000),
)


@given(context=contexts, sample=st.integers(0, 10**6))
def test_first_step_is_the_first_that_touches_the_sample(
    context: CodecContext, sample: int
) -> None:
    def touches(step: int) -> bool:
        last = (step + 1) * context.samples_per_step - 1 + context.lookbehind
        return last >= sample

    first = context.first_step(sample)
    assert touches(first)
    assert first == 0 or not touches(first - 1)


@given(context=contexts, samples=st.integers(1, 10**6))
def test_steps_needed_inverts_final(context: CodecContext, samples: int) -> None:
    needed = context.steps_needed(samples)
    assert context.final(needed) >= samples
    assert context.final(needed - 1) < samples
