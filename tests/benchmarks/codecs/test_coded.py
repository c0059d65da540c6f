import pytest

from benchmarks.codecs.coded import is_bicodec, open_bicodec, open_codec, random_ids
from tensorrt_tts.errors import CheckpointNotFoundError, SettingError
from tensorrt_tts.families.orpheus.frames import parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens
from tests.support.tiny_bicodec import write_bicodec


def test_random_ids_are_clean_frames():
    tokens = OrpheusTokens(codebook_size=40)
    _, counts, _ = parse(random_ids(tokens, 9), tokens)
    assert (counts.accepted, counts.stray) == (9, 0)


def test_a_codec_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointNotFoundError):
        open_codec(str(tmp_path), "cpu")


def test_a_bicodec_is_known_by_its_name_or_its_config(tmp_path):
    write_bicodec(tmp_path / "codec")
    assert is_bicodec(str(tmp_path / "codec"))
    assert is_bicodec("bicodec")
    assert is_bicodec("bicodec/4")
    assert not is_bicodec("random")
    assert open_bicodec(str(tmp_path / "codec"), "cpu").context.sample_rate == 16_000
    for name in ("bicodec/x", "bicodec/64", "bicodec/0", "bicodec/3"):
        with pytest.raises(SettingError, match=rf"codec '{name}'.*one of 1, 2, 4, 8, 16, 32"):
            open_bicodec(name, "cpu")
