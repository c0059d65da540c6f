"""Hypothesis strategies for what a language model may emit: frames, and everything else."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens


def random_frames(tokens: OrpheusTokens, frames: int, seed: int = 0) -> list[int]:
    """A clean stream of `frames` frames."""
    draw = random.Random(seed)
    size = tokens.codebook_size
    return [tokens.audio_id(n % SLOTS, draw.randrange(size)) for n in range(frames * SLOTS)]


@st.composite
def token_streams(
    draw: st.DrawFn, tokens: OrpheusTokens, min_frames: int = 1, max_frames: int = 60
) -> list[int]:
    """Frames with zeros among the codes, stray and missing tokens, markers, and a partial end."""
    frames = draw(st.integers(min_frames, max_frames))
    ids = random_frames(tokens, frames, draw(st.integers(0, 2**32)))
    for position in draw(st.lists(st.integers(0, len(ids) - 1), max_size=4)):
        ids[position] = tokens.audio_id(position % SLOTS, 0)
    strays = (7, tokens.end_of_human, tokens.start_of_speech, tokens.start_of_ai, tokens.audio_end)
    anything = st.sampled_from(strays) | st.integers(tokens.audio_base, tokens.audio_end - 1)
    for _ in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(ids)))
        if draw(st.booleans()):
            ids.insert(position, draw(anything))
        elif len(ids) > 1:
            del ids[min(position, len(ids) - 1)]
    return ids[: len(ids) - draw(st.integers(0, min(SLOTS - 1, len(ids) - 1)))]
