import pytest

from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.errors import SettingError

SNAC = SNAC_24KHZ.context()


def test_first_hop_and_hop_are_apart() -> None:
    schedule = HopSchedule(hop=8, first_hop=3)
    assert schedule.due(SNAC, 11, 0) is None
    assert schedule.due(SNAC, 12, 0) == 1387
    assert schedule.due(SNAC, 19, 12) is None
    assert schedule.due(SNAC, 20, 12) == 20 * 512 - 4757


def test_more_lookahead_than_the_codec_sees_only_would_delay() -> None:
    assert HopSchedule(lookahead=10_000).wait(SNAC) == 4757


def test_below_full_lookahead_only_closed_frames_sound() -> None:
    assert HopSchedule(lookahead=0).due(SNAC, 6, 0) == 4 * 512
    assert HopSchedule(lookahead=0).due(SNAC, 3, 0) is None


@pytest.mark.parametrize("field", ["lookahead", "hop", "first_hop", "fade"])
def test_bad_knobs(field: str) -> None:
    with pytest.raises(SettingError, match=f"{field} -1"):
        HopSchedule(**{field: -1})
