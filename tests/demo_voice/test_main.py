import pytest

from demo_voice.__main__ import MINUTES, parser, with_times


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_training_times_follow_from_the_device_unless_given(device: str) -> None:
    args = with_times(parser().parse_args(["train", "--device", device, "--lm-minutes", "3"]))
    assert args.lm_minutes == 3
    assert args.codec_minutes == MINUTES[device]["codec_minutes"]


def test_a_step_without_training_has_no_times() -> None:
    assert not hasattr(with_times(parser().parse_args(["export"])), "lm_minutes")
