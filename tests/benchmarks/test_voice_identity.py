import json

import numpy as np
import pytest

from benchmarks.voice_identity import Identity, judge, long_texts, read, table, voice_identity

RATE = 1000


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
    texts = list(long_texts(["One two.", "Three four five.", "Six."], 3, 40))
    assert len(set(texts)) == 3
    assert all(40 <= len(text) < 60 for text in texts)
    assert texts[1].startswith("Three four five. Six. One two.")
    assert all(text.endswith(".") for text in texts)


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


def test_the_table_says_how_many_held():
    rows = [Identity(0, 2000, 9, 120.0, 0.9, 0.8), Identity(1, 2010, 8, 121.0, 0.84, 0.8)]
    assert "0.90" in table(rows)
    assert table(rows).endswith("at least 0.85: 1 of 2")
