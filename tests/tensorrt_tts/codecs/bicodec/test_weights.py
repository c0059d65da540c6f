"""BiCodec checkpoints: the released names in every form, and what is wrong with one that is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks.codecs.random_bicodec import FULL
from tensorrt_tts.codecs.base import decode
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.weights import load, shapes
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.tiny_bicodec import (
    TINY,
    config,
    random_weights,
    released,
    tiny_codec,
    voice,
    write_bicodec,
)

STEPS = [(code,) for code in (5, 0, 8191, 77, 1000, 77)]
State = dict[str, torch.Tensor]


def rewrite(folder: Path, change: Callable[[State], None]) -> None:
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


def test_a_released_checkpoint_decodes_as_its_weights_do(tmp_path: Path) -> None:
    codec = BiCodec.from_folder(write_bicodec(tmp_path))
    ours = decode(codec, STEPS, 0, voice(1))
    np.testing.assert_allclose(ours, decode(tiny_codec(), STEPS, 0, voice(1)), atol=5e-6)


def as_torch_writes_it_today(state: State) -> None:
    for name in list(state):
        for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
            if name.endswith(old):
                renamed = f"{name.removesuffix(old)}parametrizations.weight.{new}"
                state[renamed] = state.pop(name)


def already_folded(state: State) -> None:
    state.clear()
    state.update(random_weights(TINY))


def without_what_is_not_read(state: State) -> None:
    wanted = set(released(random_weights(TINY))) - set(random_weights(TINY))
    for name in wanted:
        if not name.endswith(("weight_g", "weight_v")) or "in_project" in name:
            del state[name]


@pytest.mark.parametrize(
    "change", [as_torch_writes_it_today, already_folded, without_what_is_not_read]
)
def test_every_form_decodes_alike(tmp_path: Path, change: Callable[[State], None]) -> None:
    before = decode(BiCodec.from_folder(write_bicodec(tmp_path)), STEPS, 0, voice(1))
    rewrite(tmp_path, change)
    after = decode(BiCodec.from_folder(tmp_path), STEPS, 0, voice(1))
    np.testing.assert_allclose(before, after, atol=5e-6)


def test_the_config_may_be_json_and_the_weights_a_pickle(tmp_path: Path) -> None:
    write_bicodec(tmp_path)
    (tmp_path / "config.yaml").unlink()
    (tmp_path / "config.json").write_text(TINY.model_dump_json())
    torch.save(load_file(tmp_path / "model.safetensors"), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    found, weights = load(tmp_path)
    assert found == TINY
    assert set(weights) == set(shapes(TINY))


def test_full_size_shapes() -> None:
    """96.28 M parameters, as the released model needs for decoding."""
    sizes = [int(np.prod(shape)) for shape in shapes(config()).values()]
    assert 96.0e6 < sum(sizes) < 96.3e6


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("prenet.linear.bias"), r"missing: 1 \(prenet.linear.bias\)"),
        (
            lambda state: state.pop("decoder.model.3.block.4.block.1.weight_g"),
            "the weight norm of decoder.model.3.block.4.block.1 lacks its magnitude",
        ),
        (
            lambda state: state.update({"prenet.linear.bias": torch.ones(9)}),
            r"prenet.linear.bias has the shape \(9,\), not \(16,\)",
        ),
        (
            lambda state: state["decoder.model.0.bias"].fill_(float("nan")),
            "decoder.model.0.bias is not finite",
        ),
        (
            lambda state: state.update({"decoder.model.0.extra": torch.ones(2)}),
            r"unknown: 1 \(decoder.model.0.extra\)",
        ),
        (
            lambda state: state.update({"decoder.model.6.bias": torch.ones(1, dtype=torch.int64)}),
            "decoder.model.6.bias holds torch.int64",
        ),
    ],
)
def test_weights_that_do_not_fit(
    tmp_path: Path, change: Callable[[State], None], says: str
) -> None:
    write_bicodec(tmp_path)
    rewrite(tmp_path, change)
    with pytest.raises(CorruptCheckpointError, match=says):
        BiCodec.from_folder(tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"no config.yaml or config.json.*BiCodec"):
        BiCodec.from_folder(tmp_path)
    write_bicodec(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointNotFoundError, match="no weights in folder"):
        BiCodec.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("section", "change", "says"),
    [
        ("prenet", {"sample_ratios": [1, 2]}, r"sample_ratios \[1, 2\]: only ratios of 1"),
        ("speaker_encoder", {"fsq_num_quantizers": 2}, "fsq_num_quantizers 2: one"),
        ("speaker_encoder", {"fsq_levels": []}, r"fsq_levels is \[\], too short"),
        ("speaker_encoder", {"out_dim": 7}, "out_dim 7: not prenet.input_channels, 1024"),
        ("decoder", {"rates": [8, 5, 4]}, r"kernel_sizes \[16, 11, 8, 4\]: one for each"),
        ("decoder", {"kernel_sizes": [16, 10, 8, 4]}, "kernel_sizes 10 for a rate of 5"),
        ("decoder", {"channels": 1500}, "channels 1500: halved by each of 4 blocks"),
        ("quantizer", {"codebook_size": "8192"}, "codebook_size is '8192', not a whole number"),
        ("quantizer", {"codebook_dim": 0}, "codebook_dim is 0, which must be above 0"),
    ],
)
def test_configs_that_cannot_be_decoded(
    tmp_path: Path, section: str, change: dict, says: str
) -> None:
    content = {**FULL, section: {**FULL[section], **change}}
    (tmp_path / "config.yaml").write_text(json.dumps({"audio_tokenizer": content}))
    with pytest.raises(CorruptCheckpointError, match=says):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("audio_tokenizer: [1", "is not YAML"),
        ("version: 1", "audio_tokenizer is missing"),
        ("when: 2025-01-01", "is not YAML"),
        ("- 1", "the content is"),
    ],
)
def test_files_that_are_no_config(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(CorruptCheckpointError, match=f"config.yaml'.*{says}"):
        load(tmp_path)


def test_the_context_of_the_released_config() -> None:
    context = config().context()
    assert (context.sample_rate, context.samples_per_step, context.steps_per_frame) == (
        16000,
        320,
        1,
    )
    assert (context.lookahead, context.lookbehind) == (21381, 21381)
    assert context.default_lookahead == 22 * 320 + 3141
