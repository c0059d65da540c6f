"""From one piece of audio to another of the same moment, without a jump. Pure."""

from __future__ import annotations

import numpy as np


def equal_power(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """float32 (n,) each: cosine out, sine in, scaled so that the power stays what it is.

    Plain cosine and sine keep the power of what has nothing in common. Two decodes of the same
    steps have nearly everything in common, and would be 3 dB louder in the middle: by their
    correlation ρ, the sum's power is 1 + 2ρ·sin·cos, which is divided out.
    """
    if not len(old):
        return new
    at = (np.arange(len(old), dtype=np.float32) + 0.5) * np.float32(np.pi / 2 / len(old))
    out, into = np.cos(at), np.sin(at)
    power = float(np.sqrt(np.dot(old, old) * np.dot(new, new)))
    alike = max(0.0, float(np.dot(old, new)) / power) if power else 1.0
    faded: np.ndarray = (out * old + into * new) / np.sqrt(1 + 2 * alike * out * into)
    return faded.astype(np.float32)


def linear(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """float32 (n,) each."""
    at = (np.arange(len(old), dtype=np.float32) + 0.5) / max(1, len(old))
    faded: np.ndarray = (1 - at) * old + at * new
    return faded.astype(np.float32)
