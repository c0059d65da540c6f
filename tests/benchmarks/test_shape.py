import json

import pytest

from benchmarks.shape import SHAPES, architecture, write_shape
from engines.architecture import read_architecture
from tensorrt_tts.errors import SettingError
from tensorrt_tts.models.orpheus_tokens import OrpheusTokens


@pytest.mark.parametrize("shape", SHAPES)
def test_the_folder_reads_back_as_the_shape(shape, tmp_path):
    folder = write_shape(tmp_path / shape, shape)
    assert read_architecture(folder) == architecture(shape)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"] == "llama"
    assert max(OrpheusTokens().legal().union()) < architecture(shape).vocab_size


def test_another_name_is_refused_with_those_that_are():
    with pytest.raises(SettingError, match="orpheus-3b"):
        architecture("orpheus-30b")
