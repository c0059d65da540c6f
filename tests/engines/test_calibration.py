import json
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from engines import calibration
from engines.calibration import dataset, read_streams, texts, verify
from tensorrt_tts.errors import CorruptCheckpointError, SettingError
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens


@pytest.fixture(scope="module")
def tokenizer(checkpoint):
    return Tokenizer.from_file(str(checkpoint / "tokenizer.json"))


def _encode(tokenizer):
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def test_every_audio_id_is_in_its_slot(tokenizer):
    """Judged by the runtime's own idea of the slots, on the ids the tokenizer makes."""
    tokens = OrpheusTokens(custom_base=tokenizer.token_to_id("<custom_token_0>"))
    strings = texts("orpheus", samples=3)
    for string in strings:
        ids = _encode(tokenizer)(string)
        start = ids.index(tokens.start_of_speech) + 1
        audio = ids[start:]
        assert len(audio) >= calibration.LENGTH
        assert len(audio) % 7 == 0
        for place, token in enumerate(audio):
            assert token in tokens.slot_range(place % 7)
        assert not any(tokens.audio_base <= token < tokens.audio_end for token in ids[:start])
    verify("orpheus", strings, _encode(tokenizer), tokenizer.token_to_id)


def test_the_generator_visits_the_codebook_and_holds():
    codes = calibration._frames(Random(1), 7 * 4000)
    assert len(set(codes)) > 4050
    held = sum(a == b for a, b in zip(codes, codes[7:], strict=False))
    assert 0.28 < held / (len(codes) - 7) < 0.32


def test_equal_arguments_give_equal_strings():
    assert texts("orpheus", samples=4) == texts("orpheus", samples=4)
    assert texts("orpheus", samples=4) != texts("orpheus", samples=4, seed=1)
    assert len(set(texts("orpheus", samples=16))) == 16
    assert len(texts("spark")) == calibration.SAMPLES


def test_real_streams_are_used_as_they_are():
    stream = list(range(14))
    (string,) = texts("orpheus", [stream], voices=("leo",), samples=1, length=20)
    numbers = [int(n) for n in re.findall(r"<custom_token_(\d+)>", string)][4:]
    assert [n - 10 - 4096 * (i % 7) for i, n in enumerate(numbers)] == stream * 2
    assert "leo: " in string


def test_spark():
    (string,) = texts("spark", samples=1, length=50)
    assert len(re.findall(r"<\|bicodec_global_\d+\|>", string)) == 32
    codes = [int(n) for n in re.findall(r"<\|bicodec_semantic_(\d+)\|>", string)]
    assert len(codes) >= 50
    assert all(0 <= code < 8192 for code in codes)
    assert string.startswith("<|task_tts|><|start_content|>")


def test_spark_tokens_are_verified():
    """With a tokenizer that knows them, and with one that spells them."""
    names = [f"<|bicodec_semantic_{n}|>" for n in range(8192)]
    ids = {name: 1000 + n for n, name in enumerate(names)}

    def encode(text):
        return [ids.get(part, 7) for part in re.findall(r"<\|[^|]+\|>|.", text)]

    strings = texts("spark", samples=2, length=100)
    verify("spark", strings, encode, ids.get)
    with pytest.raises(CorruptCheckpointError, match=r"\d+ audio tokens .* into 0 audio ids"):
        verify("spark", strings, lambda text: [7] * len(text), ids.get)


def test_a_text_tokenizer_is_refused(tokenizer):
    strings = texts("orpheus", samples=1)
    with pytest.raises(CorruptCheckpointError, match="lacks '<custom_token_10>'"):
        verify("orpheus", strings, _encode(tokenizer), lambda token: None)
    spelling = lambda text: [ord(letter) for letter in text]  # noqa: E731
    with pytest.raises(CorruptCheckpointError, match="into 0 audio ids"):
        verify("orpheus", strings, spelling, tokenizer.token_to_id)


def test_shifted_slots_are_noticed(tokenizer):
    (string,) = texts("orpheus", samples=1)
    shifted = re.sub(r"(<custom_token_1>)<custom_token_\d+>", r"\1", string, count=1)
    with pytest.raises(CorruptCheckpointError, match="in their slots"):
        verify("orpheus", [shifted], _encode(tokenizer), tokenizer.token_to_id)


def test_dataset_is_found_by_both_calibrators(tmp_path):
    folder = dataset(tmp_path, ["one", "zwei 二"])
    assert "lambada" in str(folder)  # by which TensorRT-LLM's loader knows split and column
    for split in ("train", "validation"):
        lines = (folder / f"{split}.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [{"text": "one"}, {"text": "zwei 二"}]
    for other in ("cnn_dailymail", "scienceqa", "science_qa", "pileval"):
        assert other not in folder.name  # names that mean other data to ModelOpt's loader


@given(st.lists(st.lists(st.integers(0, 4095), min_size=1, max_size=4), min_size=1, max_size=4))
def test_streams_round_trip(tmp_path_factory, frames):
    path = tmp_path_factory.mktemp("streams") / "codes.jsonl"
    streams = [[code for code in frame for _ in range(7)] for frame in frames]
    path.write_text("\n\n".join(json.dumps(stream) for stream in streams) + "\n")
    assert read_streams(path, "orpheus") == streams
    path.write_text("\n".join(json.dumps({"codes": stream}) for stream in streams))
    assert read_streams(path, "orpheus") == streams


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1,2,3]", "line 1: 3 codes are not whole frames of 7"),
        ("[0,0,0,0,0,0,0]\n[0,0,0,0,0,0,4096]", "line 2: code 4096 is not in 0 … 4095"),
        ("[0,0,0,0,0,0,true]", "code True"),
        ("[0,0,0,0,0,0,-1]", "code -1"),
        ("{}", "line 1: no codes"),
        ("[]", "line 1: no codes"),
        ("seven", "line 1: not JSON"),
        ("\n", "holds no streams"),
    ],
)
def test_bad_stream_files_are_named(tmp_path, text, says):
    path = tmp_path / "codes.jsonl"
    path.write_text(text)
    with pytest.raises(SettingError, match=re.escape(says)):
        read_streams(path, "orpheus")


def test_no_stream_file(tmp_path):
    with pytest.raises(SettingError, match="cannot be read"):
        read_streams(tmp_path / "none", "spark")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_streams_in_any_encoding_that_says_what_it_is(tmp_path, encoding):
    path = tmp_path / "streams.jsonl"
    path.write_text("[1, 2, 3]\r\n", encoding=encoding)
    assert read_streams(path, "spark") == [[1, 2, 3]]


def test_streams_that_are_no_text(tmp_path):
    path = tmp_path / "streams.jsonl"
    path.write_bytes(b"[1]\n\xe9")
    with pytest.raises(SettingError, match="is not UTF-8: byte 4 is 0xe9; write it in UTF-8"):
        read_streams(path, "spark")
