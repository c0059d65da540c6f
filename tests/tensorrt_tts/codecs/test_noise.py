import torch

from tensorrt_tts.codecs.noise import addressed_noise


def draw(seed: int, block: int, start: int, count: int) -> torch.Tensor:
    return addressed_noise(torch.tensor([seed]), block, torch.tensor([start]), count)[0, 0]


def test_a_position_has_one_value_whoever_asks() -> None:
    whole = draw(7, 2, 0, 1000)
    assert torch.equal(draw(7, 2, 300, 50), whole[300:350])
    both = addressed_noise(torch.tensor([1, 7]), 2, torch.tensor([5, 300]), 50)
    assert torch.equal(both[1, 0], whole[300:350])


def test_seeds_blocks_and_positions_are_unrelated() -> None:
    base = draw(7, 2, 0, 20_000)
    for other in (draw(8, 2, 0, 20_000), draw(7, 3, 0, 20_000), draw(7, 2, 1, 20_000)):
        assert abs(float(torch.corrcoef(torch.stack((base, other)))[0, 1])) < 0.03


def test_it_is_standard_normal() -> None:
    x = draw(123, 0, 0, 200_000).double()
    assert abs(float(x.mean())) < 0.01
    assert abs(float(x.std()) - 1) < 0.01
    assert abs(float((x**4).mean()) - 3) < 0.1
    assert abs(float((x.abs() < 1).double().mean()) - 0.6827) < 0.005
    assert torch.isfinite(x).all()
