"""Step ``synthesize``: the teacher speaks the corpus.

Writes, per shard of SHARD sentences, ``speech/shard-NNNN.i16`` (mono 24 kHz, utterances end to
end, each a multiple of 2048 samples), ``.jsonl`` (text, phonemes, durations, split, position) and
``.f0.npy`` (float16 Hz per 300 samples, 0 unvoiced, utterances end to end with ceil(samples / 300)
values each).  A shard whose jsonl exists is done.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from pathlib import Path

import numpy as np

from demo_voice.sentences import read_sentences

SHARD = 500
_teacher = None


def write_shard(job: tuple[Path, int, list[tuple[str, str]]]) -> float:
    """Synthesise one shard; its seconds of speech."""
    global _teacher
    from demo_voice.teacher import Teacher

    folder, index, rows = job
    _teacher = _teacher or Teacher()
    stem = folder / f"shard-{index:04d}"
    audio, pitch, lines, start = [], [], [], 0
    for position, (split, text) in enumerate(rows):
        spoken = _teacher.speak(text)
        audio.append((spoken.audio * 32767).round().astype("<i2"))
        pitch.append(spoken.f0.astype(np.float16))
        lines.append(
            {
                "id": f"{index:04d}-{position:03d}",
                "text": text,
                "phonemes": spoken.phonemes,
                "start": start,
                "samples": len(audio[-1]),
                "durations": spoken.durations,
                "split": split,
            }
        )
        start += len(audio[-1])
    np.concatenate(audio).tofile(f"{stem}.i16")
    np.save(f"{stem}.f0.npy", np.concatenate(pitch))
    partial = stem.with_suffix(".tmp")
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, stem.with_suffix(".jsonl"))  # last: its presence says the shard is whole
    return start / 24_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this step."""
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)


def run(args: argparse.Namespace) -> None:
    """Synthesise the shards that are missing."""
    folder = Path(args.work) / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_sentences()
    jobs = [
        (folder, index, rows[first : first + SHARD])
        for index, first in enumerate(range(0, len(rows), SHARD))
        if not (folder / f"shard-{index:04d}.jsonl").exists()
    ]
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        for done, seconds in enumerate(pool.imap(write_shard, jobs), 1):
            print(f"shard {done}/{len(jobs)}: {seconds / 60:.1f} min of speech", flush=True)
