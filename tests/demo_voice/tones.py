"""A few seconds of made-up speech as the demo voice's steps find it, and their options."""

import argparse
import json

import numpy as np

from demo_voice import codec, export, tokenize, vocoder
from demo_voice.lm import train

FRAMES = 9
UTTERANCES = 12


def write_shard(work, name, pitch_hz, **said):
    """A shard of tones, as ``synthesize`` leaves it. said: more of every line."""
    speech = work / "speech"
    speech.mkdir(exist_ok=True)
    samples = FRAMES * 2048
    rng = np.random.default_rng(0)
    time = np.arange(samples) / 24_000
    rows, audio, pitch = [], [], []
    for i in range(UTTERANCES):
        tone = np.sin(2 * np.pi * (pitch_hz + 5 * i) * time) + rng.normal(0, 0.1, samples)
        audio.append((tone * 3000).astype("<i2"))
        pitch.append(np.full(-(-samples // 300), pitch_hz + 5 * i, np.float16))
        row = {
            "id": str(i),
            "text": f"tone {name} {i}",
            "phonemes": "t",
            "start": i * samples,
            "samples": samples,
            "durations": [samples // 300],
            "split": "train" if i else "valid",
        }
        rows.append(row | said)
    np.concatenate(audio).tofile(speech / f"{name}.i16")
    np.save(speech / f"{name}.f0.npy", np.concatenate(pitch))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (speech / f"{name}.jsonl").write_text(lines)


def arguments(work, seconds):
    parser = argparse.ArgumentParser()
    for step in (codec, tokenize, vocoder, train, export):
        step.add_arguments(parser)
    minutes = seconds / 60
    return parser.parse_args(
        f"--codec-minutes {minutes} --vocoder-minutes {minutes} --lm-minutes {minutes} --threads 1 "
        f"--hidden 64 --layers 3 --weights {work / 'weights'}".split(),
        argparse.Namespace(work=work, device="cpu", voices=None, seed=0),
    )
