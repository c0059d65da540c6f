"""One stream through AP-BWE: every window has the whole reach of what is taken from it, so that
streaming changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tensorrt_tts.audio.bandwidth.config import ExtensionConfig
from tensorrt_tts.audio.bandwidth.sinc import SincUpsampler
from tensorrt_tts.audio.pcm import FULL_SCALE, to_int16

MAX_HOPS = 300
"""Of new audio in a window, half a second: memory does not grow with what is pushed at once."""

Run = Callable[[np.ndarray], np.ndarray]
"""float32 samples of a window, from half a window before its first hop, to those of its hops."""


class ExtensionStream:
    """Windows begin on the stream's own grid of hops. At its ends the signal is mirrored, as for
    the whole; a last hop that is not full ends in silence, which is cut off again. Held back: the
    network's reach, and that of the sinc before it.
    """

    def __init__(self, config: ExtensionConfig, run: Run) -> None:
        self._run = run
        self._factor = config.factor
        self._hop = config.hop_size
        self._size = config.win_size
        self._half = config.half_window
        around = config.half_window // config.hop_size
        self._before = config.frame_reach + around - 1  # frames that a hop needs before its own
        self._after = config.frame_reach + around
        self._sinc = SincUpsampler(config.factor)
        self._held = np.zeros(0, np.float32)  # from where the frame `_first` begins
        self._begun = False  # the mirrored beginning is in front of it
        self._first = 0
        self._given = 0  # samples that came
        self._done = 0  # hops that were given out

    def push(self, pcm: np.ndarray) -> np.ndarray:
        """int16 (samples,) to int16 (samples,), which may be none yet."""
        self._given += len(pcm)
        self._hold(self._sinc.push(pcm.astype(np.float32) / FULL_SCALE))
        return to_int16(self._hops(self._frames() - self._after))

    def finish(self) -> np.ndarray:
        """What is left. Called once."""
        if not self._given:
            return np.zeros(0, np.int16)
        self._hold(self._sinc.finish())
        whole = self._factor * self._given
        hops = max(-(-whole // self._hop), self._half // self._hop + 1)
        self._hold(np.zeros(hops * self._hop - whole, np.float32))
        self._hold(self._held[-2 : -2 - self._half : -1])
        left = whole - self._done * self._hop
        return to_int16(self._hops(hops)[:left])

    def _hold(self, samples: np.ndarray) -> None:
        self._held = np.concatenate([self._held, samples])
        if not self._begun and len(self._held) > self._half:
            self._held = np.concatenate([self._held[self._half : 0 : -1], self._held])
            self._begun = True

    def _frames(self) -> int:
        """How many are whole."""
        whole = (len(self._held) - self._size) // self._hop + 1 if self._begun else 0
        return self._first + max(0, whole)

    def _hops(self, stop: int) -> np.ndarray:
        """float32, from the first that was not given out up to `stop`."""
        parts = [np.zeros(0, np.float32)]
        while self._done < stop:
            until = min(stop, self._done + MAX_HOPS)
            last = min(self._frames(), until + self._after)
            size = (last - 1 - self._first) * self._hop + self._size
            found = self._run(self._held[:size])
            begin, end = (self._hop * (hop - self._first) for hop in (self._done, until))
            parts.append(found[begin:end])
            self._done = until
            first = max(0, until - self._before)
            self._held = self._held[self._hop * (first - self._first) :]
            self._first = first
        return np.concatenate(parts)
