import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tensorrt_tts.audio.bandwidth.weights import check, load
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.tiny_extension import TINY, tiny_weights, write_extension, write_safetensors


@pytest.mark.parametrize("write", [write_extension, write_safetensors])
def test_every_form_that_it_comes_in(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    folder = write(tmp_path)
    check(folder)
    config, weights = load(folder)
    assert (config.channels, config.layers) == (6, 2)
    expected = tiny_weights()
    assert set(weights) == set(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(weights[name], tensor)


def test_weight_norm_is_folded(tmp_path: Path) -> None:
    state = tiny_weights()
    direction = state.pop("conv_pre_mag.weight")
    state["conv_pre_mag.weight_v"] = direction
    state["conv_pre_mag.weight_g"] = torch.full((6, 1, 1), 2.0)
    (tmp_path / "config.json").write_text(json.dumps(TINY))
    torch.save({"generator": state}, tmp_path / "g_16kto48k")
    _, weights = load(tmp_path)
    norms = weights["conv_pre_mag.weight"].flatten(1).norm(dim=1)
    np.testing.assert_allclose(norms, 2.0, rtol=1e-6)


def test_without_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY))
    for act in (check, load):
        with pytest.raises(CheckpointNotFoundError, match=r"expected one of .*g_16kto48k"):
            act(tmp_path)


def lacking(state: dict[str, torch.Tensor]) -> None:
    del state["convnext_pha.1.gamma"]


def too_wide(state: dict[str, torch.Tensor]) -> None:
    state["linear_post_mag.weight"] = torch.zeros(513, 7)


def unknown(state: dict[str, torch.Tensor]) -> None:
    state["convnext_pha.2.gamma"] = torch.zeros(6)


def infinite(state: dict[str, torch.Tensor]) -> None:
    state["norm_post_pha.bias"][2] = torch.inf


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lacking, r"tensors missing: 1 \(convnext_pha.1.gamma\)"),
        (too_wide, r"linear_post_mag.weight has the shape \(513, 7\), not \(513, 6\)"),
        (unknown, r"unknown: 1 \(convnext_pha.2.gamma\)"),
        (infinite, "norm_post_pha.bias is not finite everywhere"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path, spoil: Callable[[dict[str, torch.Tensor]], None], said: str
) -> None:
    folder, state = write_extension(tmp_path), tiny_weights()
    spoil(state)
    torch.save({"generator": state}, folder / "g_16kto48k")
    with pytest.raises(CorruptCheckpointError, match=said):
        load(folder)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    folder = write_extension(tmp_path)
    (folder / "g_16kto48k").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(CorruptCheckpointError, match="Git LFS pointer"):
        load(folder)
    (folder / "model.safetensors").write_bytes(b"none")
    with pytest.raises(CorruptCheckpointError, match="cannot be loaded"):
        check(folder)
