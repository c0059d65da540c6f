from dataclasses import replace

import pytest

from benchmarks.prompts import Prompt
from benchmarks.speech.streaming_quality import judge, streaming_quality, table
from tensorrt_tts.codecs.stability import Comparison
from tensorrt_tts.loading import open_synthesizer
from tests.support.tiny_orpheus import tiny_model_folders

EXACT = Comparison("streamed", 4096, 0, 1e-12, 1e-5, 1, 1.0, 1.0, 18)


def test_the_usual_limits_are_looser_than_ours():
    assert (judge("p", EXACT).usual, judge("p", EXACT).exact) == (True, True)
    near = replace(EXACT, mse=1e-5, max_difference=0.1, max_lsb=3277, correlation=0.999)
    assert (judge("p", near).usual, judge("p", near).exact) == (True, False)


@pytest.mark.parametrize(
    "change",
    [
        {"mse": 1e-3},
        {"max_difference": 0.5},
        {"correlation": 0.998},
        {"std_ratio": 0.95},
        {"std_ratio": 1.06},
        {"missing": 2048},
    ],
)
def test_each_limit_bites(change):
    assert not judge("p", replace(EXACT, **change)).usual


async def test_the_toolkit_streams_exactly_what_it_decodes_in_one_piece():
    model, codec = tiny_model_folders()
    synthesizer = open_synthesizer(str(model), codec=str(codec))
    try:
        rows = await streaming_quality(synthesizer, [Prompt("a", "Hello.", "en")], None)
    finally:
        await synthesizer.close()
    assert rows[0].comparison.samples > 0
    assert rows[0].exact
    assert rows[0].usual
    assert table(rows, 24000).count("\n") == 1
