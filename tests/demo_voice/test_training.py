"""What the training steps share."""

import os
import signal

import pytest
import torch

from demo_voice.training import Stop, learning_rate, save_checkpoint


def test_rates_fall_to_a_twentieth_in_the_last_two_fifths() -> None:
    assert learning_rate(0.0, 2.0) == learning_rate(0.6, 2.0) == 2.0
    rates = [learning_rate(0.6 + share / 50, 2.0) for share in range(21)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == learning_rate(1.5, 2.0) == pytest.approx(0.1)


def test_a_step_that_is_told_to_end_notices() -> None:
    before, stop = signal.getsignal(signal.SIGTERM), Stop()
    try:
        stop.install()
        assert not stop.asked
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_checkpoint_is_replaced_whole(tmp_path) -> None:
    path = tmp_path / "codec" / "ckpt.pt"
    save_checkpoint(path, {"step": 1})

    class Broken:
        def __reduce__(self) -> str:
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        save_checkpoint(path, {"step": Broken()})
    assert torch.load(path) == {"step": 1}
