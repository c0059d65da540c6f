"""Shards of speech: whole or not there, and nothing is spoken twice."""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from demo_voice import synthesize, voices
from demo_voice.features import load_shard
from demo_voice.synthesize import Job, missing, write_shard
from demo_voice.teacher import Teacher, Utterance
from tensorrt_tts.text.spoken.languages.hindi import Hindi

TEXTS = [f"वाक्य {number} यहाँ है।" for number in Hindi.small[1:8]]


class Tones:
    """A teacher that hums, as long as the text; ``fails`` at one text as if it were killed."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.fails = ""

    def speak(self, text: str) -> Utterance:
        if text == self.fails:
            raise KeyboardInterrupt
        self.said.append(text)
        samples = 2048 * len(text)
        audio = 0.1 * np.sin(np.arange(samples, dtype=np.float32) / 20)
        frames = -(-samples // 300)
        f0 = np.full(frames, 190, np.float32)
        return Utterance(audio, "ab", [3, frames - 3], f0, "अब", [4, frames - 4])


@pytest.fixture
def tones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tones:
    teacher = Tones()
    (tmp_path / "speech").mkdir()
    monkeypatch.setitem(synthesize._teachers, "hf_alpha", teacher)
    corpus(monkeypatch, TEXTS)
    return teacher


def corpus(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    short = voices.Voice("hf_alpha", "hi", shard=3, prefix="hf_alpha")
    monkeypatch.setitem(synthesize.VOICES, "hf_alpha", short)
    monkeypatch.setattr(voices, "read_sentences", lambda path: [("test", text) for text in texts])


def run(work: Path, shards: int | None = None) -> None:
    synthesize.run(
        argparse.Namespace(work=work, voice="hf_alpha", voices=None, processes=1, shards=shards)
    )


def lines(work: Path) -> list[dict]:
    paths = sorted((work / "speech").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def test_a_shard_has_voice_language_prompt_and_its_place(tones: Tones, tmp_path: Path) -> None:
    run(tmp_path, shards=1)
    found = lines(tmp_path)
    assert [line["text"] for line in found] == TEXTS[:3]
    assert [line["id"] for line in found] == ["0000-000", "0000-001", "0000-002"]
    assert {(line["voice"], line["language"], line["split"]) for line in found} == {
        ("hf_alpha", "hi", "test")
    }
    assert found[1]["start"] == found[0]["samples"] == 2048 * len(TEXTS[0])
    assert found[0]["prompt"] == "अब"
    assert sum(found[0]["prompt_durations"]) == sum(found[0]["durations"])
    shard = load_shard(tmp_path, "hf_alpha-0000")  # as the codec reads it
    assert len(shard.audio) == sum(line["samples"] for line in found)
    assert len(shard.features) * 512 == len(shard.audio)


def test_what_was_cut_short_is_done_again_and_the_rest_is_not(tones: Tones, tmp_path: Path) -> None:
    tones.fails = TEXTS[4]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    assert [line["text"] for line in lines(tmp_path)] == TEXTS[:3]
    tones.fails = ""
    run(tmp_path)
    run(tmp_path)
    assert [line["text"] for line in lines(tmp_path)] == TEXTS
    assert tones.said == [*TEXTS[:3], TEXTS[3], *TEXTS[3:]]
    assert {path.suffix for path in (tmp_path / "speech").iterdir()} == {".i16", ".npy", ".jsonl"}


def test_a_longer_corpus_adds_shards_and_moves_none(
    tones: Tones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    before = {path: path.read_bytes() for path in (tmp_path / "speech").iterdir()}
    corpus(monkeypatch, ["नया वाक्य यह है।", *TEXTS[::-1]])
    run(tmp_path)
    assert tones.said == [*TEXTS, "नया वाक्य यह है।"]
    assert all(path.read_bytes() == data for path, data in before.items())
    assert (tmp_path / "speech" / "hf_alpha-0003.jsonl").exists()


def test_a_missing_shard_in_between_gets_its_own_sentences(tones: Tones, tmp_path: Path) -> None:
    jobs = missing(tmp_path, "hf_alpha")
    assert [(job.index, [text for _, text in job.rows]) for job in jobs] == [
        (0, TEXTS[:3]),
        (1, TEXTS[3:6]),
        (2, TEXTS[6:]),
    ]
    write_shard(jobs[0])
    write_shard(jobs[2])
    assert missing(tmp_path, "hf_alpha") == [jobs[1]]


def test_hearts_shards_keep_their_name_and_size(tmp_path: Path) -> None:
    first, second, *rest = missing(tmp_path, "heart")
    assert first.stem == tmp_path / "speech" / "shard-0000"
    assert len(first.rows) == len(second.rows) == 500
    assert sum(len(job.rows) for job in [first, second, *rest]) == 20_433


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from demo_voice import synthesize
from tests.demo_voice.test_synthesize import TEXTS, Tones

class Slow(Tones):
    def speak(self, text):
        if len(self.said) == 4:
            print("in the middle", flush=True)
            time.sleep(60)
        return super().speak(text)

synthesize._teachers["hf_alpha"] = Slow()
rows = [("test", text) for text in TEXTS]
work = Path(sys.argv[1])
for index, part in enumerate((rows[:3], rows[3:])):
    synthesize.write_shard(synthesize.Job(work, "hf_alpha", index, part))
"""


def test_it_survives_kill_9(tones: Tones, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "in the middle\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [line["text"] for line in lines(tmp_path)] == TEXTS[:3]
    run(tmp_path)
    assert [line["text"] for line in lines(tmp_path)] == TEXTS
    assert tones.said == TEXTS[3:]


def test_teachers_fill_one_interface() -> None:
    teacher: Teacher = Tones()
    assert teacher.speak("अब").phonemes == "ab"
    assert Job(Path("x"), "hm_psi", 7, []).stem == Path("x/speech/hm_psi-0007")
