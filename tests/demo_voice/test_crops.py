import numpy as np

from demo_voice.crops import Draw


def counted(draw: Draw, balanced: bool) -> list[float]:
    picked = draw(np.random.default_rng(0), 4000, balanced)
    return (np.bincount(picked, minlength=4) / 4000).tolist()


def test_seconds_count_the_same_or_voices_do() -> None:
    draw = Draw([10, 20, 60, 10], ["heart", "heart", "heart", "hf_alpha"])
    assert np.allclose(counted(draw, False), [0.1, 0.2, 0.6, 0.1], atol=0.03)
    assert np.allclose(counted(draw, True), [0.5 / 9, 1 / 9, 3 / 9, 0.5], atol=0.03)


def test_of_one_voice_both_are_the_same() -> None:
    draw = Draw([5, 1, 3, 7], ["heart"] * 4)
    assert counted(draw, False) == counted(draw, True)
