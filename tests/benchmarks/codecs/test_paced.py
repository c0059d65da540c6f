"""A listener to whom tokens come at a pace."""

import numpy as np
import pytest

from benchmarks.codecs.coded import coded_bicodec, open_bicodec
from benchmarks.codecs.paced import listen
from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.baselines import Baseline, RecentWindow
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder, decode_offline
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.stability import run

FRAMES = 300
SERVED = HopSchedule(first_hop=3)


@pytest.fixture(scope="module")
def coded():
    return coded_bicodec(open_bicodec("bicodec/32", "cpu"))


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("pace", [1.05, 1.5, 3.0])
def test_hops_that_come_together_are_the_same_audio_in_fewer_jobs(coded, stateful, pace):
    """Equal to the offline decode within a step, and nobody runs dry who would not have hop by
    hop."""
    ids = coded.ids(FRAMES)
    offline = decode_offline(ids, coded.parser(), coded.codec)
    grown, each = (
        listen(coded.codec, coded.parser(), ids, SERVED, stateful, gathers=gathers, pace=pace)
        for gathers in (True, False)
    )
    for heard in (grown, each):
        assert len(heard.pcm) == len(offline)
        assert np.abs(heard.pcm.astype(int) - offline).max() <= 1
    assert grown.first_tokens == each.first_tokens
    assert grown.dry_s == pytest.approx(each.dry_s, abs=1e-9)
    assert each.jobs == pytest.approx(FRAMES / 4, rel=0.15)
    assert grown.jobs < each.jobs / {1.05: 1.0, 1.5: 2.0, 3.0: 3.0}[pace]
    assert len(grown.borders) == len(grown.chunks) - 1
    assert grown.borders[0] == len(grown.chunks[0])


def test_one_hop_at_a_time_is_what_one_thread_decodes(coded):
    ids = coded.ids(FRAMES)
    heard = listen(coded.codec, coded.parser(), ids, SERVED, gathers=False)
    audio, first = run(LookaheadStreamingDecoder(coded.codec, coded.parser(), SERVED), ids)
    np.testing.assert_array_equal(heard.pcm, audio)
    assert heard.first_tokens == first


def test_a_usual_policy_gathers_nothing_and_its_listener_runs_dry(coded):
    """Ten steps, then 48 at once: 0.64 s at one and a half times real time, of 0.2 s to play."""
    ids = coded.ids(FRAMES)
    heard = listen(Baseline(coded.codec, RecentWindow), coded.parser(), ids, SERVED)
    assert heard.first_tokens == 32 + RecentWindow.FIRST
    assert heard.dry_s == pytest.approx(48 * 0.02 / 1.5 - 0.15, abs=1e-6)  # 50 ms are held back
    assert heard.jobs == 1 + (FRAMES - 10) // 48 + 1


def test_no_steps_are_no_audio(coded):
    heard = listen(coded.codec, coded.parser(), coded.ids(0), SERVED)
    assert (heard.chunks, heard.borders, heard.first_tokens) == ([], [], None)
    assert len(heard.pcm) == len(to_int16(np.zeros(0))) == 0
