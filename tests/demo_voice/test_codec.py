"""With how many codes the step trains."""

import argparse

import pytest
import torch

from demo_voice import codec, codec_model
from tensorrt_tts.errors import SettingError

SMALL = {**codec_model.CONFIG, "encoder_dim": 2, "decoder_dim": 32, "codebook_size": 16}


def test_as_many_codes_as_where_training_goes_on(tmp_path):
    def codes(asked=None, start=None):
        return codec.codes_for(argparse.Namespace(codes=asked, codec_from=start), path)

    path, exported = tmp_path / "ckpt.pt", tmp_path / "exported"
    codec_model.export(codec_model.Codec(SMALL), exported)
    assert (codes(), codes(1024), codes(None, exported), codes(32, exported)) == (512, 1024, 16, 32)
    torch.save({"config": SMALL}, tmp_path / "other.pt")
    assert codes(None, tmp_path / "other.pt") == 16
    torch.save({"config": SMALL}, path)
    assert codes() == codes(16) == 16
    with pytest.raises(SettingError, match="has 16 codes; leave --codes away"):
        codes(32)
