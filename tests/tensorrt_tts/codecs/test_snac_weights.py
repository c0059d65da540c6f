import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tensorrt_tts.codecs import snac_weights
from tensorrt_tts.codecs.context import decode
from tensorrt_tts.codecs.snac import SnacCodec
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.tiny_snac import TINY, write_snac


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_snac(tmp_path / "codec")


@pytest.mark.parametrize("form", ["normed bin", "folded bin", "folded safetensors"])
def test_every_form_of_checkpoint_decodes_alike(tmp_path: Path, form: str) -> None:
    torch.manual_seed(1)
    model = snac_weights.build(TINY)
    steps = [(1, 2, 3), (1, 2, 4), (1, 5, 6), (1, 5, 7)] * 3
    if form != "normed bin":
        snac_weights.fold(model)
    state = snac_weights.state_without_encoder(model)
    if form.endswith("bin"):
        torch.save(state, tmp_path / "pytorch_model.bin")
    else:
        from safetensors.torch import save_file

        save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(TINY.model_dump()))
    loaded = decode(SnacCodec.from_folder(tmp_path), steps)
    built = decode(SnacCodec(TINY, model.eval().requires_grad_(False)), steps)
    np.testing.assert_allclose(loaded, built, atol=1e-6)


def test_no_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"no config\.json in codec folder"):
        snac_weights.load(tmp_path)


def test_no_weights(folder: Path) -> None:
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(CheckpointNotFoundError, match="no weights"):
        snac_weights.load(folder)


@pytest.mark.parametrize("name", snac_weights.WEIGHT_FILES)
def test_cut_weights(folder: Path, name: str) -> None:
    (folder / "pytorch_model.bin").unlink()
    (folder / name).write_bytes(b"\x80garbage")
    with pytest.raises(CorruptCheckpointError, match="cannot be read as weights"):
        snac_weights.load(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"decoder_dim": 64}, "does not fit its config.json"),
        ({"codebook_size": 64}, "does not fit its config.json"),
        ({"attn_window_size": 32}, "attention"),
        ({"vq_strides": [8, 4, 2, 1]}, "vq_strides"),
        ({"decoder_dim": "wide"}, "decoder_dim"),
        ({"colour": "red"}, "colour"),
        ({"decoder_rates": []}, "decoder_rates"),
        ({"decoder_rates": [8, 1]}, "decoder_rates"),
        ({"codebook_size": -1}, "codebook_size"),
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"depthwise": False}, "depthwise variant"),
    ],
)
def test_config_that_does_not_fit(folder: Path, change: dict[str, object], says: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptCheckpointError, match=says):
        snac_weights.load(folder)


@pytest.mark.parametrize("content", [[1, 2], {"decoder": {"weight": 1}}], ids=str)
def test_a_file_that_holds_something_else(folder: Path, content: object) -> None:
    torch.save(content, folder / "pytorch_model.bin")
    with pytest.raises(CorruptCheckpointError, match="cannot be read as weights"):
        snac_weights.load(folder)


def test_missing_tensors_are_named(folder: Path) -> None:
    path = folder / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    lost = next(name for name in state if name.startswith("decoder"))
    del state[lost]
    torch.save(state, path)
    with pytest.raises(CorruptCheckpointError, match=lost):
        snac_weights.load(folder)
