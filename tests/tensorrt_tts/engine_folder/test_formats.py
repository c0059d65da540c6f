import pytest

from tensorrt_tts.engine_folder.formats import Format, Kv, Precision, every_format
from tensorrt_tts.errors import SettingError


def test_names_round_trip():
    names = [str(fmt) for fmt in every_format()]
    assert len(set(names)) == len(Precision) * len(Kv) == 18
    for fmt in every_format():
        assert Format.parse(str(fmt)) == fmt
    assert str(Format(Precision.INT8, Kv.INT8)) == "int8+kv-int8"


@pytest.mark.parametrize("text", ["int9", "fp16+kv-", "fp16+kv-int4", "", "int8+int8"])
def test_unknown_formats(text):
    with pytest.raises(SettingError, match="use one of fp16, bf16, int8"):
        Format.parse(text)


def test_awq_costs_its_scales():
    assert Precision.INT4_AWQ.layer_bits == 4 + 16 / 128
