import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.doubles.stamps import SAMPLES, latencies, stamp
from benchmarks.host.server import build
from benchmarks.listener.exchange import Message
from tensorrt_tts.audio.pcm import FULL_SCALE, to_int16
from tensorrt_tts.speech import SpeechRequest


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(-30_000, 30_000, count, np.int16)


def cut(content: bytes, places: list[int]) -> list[Message]:
    """The message that ends at byte n arrives at n seconds."""
    edges = [0, *sorted({place for place in places if place < len(content)}), len(content)]
    pairs = itertools.pairwise(edges)
    return [Message(float(stop), content[start:stop]) for start, stop in pairs]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1e8)), max_size=5),
    st.lists(st.integers(0, 600)),
)
def test_a_stamp_is_late_by_the_message_with_its_last_byte(chunks, places):
    content, ends = b"", []
    for silence, at in chunks:
        content += noise(silence).tobytes() + stamp(at).tobytes()
        ends.append(len(content))
    found = latencies(cut(content, places))
    arrived = [min(place for place in [*places, len(content)] if place >= end) for end in ends]
    # A float has no nanoseconds of such a moment.
    assert found == pytest.approx([a - at for a, (_, at) in zip(arrived, chunks, strict=True)])


@pytest.mark.parametrize("at", [0.0, 1.5, 123456.789012345, 2.0**31 + 0.25])
def test_a_stamp_survives_what_pcm_goes_through(at):
    """To floats and back, at both of the usual scales."""
    for scale in (FULL_SCALE, 32768):
        sent = to_int16(stamp(at).astype(np.float32) / scale)
        assert latencies([Message(at, sent.tobytes())]) == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize("content", [b"", b"\x00", noise(100).tobytes(), stamp(1).tobytes()[:-2]])
def test_there_is_nothing_in_other_audio(content):
    assert latencies([Message(1.0, content)]) == []


@pytest.mark.parametrize("place", range(4))
def test_what_is_nearly_a_stamp_is_none(place):
    other = stamp(1)
    other[place] //= 2
    assert latencies([Message(1.0, other.tobytes())]) == []


async def test_every_chunk_of_the_stamped_codec_ends_in_when_it_was_decoded():
    synthesizer = build("stamped", rate=1e5, seconds=1.0, max_streams=1)
    began = time.perf_counter()
    messages = [
        Message(time.perf_counter(), chunk.pcm.tobytes())
        async for chunk in synthesizer.stream(SpeechRequest("Hello there."))
    ]
    await synthesizer.close()
    assert sum(len(message.payload) for message in messages) == 2 * 12 * 2048
    found = latencies(messages)
    assert len(found) >= len(messages) > 0
    assert all(0 < late < time.perf_counter() - began for late in found)
    assert len(latencies(messages[-1:])) >= 1
    assert latencies([Message(0.0, messages[0].payload[: -2 * SAMPLES])]) == []
