import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.listener.pcm_stream import PcmStream
from tests.benchmarks.fake_server import wav_header


def feed(stream, data, cuts):
    parts, last = [], 0
    for cut in [*sorted(cuts), len(data)]:
        parts.append(stream.feed(data[last:cut]))
        last = max(last, cut)
    return parts


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=20))
def test_plain_pcm_comes_through_whole_however_it_is_cut(data, cuts):
    if data.startswith(b"RIFF"):
        return
    parts = feed(PcmStream(), data, [min(cut, len(data)) for cut in cuts])
    assert all(len(part) % 2 == 0 for part in parts)
    if not b"RIFF".startswith(data) or not data:
        assert b"".join(parts) == data[: len(data) - len(data) % 2]


@given(st.binary(max_size=100), st.lists(st.integers(0, 200), max_size=20))
def test_a_header_is_never_audio_however_it_is_cut(audio, cuts):
    data = wav_header() + audio
    stream = PcmStream()
    parts = feed(stream, data, [min(cut, len(data)) for cut in cuts])
    assert b"".join(parts) == audio[: len(audio) - len(audio) % 2]
    assert stream.header_bytes == len(wav_header())


@pytest.mark.parametrize("messages", [[b"", b"\1\2"], [b"\1", b"\2"]])
def test_empty_messages_and_half_samples_are_no_audio_by_themselves(messages):
    stream = PcmStream()
    assert stream.feed(messages[0]) == b""
    assert stream.feed(messages[1]) == b"\1\2"
