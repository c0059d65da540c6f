import pytest

from benchmarks.host.server import build
from benchmarks.prompts import load, single_sentences
from tensorrt_tts.speech import SpeechRequest


@pytest.mark.parametrize("prompt", single_sentences(load("en"))[::8], ids=lambda p: p.id)
async def test_every_sentence_is_answered_with_the_same_length(prompt):
    synthesizer = build("null", rate=1e5, seconds=1.0, max_streams=1)
    chunks = [chunk async for chunk in synthesizer.stream(SpeechRequest(prompt.text, None))]
    await synthesizer.close()
    assert sum(len(chunk.pcm) for chunk in chunks) == 12 * 2048


async def test_several_sentences_are_longer_and_so_not_measured_with():
    longest = load("en")[-1]
    assert longest not in single_sentences(load("en"))
