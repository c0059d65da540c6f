from collections.abc import Iterator

import pytest
import torch

from demo_voice import codec, codec_model
from tests.demo_voice.tones import write_shard


@pytest.fixture(autouse=True)
def denormals_stay() -> Iterator[None]:
    """Training flushes them to zero, in a process that does nothing else."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working folder with one shard."""
    monkeypatch.setattr(codec, "WARM_STEPS", 2)
    monkeypatch.setattr(codec, "REVIVE_EVERY", 2)
    monkeypatch.setitem(codec_model.CONFIG, "encoder_dim", 2)
    monkeypatch.setitem(codec_model.CONFIG, "decoder_dim", 32)
    monkeypatch.setitem(codec_model.CONFIG, "codebook_size", 16)
    write_shard(tmp_path, "shard-0000", 180)
    return tmp_path
