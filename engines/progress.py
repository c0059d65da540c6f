"""What a build is doing, shown while it does it: a bar of phases with the elapsed time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from tqdm import tqdm

from tensorrt_tts.notice import LossyStream


class Progress:
    """Runs phases in order and keeps their times in `seconds`.

    A phase can last many minutes inside one call that cannot report; a thread redraws the bar
    every second meanwhile, so that the elapsed time moves. stream: None shows nothing.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds: dict[str, float] = {}
        self._stream: Any = LossyStream(stream) if stream is not None else None
        self._clock = clock
        self._bar: Any = None

    @contextmanager
    def phases(self, count: int, title: str) -> Iterator[None]:
        """The whole build, of `count` phases."""
        if self._stream is None:
            yield
            return
        layout = "{desc} {bar:24} {n_fmt}/{total_fmt} [{elapsed}]"
        done = threading.Event()
        with tqdm(total=count, desc=title, file=self._stream, bar_format=layout) as bar:
            ticker = threading.Thread(target=self._tick, args=(bar, done), daemon=True)
            ticker.start()
            self._bar = bar
            try:
                yield
            finally:
                self._bar = None
                done.set()
                ticker.join()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = self._clock()
        if self._bar is not None:
            self._bar.set_description_str(name)
        yield
        self.seconds[name] = round(self._clock() - start, 3)
        if self._bar is not None:
            self._bar.update()
            tqdm.write(f"  {name}: {self.seconds[name]:.1f} s", file=self._stream)

    @staticmethod
    def _tick(bar: Any, done: threading.Event) -> None:
        while not done.wait(1.0):
            bar.refresh()

    def note(self, text: str) -> None:
        """A line above the bar."""
        if self._stream is not None:
            tqdm.write(f"  {text}", file=self._stream)
