import json
from pathlib import Path
from typing import Any

import pytest

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
from tensorrt_tts.errors import CheckpointNotFoundError, CorruptCheckpointError
from tests.support.tiny_extension import RELEASED


def test_how_far_the_released_one_sees() -> None:
    config = ExtensionConfig.model_validate(RELEASED)
    assert (config.bins, config.factor, config.frame_reach) == (513, 3, 27)
    assert config.reach == 2480


@pytest.mark.parametrize(("layers", "reach"), [(1, 800), (2, 1040), (4, 1520)])
def test_fewer_layers_see_less(layers: int, reach: int) -> None:
    config = ExtensionConfig.model_validate(RELEASED | {"ConvNeXt_layers": layers})
    assert config.reach == reach


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ConvNeXt_channels": 0}, "ConvNeXt_channels is 0, which must be above 0"),
        ({"ConvNeXt_layers": "8x"}, "ConvNeXt_layers is '8x', not a whole number"),
        ({"lr_sampling_rate": 22050}, "hr_sampling_rate 48000: must be a multiple of"),
        ({"hop_size": 100}, "win_size 320: must be a multiple of two hop_size of 100"),
        ({"n_fft": 256}, "no longer than n_fft 256"),
    ],
)
def test_a_wrong_config(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(RELEASED | wrong))
    with pytest.raises(CorruptCheckpointError, match=said):
        ExtensionConfig.read(tmp_path)


def test_a_field_that_is_not_there(tmp_path: Path) -> None:
    content = {name: value for name, value in RELEASED.items() if name != "hop_size"}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(CorruptCheckpointError, match="hop_size is missing"):
        ExtensionConfig.read(tmp_path)


def test_no_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"no config\.json in bandwidth extension"):
        ExtensionConfig.read(tmp_path)
