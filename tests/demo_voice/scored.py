"""Speech and a judge of it, for tests of what is made of scores."""

import numpy as np

from demo_voice.hindi.scores import HindiScore
from demo_voice.speak import Spoken

RATE = 24_000


def spoken(seconds: float, finished: bool = True) -> Spoken:
    return Spoken(np.full(int(seconds * RATE), 0.1, np.float32), RATE, finished)


def judge(text: str, audio: np.ndarray, rate: int) -> HindiScore:
    """What it says follows from the length."""
    seconds = len(audio) / rate
    return HindiScore(text, text, seconds, 1 if seconds < 3 else 2, 0.1, 4.0, seconds)
