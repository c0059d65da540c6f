"""BiCodec's encoders against tensors of the official code on seeded weights, where they are at
hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
from tensorrt_tts.codecs.bicodec.encoder_config import EncodingConfig
from tensorrt_tts.codecs.bicodec.encoder_weights import load, shapes
from tensorrt_tts.files import read_json
from tests.support.golden import golden, recipe_weights
from tests.support.plain_encode import (
    SEMANTIC_MISTAKES,
    SPEAKER_MISTAKES,
    plain_semantics,
    plain_speaker,
)

TOLERANCE = 1e-5
"""Stated with the data, for features; ids are exact."""

ROWS = (0, 1)
EVERY = 4
"""The stored spectrogram has every fourth frame."""


@cache
def recordings() -> list[np.ndarray]:
    """What the data's README says was encoded, 6 s of each."""
    t = np.arange(96_000) / 16_000
    draw = np.random.RandomState(77)
    return [
        0.3
        * np.sin(2 * np.pi * (150 + 60 * row) * t + 3 * np.sin(6 * np.pi * t))
        * (1 + np.sin(4.6 * np.pi * t))
        / 2
        + 0.02 * draw.standard_normal(96_000)
        for row in ROWS
    ]


def checkpoint(folder: Path, size: str) -> Path:
    """Of the recipe, as it is released: with everything that decodes, too."""
    source = golden("spark")
    recipe = json.loads((source / "recipe.json").read_text())
    keys = json.loads((source / f"{size}_keys.json").read_text())
    weights = recipe_weights(keys, recipe["rules"], recipe[f"seed_{size}"])
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text((source / f"{size}_config.json").read_text())
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("codec"), "small")


def case() -> dict[str, np.ndarray]:
    return dict(np.load(golden("spark") / "small_encode_b2.npz"))


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("double", [False, True])
def test_every_stored_tensor(small: Path, row: int, double: bool) -> None:
    config, weights = load(small)
    if double:
        weights = {name: tensor.double() for name, tensor in weights.items()}
    encoder, stored = BiCodecEncoder(config, weights), case()
    speaker = encoder.trace_speaker(recordings()[row].astype(np.float32))
    semantics = encoder.trace_semantics(stored["feat"][row])
    for ours, theirs in (
        (speaker["mel"][:, ::EVERY], stored["mel"][row]),
        (speaker["perceiver"], stored["perceiver"][row]),
        (semantics["z"], stored["z"][row]),
        (semantics["z_e"], stored["z_e"][row]),
    ):
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)
    assert encoder.speaker(recordings()[row]) == tuple(stored["glob"][row, 0])
    assert encoder.semantics(stored["feat"][row]) == tuple(stored["semantic"][row])


def differs(found: dict[str, torch.Tensor], row: int) -> dict[str, float]:
    """By tensor, the largest difference of what is stored."""
    stored = case()
    return {
        name: float(
            np.abs(
                (tensor.numpy()[:, ::EVERY] if name == "mel" else tensor.numpy()).astype(float)
                - stored[name][row].reshape(stored[name][row].squeeze().shape)
            ).max()
        )
        for name, tensor in found.items()
    }


@pytest.mark.parametrize("mistake", [None, *SPEAKER_MISTAKES])
def test_each_mistake_about_a_speaker_is_seen_in_their_tensors(
    small: Path, mistake: str | None
) -> None:
    """The plain encoding, with which the other tests compare, is theirs; no wrong one is."""
    _, weights = load(small)
    found = differs(plain_speaker(weights, recordings()[0].astype(np.float32), mistake), 0)
    wrong = [
        name for name, error in found.items() if error > (0 if name == "glob" else 2 * TOLERANCE)
    ]
    assert bool(wrong) == (mistake is not None), found


@pytest.mark.parametrize("mistake", [None, *SEMANTIC_MISTAKES])
def test_each_mistake_about_what_is_said_is_seen_in_their_tensors(
    small: Path, mistake: str | None
) -> None:
    _, weights = load(small)
    found = differs(plain_semantics(weights, case()["feat"][0], mistake), 0)
    wrong = [
        name
        for name, error in found.items()
        if error > (0 if name == "semantic" else 2 * TOLERANCE)
    ]
    assert bool(wrong) == (mistake is not None), found


def test_every_tensor_has_its_name_and_shape_in_a_full_size_checkpoint() -> None:
    source = golden("spark")
    config = read_json(source / "full_config.json", EncodingConfig)
    theirs = json.loads((source / "full_keys.json").read_text())
    wanted = shapes(config)
    for name, shape in wanted.items():
        stored = theirs.get(name) or theirs[f"{name}_v"]
        assert tuple(stored) == shape, name
    # And none of the encoders is left out but what makes a vector that becomes no token.
    encoding = ("encoder.", "speaker_encoder.speaker_encoder.", "speaker_encoder.perceiver")
    unread = {
        name
        for name in theirs
        if name.startswith(encoding) and name not in wanted and "num_batches" not in name
    }
    vector = ("pool.", "bn.", "linear.")
    assert all(name.split("speaker_encoder.")[-1].startswith(vector) for name in unread)


@pytest.mark.slow
def test_full_size(tmp_path: Path) -> None:
    """No tensor of a full-size encoding is stored: the plain one in double precision, which is
    theirs in the small size, says what is right."""
    config, weights = load(checkpoint(tmp_path, "full"))
    encoder = BiCodecEncoder(config, weights)
    double = {name: tensor.double() for name, tensor in weights.items()}
    heard = np.random.RandomState(5).standard_normal((100, config.encoder.input_channels))
    ours = encoder.trace_speaker(recordings()[0]) | encoder.trace_semantics(heard)
    theirs = plain_speaker(double, recordings()[0]) | plain_semantics(double, heard)
    for name, tensor in theirs.items():
        error = np.abs(ours[name].reshape(tensor.shape) - tensor.numpy()).max()
        print(name, error)
        assert error <= (0 if name in ("glob", "semantic") else TOLERANCE), name
