"""What the codec's encoder hears: log-mel spectra, pitch, pulse phase and phoneme per latent.

The shipped codec has a decoder only (speech synthesis encodes nothing), so the encoder that makes
the training codes may look at the teacher's own pitch and phonemes beside the spectrum.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demo_voice.alphabet import ALPHABET, numbers
from demo_voice.mel import mel_filters
from demo_voice.phase import FRAME, SAMPLE_RATE, TEACHER_HOP

HOP = 512  # samples per latent
PER_FRAME = FRAME // HOP
MELS = 64
WINDOW = 1024
FLOOR = 1e-3  # of a mel magnitude
PITCH_HZ = 200.0  # the voice's usual pitch
HEARD = 2 * MELS + 4  # two spectra per latent; log pitch, voicing, cosine and sine of the phase
SIZE = HEARD + 1  # and, in the last column, the number of the phoneme
PHONEMES = len(ALPHABET) + 1  # 0: none
SILENCE_LEVEL = -1.0  # normalised log-mel of digital silence


def spectra(audio: Tensor) -> Tensor:
    """Normalised log-mel [2 per latent, MELS] of audio [samples], digital silence at -1."""
    window = torch.hann_window(WINDOW, device=audio.device)
    padded = torch.nn.functional.pad(audio, (WINDOW // 2 - HOP // 4, WINDOW // 2))
    steps = 2 * (len(audio) // HOP)
    magnitude = torch.stft(
        padded, WINDOW, HOP // 2, window=window, center=False, return_complex=True
    ).abs()[:, :steps]
    mel = mel_filters(WINDOW, MELS).to(audio.device) @ magnitude
    return (mel.clamp(min=FLOOR).log10() / 2 + 0.5).t()


def pitch_features(f0: NDArray[Any], latents: int) -> NDArray[np.float32]:
    """[latents, 4] from pitch per 300 samples (0 unvoiced) of one utterance.

    The phase at a latent's start is the pitch summed from the frame's start, where it is 0.
    """
    pitch = f0.astype(np.float64)
    known = np.flatnonzero(pitch > 0)
    position = np.arange(latents * HOP) + 0.5
    centres = (np.arange(len(pitch)) + 0.5) * TEACHER_HOP
    if len(known) == 0:
        return np.zeros((latents, 4), np.float32)
    line = np.interp(position, centres[known], pitch[known]).reshape(-1, PER_FRAME, HOP)
    sums = line.sum(axis=2) / SAMPLE_RATE
    total = sums.sum(axis=1, keepdims=True)
    sums = sums * np.maximum(1, np.round(total)) / total
    phase = 2 * np.pi * (np.cumsum(sums, axis=1) - sums).reshape(-1)
    voiced = np.interp(position, centres, (pitch > 0).astype(np.float64)).reshape(-1, HOP).mean(1)
    log_pitch = np.log2(line.mean(axis=2).reshape(-1) / PITCH_HZ) * 2
    columns = [log_pitch * voiced, voiced, np.cos(phase) * voiced, np.sin(phase) * voiced]
    return np.stack(columns, axis=1).astype(np.float32)


def phoneme_numbers(row: dict[str, Any], latents: int) -> NDArray[np.float32]:
    """[latents]: 1 + the place in ALPHABET of the phoneme at each latent's middle; 0 if unknown."""
    ends = np.cumsum(row["durations"]) * TEACHER_HOP
    middles = (np.arange(latents) + 0.5) * HOP
    places = np.searchsorted(ends, middles, side="right").clip(0, len(ends) - 1)
    spoken: NDArray[np.float32] = np.asarray(numbers(row["phonemes"]), np.float32)[places]
    return spoken


@dataclass(frozen=True)
class Shard:
    """One shard of the synthesised corpus."""

    rows: list[dict[str, Any]]  # the lines of the jsonl
    audio: NDArray[np.int16]  # [samples]
    features: NDArray[np.float16]  # [samples / HOP, SIZE]


def load_shard(work: Path, name: str) -> Shard:
    """Audio and features of a shard; the features are computed once and kept on disk."""
    stem = work / "speech" / name
    lines = stem.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    audio = np.memmap(stem.with_suffix(".i16"), dtype="<i2", mode="r")
    cache = work / "features" / f"{name}.npy"
    if not cache.exists():
        cache.parent.mkdir(exist_ok=True)
        np.save(cache, shard_features(rows, audio, np.load(f"{stem}.f0.npy")))
    return Shard(rows, audio, np.load(cache, mmap_mode="r"))


def shard_features(
    rows: list[dict[str, Any]], audio: NDArray[np.int16], f0: NDArray[np.float16]
) -> NDArray[np.float16]:
    """Features [latents, SIZE] of a shard's utterances end to end."""
    parts, at = [], 0
    for row in rows:
        sound = audio[row["start"] : row["start"] + row["samples"]]
        latents = row["samples"] // HOP
        steps = -(-row["samples"] // TEACHER_HOP)
        mel = spectra(torch.from_numpy(sound.astype(np.float32) / 32768)).reshape(latents, -1)
        pitch = pitch_features(f0[at : at + steps], latents)
        phonemes = phoneme_numbers(row, latents)[:, None]
        parts.append(np.concatenate([mel.numpy(), pitch, phonemes], axis=1).astype(np.float16))
        at += steps
    return np.concatenate(parts)
