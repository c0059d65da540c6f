"""BiCodec's encoders against plain ones of the same weights, and against each usual mistake."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
from tensorrt_tts.codecs.bicodec.encoder_weights import load
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.plain_encode import (
    SEMANTIC_MISTAKES,
    SPEAKER_MISTAKES,
    plain_semantics,
    plain_speaker,
)
from tests.support.tiny_bicodec import write_bicodec
from tests.support.tiny_encoder import (
    FEATURES,
    TINY_ENCODING,
    encoder_weights,
    humming,
    write_encoder,
)

TOLERANCE = 2e-6
CLIP = humming(1)
HEARD = np.random.RandomState(4).standard_normal((70, FEATURES))


def double() -> dict[str, torch.Tensor]:
    return {name: tensor.double() for name, tensor in encoder_weights().items()}


@lru_cache(maxsize=1)
def exact() -> BiCodecEncoder:
    return BiCodecEncoder(TINY_ENCODING, double())


@lru_cache(maxsize=1)
def theirs(mistake: str | None = None) -> dict[str, np.ndarray]:
    return traced(mistake, SPEAKER_MISTAKES) | traced(mistake, SEMANTIC_MISTAKES)


def traced(mistake: str | None, known: tuple[str, ...]) -> dict[str, np.ndarray]:
    plain, given = (plain_speaker, CLIP) if known is SPEAKER_MISTAKES else (plain_semantics, HEARD)
    found = plain(double(), given, mistake)  # type: ignore[operator]
    return {name: tensor.numpy() for name, tensor in found.items()}


def ours(encoder: BiCodecEncoder) -> dict[str, np.ndarray]:
    return encoder.trace_speaker(CLIP) | encoder.trace_semantics(HEARD)


def test_equals_the_plain_encoding_in_double_precision() -> None:
    found = ours(exact())
    assert set(found) == {"mel", "perceiver", "glob", "z", "z_e", "semantic"}
    for name, tensor in theirs().items():
        np.testing.assert_allclose(found[name].reshape(tensor.shape), tensor, atol=1e-9)


def test_in_single_precision_the_codes_are_the_same() -> None:
    found = ours(BiCodecEncoder(TINY_ENCODING, encoder_weights()))
    for name in ("glob", "semantic"):
        np.testing.assert_array_equal(found[name].reshape(-1), theirs()[name])
    for name in ("mel", "perceiver", "z", "z_e"):
        np.testing.assert_allclose(found[name], theirs()[name], atol=1e-4)
    # Not all one code.
    assert len(set(theirs()["semantic"])) > 30
    assert len(set(theirs()["glob"])) > 20


@pytest.mark.parametrize("mistake", SPEAKER_MISTAKES)
def test_no_mistake_about_a_speaker_would_pass(mistake: str) -> None:
    wrong = traced(mistake, SPEAKER_MISTAKES)
    apart = [np.abs(wrong[name] - theirs()[name]).max() for name in ("mel", "perceiver")]
    assert max(apart) > 100 * TOLERANCE or (wrong["glob"] != theirs()["glob"]).any()


@pytest.mark.parametrize("mistake", SEMANTIC_MISTAKES)
def test_no_mistake_about_what_is_said_would_pass(mistake: str) -> None:
    wrong = traced(mistake, SEMANTIC_MISTAKES)
    latents = np.abs(wrong["z"] - theirs()["z"]).max() > 100 * TOLERANCE
    assert latents or (wrong["semantic"] != theirs()["semantic"]).any()


def test_six_seconds_are_heard_of_a_speaker_and_shorter_ones_repeated() -> None:
    long = np.concatenate([humming(6), 3 * humming(3, pitch=420)])
    assert exact().speaker(long) == exact().speaker(long[:96_000])
    assert exact().speaker(long) != exact().speaker(long[48_000:])
    short = long[70_000:110_000]
    assert exact().speaker(short) == exact().speaker(np.concatenate([short] * 3)[:96_000])
    silent = np.concatenate([short, np.zeros(56_000)])
    assert exact().speaker(short) != exact().speaker(silent)


def test_a_code_for_each_step() -> None:
    codes = exact().semantics(HEARD)
    assert codes == tuple(theirs()["semantic"])
    assert exact().semantics(HEARD[:1]) != ()


def test_a_checkpoint_as_released(tmp_path: Path) -> None:
    """Weight norm in two parts; what decodes and what nobody reads lie beside."""
    encoder = BiCodecEncoder.from_folder(write_encoder(tmp_path / "codec"))
    assert encoder.semantics(HEARD) == exact().semantics(HEARD)
    assert encoder.speaker(CLIP) == exact().speaker(CLIP)
    BiCodec.from_folder(tmp_path / "codec")


def test_every_tensor_has_a_say(tmp_path: Path) -> None:
    """Each one changed alone changes what is computed: none is loaded and left aside."""

    def briefly(weights: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
        encoder = BiCodecEncoder(TINY_ENCODING, weights)
        return encoder.trace_speaker(CLIP[:1600]) | encoder.trace_semantics(HEARD[:5])

    same = briefly(double())
    for name, tensor in encoder_weights().items():
        changed = torch.roll(tensor, 1, -1) + 0.1 * tensor.abs().max()
        found = briefly(double() | {name: changed.double()})
        assert any((found[key] != same[key]).any() for key in same), name


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("encoder.project.weight", None, "tensors missing: 1 .encoder.project.weight"),
        ("speaker_encoder.perceiver_sampler.latents", None, "missing: 1 .*sampler.latents"),
        ("quantizer.in_project.weight_g", None, "norm of quantizer.in_project lacks its magnitude"),
        ("encoder.project.bias", torch.zeros(3), r"project.bias has the shape \(3,\), not"),
        ("encoder.project.bias", torch.full((16,), np.nan), "project.bias is not finite every"),
    ],
)
def test_a_checkpoint_that_does_not_fit(tmp_path: Path, name: str, change: Any, says: str) -> None:
    folder = write_encoder(tmp_path)
    state = load_file(folder / "model.safetensors")
    del state[name]
    save_file(state if change is None else state | {name: change}, folder / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match=rf"model.safetensors'.*{says}"):
        load(folder)


@pytest.mark.parametrize(
    ("section", "change", "says"),
    [
        ("encoder", {"sample_ratios": [2, 1]}, r"encoder.sample_ratios \[2, 1\]: only ratios of 1"),
        ("encoder", {"out_channels": 17}, "encoder.out_channels 17: not quantizer.input_dim, 16"),
        ("speaker_encoder", {"input_dim": 80}, "input_dim 80: not mel_params.num_mels, 16"),
        ("mel_params", {"win_length": 1025}, "mel_params.win_length 1025: more than n_fft 1024"),
        ("mel_params", {"hop_length": 0}, "mel_params.hop_length is 0, which must be"),
        ("encoder", None, "encoder is missing"),
    ],
)
def test_a_config_that_nothing_is_encoded_by(
    tmp_path: Path, section: str, change: dict[str, Any] | None, says: str
) -> None:
    content = TINY_ENCODING.model_dump(mode="json")
    content[section] = (content[section] | change) if change else None
    if change is None:
        del content[section]
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(CorruptCheckpointError, match=rf"config.json': .*{says}"):
        load(tmp_path)


def test_a_folder_that_decodes_only(tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError, match=r"mel_params.n_fft is missing"):
        load(write_bicodec(tmp_path / "codec"))
    with pytest.raises(CheckpointNotFoundError, match="give the folder that holds BiCodec's"):
        load(tmp_path)
