import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tensorrt_tts.backends import reference_weights
from tensorrt_tts.errors import (
    CheckpointNotFoundError,
    CorruptCheckpointError,
    EngineError,
    MissingDependencyError,
    TTSError,
)
from tests.support.tiny_orpheus import tiny_model_folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model_folders()[0], tmp_path / "lm"))


def load(folder: Path) -> Any:
    return reference_weights.load(folder, "cpu", torch.float32)


def configure(folder: Path, **change: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"model_type": "foo"}, CorruptCheckpointError, "model_type 'foo' is none that transf"),
        ({"model_type": None}, CorruptCheckpointError, "model_type is None, not a string"),
        ({"hidden_size": "64"}, CorruptCheckpointError, "hidden_size is '64', not a whole"),
        ({"num_attention_heads": 0}, CorruptCheckpointError, "num_attention_heads is 0, which"),
        ({"hidden_size": 128}, CorruptCheckpointError, "or has them in another shape .*lm_head"),
        ({"intermediate_size": "x"}, CorruptCheckpointError, "is not a llama config"),
        ({"alignment_heads": [[99, 0]]}, CorruptCheckpointError, "no head 0 of layer 99"),
        ({"alignment_heads": [[0, 64]]}, CorruptCheckpointError, "no head 64 of layer 0"),
        ({"alignment_heads": [[0]]}, CorruptCheckpointError, "alignment_heads"),
        ({"alignment_heads": "all"}, CorruptCheckpointError, "alignment_heads"),
        (
            {"quantization_config": {"quant_method": "awq", "bits": 4}},
            MissingDependencyError,
            "a form that needs another package .*install it, or give the checkpoint in 16",
        ),
    ],
)
def test_configs(folder: Path, change: dict[str, object], error: type[TTSError], says: str) -> None:
    configure(folder, **change)
    with pytest.raises(error, match=says) as raised:
        load(folder)
    assert "\n" not in str(raised.value)
    assert "ignore_mismatched_sizes" not in str(raised.value)


@pytest.mark.parametrize("content", ["[1]", '{"temperature": "warm"}', "{", '{"top_p": 5.0}'])
def test_settings_that_are_not_asked_for_do_no_harm(folder: Path, content: str) -> None:
    (folder / "generation_config.json").write_text(content)
    assert load(folder).config.hidden_size == 64


def test_a_byte_order_mark(folder: Path) -> None:
    path = folder / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(folder).config.hidden_size == 64


def test_pickled_weights(folder: Path) -> None:
    """Torch's own sentence advises to load a damaged pickle without its safety net."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"garbage")
    with pytest.raises(CorruptCheckpointError, match="is cut short or damaged") as raised:
        load(folder)
    assert "weights_only" not in str(raised.value)


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointNotFoundError, match=r"no weights in .*/lm'"):
        load(folder)


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_too_little_memory_is_not_the_checkpoints_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    from transformers import AutoModelForCausalLM

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", fail)
    with pytest.raises(EngineError, match="does not fit the free memory of cpu; free some"):
        load(folder)


def test_without_docstrings_it_is_not_the_checkpoints_fault(folder: Path) -> None:
    program = f"""
from pathlib import Path
from tensorrt_tts.backends.reference_weights import load
from tensorrt_tts.errors import SettingError
try:
    load(Path({str(folder)!r}))
except SettingError as error:
    print(error)
"""
    answer = subprocess.run(
        [sys.executable, "-OO", "-c", program], capture_output=True, text=True, timeout=300
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("python runs with -OO"), answer.stdout
