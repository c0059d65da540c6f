import json

import pytest

from benchmarks.doubles.shape import SHAPES, architecture, open_shape, write_shape
from tensorrt_tts.engine_folder.architecture import read_architecture
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from vllm_inference.backend import VLLMBackend
from vllm_inference.options import engine_arguments


@pytest.mark.parametrize("shape", SHAPES)
def test_the_folder_reads_back_as_the_shape(shape, tmp_path):
    folder = write_shape(tmp_path / shape, shape)
    assert read_architecture(folder) == architecture(shape)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"] == "llama"
    assert OrpheusTokens().audio_end <= architecture(shape).vocab_size


def test_another_name_is_refused_with_those_that_are():
    with pytest.raises(SettingError, match="orpheus-3b"):
        architecture("orpheus-30b")


def test_an_engine_is_asked_for_what_was_given_beside_the_shape(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(VLLMBackend, "from_folder", lambda folder, options: asked.append(options))
    open_shape(tmp_path, "cpu", 8, 1, {"quantization": "fp8", "enforce_eager": False})
    config = {**architecture("tiny").model_dump()}
    arguments = engine_arguments(tmp_path, config, asked[0], seed=1)
    assert arguments["quantization"] == "fp8"
    assert arguments["enforce_eager"] is False  # over our own
    assert (arguments["max_num_seqs"], arguments["load_format"]) == (8, "dummy")
