"""Hops that come together while their listener has enough to play."""

from __future__ import annotations

import numpy as np
import pytest

from tensorrt_tts.audio.pcm import to_int16
from tensorrt_tts.codecs.base import decode
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.scheduler import SHARED_HOPS
from tests.support.codec_desk import VOICE, Desk
from tests.support.toy_family import RATE, STEP


def gathering(desk: Desk, steps: int) -> None:
    desk.scheduler.gather = steps * STEP


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("pace", [1.0, 1.1, 1.5, 4.0])
def test_the_hop_grows_with_the_listeners_lead(desk: Desk, pace: float, beside: bool) -> None:
    """Whatever the pace at which steps come, in real time, of a codec that wants it and of any
    codec beside another stream: nobody runs dry who would not have hop by hop, the audio is the
    same, and the faster they come the fewer jobs there are."""
    if beside:
        desk.open("b")
    else:
        gathering(desk, 16)
    stream = desk.open("a")
    for step in range(400):
        desk.clock.now += STEP / RATE / pace
        stream.push([(step % 64,)])
        desk.drain()
    stream.end()
    desk.drain()
    stats = desk.scheduler.stats
    assert stats.late_s == pytest.approx(0.0, abs=1e-6)
    assert stats.worst_wait_s == 0.0
    assert stats.hops == 400
    most = {1.0: 400, 1.1: 150, 1.5: 60, 4.0: 50}[pace]
    assert stats.jobs <= (max(most, 170) if beside else most)
    lengths = {len(pcm) // STEP for pcm in desk.heard["a"].pcm[:-1]}
    assert lengths <= ({1, 2, SHARED_HOPS} if beside else {1, 2, 4, 8, 16})
    whole = decode(desk.codec, [(step % 64,) for step in range(400)], ord("a"), VOICE)
    np.testing.assert_array_equal(desk.heard["a"].audio, to_int16(whole))


def test_none_gathers_alone_and_each_does_beside_another(desk: Desk) -> None:
    desk.open("a").push([(1,)] * 100)
    desk.step()
    desk.push("a", 1)
    assert desk.step() == [("a", 1)]
    beside = desk.open("b")
    desk.push("a", SHARED_HOPS - 1)
    assert desk.step() == []
    desk.push("a", 1)
    assert desk.step() == [("a", SHARED_HOPS)]
    desk.push("a", 1)
    assert desk.step() == []
    beside.cancel()
    assert desk.step() == [("a", 1)]


def test_what_gathers_is_decoded_when_half_of_the_lead_is_played(desk: Desk) -> None:
    gathering(desk, 16)
    stream = desk.open("a")
    stream.push([(1,)] * 9)  # one hop
    assert desk.step() == [("a", 9)]
    desk.push("a", 3)
    assert desk.step() == []
    assert stream.due_since is None
    desk.clock.now += 2 * STEP / RATE  # seven steps to play, three due
    assert desk.step() == []
    desk.clock.now += 1.01 * STEP / RATE
    assert desk.step() == [("a", 2)]
    assert desk.step() == []  # and the third has a new lead to wait for
    stream.end()
    assert desk.step() == [("a", 1)]
    assert desk.heard["a"].end == [None]


def test_what_gathers_goes_along_and_never_leads(desk: Desk) -> None:
    gathering(desk, 16)
    for name, steps in (("a", 20), ("b", 8)):
        desk.open(name).push([(1,)] * steps)
        desk.step()
    desk.push("a", 4)
    desk.push("b", 3)
    assert desk.step() == []
    desk.push("b", 1)
    assert desk.step() == [("b", 4), ("a", 4)]
    stats = desk.scheduler.stats
    assert (stats.batches, stats.wait_s) == (3, 0.0)


def test_no_more_is_gathered_than_the_codec_wants(desk: Desk) -> None:
    gathering(desk, 16)
    desk.open("a").push([(1,)] * 100)
    desk.step()
    desk.push("a", 15)
    assert desk.step() == []
    desk.push("a", 1)
    assert desk.step() == [("a", 16)]
    desk.open("b", schedule=HopSchedule(hop=10)).push([(1,)] * 100)
    desk.step()
    desk.streams["b"].push([(1,)] * 10)
    assert desk.step() == []
    desk.streams["b"].push([(1,)] * 10)  # two are more, one after the other is not
    assert desk.step() == [("b", 20)]


def test_a_paused_listener_lets_it_gather(desk: Desk) -> None:
    gathering(desk, 16)
    stream = desk.open("a")
    stream.push([(1,)] * 9)
    desk.step()
    stream.playback.pause(desk.clock.now)
    desk.push("a", 3)
    desk.clock.now += 1000
    assert desk.step() == []
    stream.playback.resume(desk.clock.now)
    desk.clock.now += 5 * STEP / RATE
    assert desk.step() == [("a", 2)]
