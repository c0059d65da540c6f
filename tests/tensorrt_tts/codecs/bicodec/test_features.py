"""wav2vec 2.0's features: which layers, of what, and a checkpoint that is not it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tensorrt_tts.codecs.bicodec.features import AVERAGED, SpeechFeatures
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.tiny_encoder import FEATURES, humming, write_wav2vec2

SOUND = humming(0.5) + 0.1  # not centred, so that centring is seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


def states(folder: Path, samples: np.ndarray) -> list[torch.Tensor]:
    """What goes into each of the 24 layers of the whole model, noted by its layers, in whichever
    form transformers hands out hidden states."""
    from transformers import Wav2Vec2Model

    found: list[torch.Tensor] = []
    model = Wav2Vec2Model.from_pretrained(folder).eval()
    assert len(model.encoder.layers) == 24
    for layer in model.encoder.layers:
        layer.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    with torch.inference_mode():
        model(torch.tensor(samples, dtype=torch.float32)[None])
    return found


def centred(samples: np.ndarray) -> np.ndarray:
    return (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)


def mean(found: list[torch.Tensor], indices: tuple[int, ...]) -> np.ndarray:
    average: np.ndarray = torch.stack([found[index][0] for index in indices]).mean(0).numpy()
    return average


def test_they_are_the_mean_of_three_inner_states_of_the_whole_model(folder: Path) -> None:
    features = SpeechFeatures.from_folder(folder)(SOUND)
    assert features.shape == (len(SOUND) // 320 - 1, FEATURES)
    assert features.dtype == np.float32
    found = states(folder, centred(SOUND))
    np.testing.assert_allclose(features, mean(found, AVERAGED), atol=1e-4)
    # And of no other layers, nor of what was not centred.
    for indices in ((12, 15, 17), (10, 13, 15), (11, 14), (16,)):
        assert np.abs(features - mean(found, indices)).max() > 1e-2
    assert np.abs(features - mean(states(folder, SOUND), AVERAGED)).max() > 1e-3


@pytest.mark.parametrize("layers", [17, 18])
def test_layers_after_the_last_one_that_is_read_change_nothing(
    tmp_path: Path, folder: Path, layers: int
) -> None:
    """What follows the last layer is normed: number 16 must not be it."""
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "config.json").unlink()
    config = json.loads((folder / "config.json").read_text()) | {"num_hidden_layers": layers}
    (tmp_path / "config.json").write_text(json.dumps(config))
    whole, cut = (SpeechFeatures.from_folder(path)(SOUND) for path in (folder, tmp_path))
    np.testing.assert_array_equal(whole, cut)


def test_pickled_weights_of_a_model_in_training(tmp_path: Path, folder: Path) -> None:
    """As facebook/wav2vec2-large-xlsr-53 has them: a prefix, heads, and old names of a weight
    norm."""
    found = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        name = name.replace("parametrizations.weight.original0", "weight_g")
        found[f"wav2vec2.{name.replace('parametrizations.weight.original1', 'weight_v')}"] = tensor
    assert any(name.endswith("weight_g") for name in found)
    torch.save(found | {"project_q.weight": torch.ones(3, 3)}, tmp_path / "pytorch_model.bin")
    config = json.loads((folder / "config.json").read_text())
    config["architectures"] = ["Wav2Vec2ForPreTraining"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    name = "preprocessor_config.json"
    (tmp_path / name).write_text((folder / name).read_text())
    same, old = (SpeechFeatures.from_folder(path)(SOUND) for path in (folder, tmp_path))
    np.testing.assert_array_equal(same, old)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"num_hidden_layers": 16}, "with num_hidden_layers 16, and BiCodec reads layer 17"),
        ({"model_type": "hubert"}, "model_type 'hubert' with .* of facebook/wav2vec2-large-xlsr"),
        ({"num_hidden_layers": "many"}, "num_hidden_layers is 'many', not a whole number"),
        ({"hidden_size": 48}, r"lacks \d+ tensors that its config.json asks for, or has them in"),
    ],
)
def test_a_config_of_another_model(
    tmp_path: Path, folder: Path, change: dict[str, Any], says: str
) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CorruptCheckpointError, match=says):
        SpeechFeatures.from_folder(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_file_that_is_not_there(tmp_path: Path, folder: Path, name: str) -> None:
    for path in folder.iterdir():
        if path.name != name:
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(CheckpointNotFoundError, match=rf"{name}.*download"):
        SpeechFeatures.from_folder(tmp_path)


def test_weights_that_are_not_all_there(tmp_path: Path, folder: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    state = load_file(folder / "model.safetensors")
    lost = next(name for name in state if ".layers.3." in name)
    save_file(
        {name: tensor for name, tensor in state.items() if name != lost},
        tmp_path / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(CorruptCheckpointError, match=r"lacks 1 tensors .*layers.3"):
        SpeechFeatures.from_folder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(CorruptCheckpointError, match=r"model.safetensors' cannot be loaded"):
        SpeechFeatures.from_folder(tmp_path)
