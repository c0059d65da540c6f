import json

import numpy as np
import pytest

from benchmarks.speech.voice_identity import (
    Identity,
    judge,
    long_texts,
    read,
    table,
    voice_identity,
)
from tensorrt_tts.loading import open_synthesizer
from tests.support.tiny_spark import tiny_spark_folder

RATE = 1000


@pytest.fixture
async def tiny_spark():
    """Its voice "female" is made up for every request."""
    synthesizer = open_synthesizer(
        str(tiny_spark_folder() / "LLM"), codec=str(tiny_spark_folder() / "BiCodec")
    )
    yield synthesizer
    await synthesizer.close()


def encode(audio, rate):
    """A voice is its loudness, as a direction."""
    angle = float(np.abs(audio).mean())
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


def spoken(*levels, seconds=3.0):
    return [np.full(int(seconds * RATE), round(level * 32767), np.int16) for level in levels]


@pytest.mark.parametrize(
    ("levels", "last", "least"),
    [
        ((0.5, 0.5, 0.5), 1.0, 1.0),
        ((0.0, 0.9, 0.0), 1.0, np.cos(0.9)),
        ((0.0, 0.2, 0.8), np.cos(0.8), np.cos(0.8)),
        ((0.3,), 1.0, 1.0),
    ],
)
def test_the_last_and_the_least(levels, last, least):
    row = judge(2, 40, spoken(*levels), RATE, encode)
    assert (row.text, row.characters, row.segments) == (2, 40, len(levels))
    assert row.last == pytest.approx(last, abs=1e-3)
    assert row.least == pytest.approx(least, abs=1e-3)
    assert row.audio_s == 3.0 * len(levels)


def test_short_segments_are_no_voice():
    row = judge(0, 1, [*spoken(0.1, 0.1), *spoken(0.9, seconds=1.9)], RATE, encode)
    assert (row.segments, row.last) == (2, pytest.approx(1.0))
    assert row.audio_s == pytest.approx(7.9)


def test_texts_are_of_whole_sentences_and_differ():
    """No longer than asked for: a synthesizer refuses what is beyond its limit."""
    texts = list(long_texts(["One two.", "Three four five.", "Six."], 3, 40))
    assert len(set(texts)) == 3
    assert texts == [
        "One two. Three four five. Six. One two.",
        "Three four five. Six. One two.",
        "Six. One two. Three four five. Six.",
    ]


@pytest.mark.parametrize("characters", [1, 8, 9, 40, 41, 5000])
def test_a_text_is_as_long_as_may_be(characters):
    sentences = ["One two.", "Three four five.", "Six."]
    for text in long_texts(sentences, 3, characters):
        assert len(text) <= max(characters, len(max(sentences, key=len)))
        assert len(text) + len(max(sentences, key=len)) + 1 > characters


class Speaker:
    """A double of a synthesizer: two segments, a chunk of each at a time."""

    sample_rate = RATE

    def __init__(self):
        self.asked = []

    def stream(self, request):
        self.asked.append((request.text, request.seed))
        return self._chunks()

    async def _chunks(self):
        from types import SimpleNamespace

        for segment, level in ((0, 0.1), (0, 0.1), (1, 0.4)):
            (pcm,) = spoken(level)
            yield SimpleNamespace(segment=segment, pcm=pcm)


async def test_what_is_done_is_not_spoken_again(tmp_path):
    log, speaker = tmp_path / "log.jsonl", Speaker()
    first = await voice_identity(speaker, ["One."], encode, log)
    rows = await voice_identity(speaker, ["One.", "Two three."], encode, log)
    assert speaker.asked == [("One.", 0), ("Two three.", 1)]
    assert rows == [*first, rows[1]] == read(log)
    assert [json.loads(line)["characters"] for line in log.read_text().splitlines()] == [4, 10]
    assert rows[0].last == pytest.approx(np.cos(0.3), abs=1e-3)
    # Another text of that number is another text.
    await voice_identity(speaker, ["Once."], encode, log)
    assert speaker.asked[-1] == ("Once.", 0)


async def test_texts_beside_one_another_are_each_written_down(tmp_path):
    log, texts = tmp_path / "log.jsonl", ["One.", "Two three.", "Four."]
    rows = await voice_identity(Speaker(), texts, encode, log, at_once=2)
    assert [(row.text, row.characters) for row in rows] == [(0, 4), (1, 10), (2, 5)]
    assert sorted(read(log), key=lambda row: row.text) == rows


async def test_segments_apart_write_a_speaker_each(tmp_path, tiny_spark):
    """As one request, only the first one does."""
    text = "Hello.\n\nGood day.\n\nSee you."
    log, written = tmp_path / "log.jsonl", []
    keep = type(tiny_spark.model.family).keep

    def watched(self, voice, text, ids, most=0):
        kept = keep(self, voice, text, ids, most)
        if kept != voice:
            written.append(kept.globals)
        return kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(tiny_spark.model.family), "keep", watched)
        joined = await voice_identity(tiny_spark, [text], encode, log)
        assert len(set(written)) == 1
        rows = await voice_identity(tiny_spark, [text], encode, log, apart=True)
    assert [row.apart for row in rows] == [False, True]
    assert rows[0] == joined[0]
    assert rows[0].segments == rows[1].segments > 2
    assert len(set(written)) == rows[1].segments


def test_the_table_says_how_many_held():
    rows = [Identity(0, 2000, 9, 120.0, 0.9, 0.8), Identity(1, 2010, 8, 121.0, 0.84, 0.8)]
    assert "0.90" in table(rows)
    held = "first to last at least 0.85: 1 of 2, the least 0.840, the median 0.870"
    assert table(rows).endswith(f"\n{held}")
    lines = table([*rows, Identity(0, 2000, 9, 120.0, 0.5, 0.4, apart=True)]).splitlines()
    assert lines[3].endswith("0.400  apart")
    assert lines[4] == held
    assert lines[5] == "segments apart: first to last at least 0.85: 0 of 1, the least 0.500, " + (
        "the median 0.500"
    )
