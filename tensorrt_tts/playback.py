"""When a listener runs dry: playback that begins with the first chunk and never skips. Pure."""

from __future__ import annotations


class PlaybackClock:
    """Follows a listener who plays each chunk as it comes, in real time, and waits when there is
    none. All times in seconds on one clock, whichever the caller uses."""

    def __init__(self, sample_rate: int) -> None:
        self.dry_at: float | None = None
        """When all that was added has been played; None before the first chunk."""
        self._sample_rate = sample_rate
        self._paused_at: float | None = None

    def add(self, samples: int, at: float) -> float:
        """A chunk that arrives `at`. Returns the seconds of silence before it: 0 if it came in
        time, and for the first chunk."""
        if self._paused_at is not None:  # nothing is due before playback goes on
            at = min(at, self._paused_at)
        late = 0.0 if self.dry_at is None else max(0.0, at - self.dry_at)
        self.dry_at = (at if self.dry_at is None else self.dry_at + late) + (
            samples / self._sample_rate
        )
        return late

    def buffered(self, now: float) -> float:
        """Seconds of audio that arrived and are still to be played."""
        if self._paused_at is not None:
            now = self._paused_at
        return 0.0 if self.dry_at is None else max(0.0, self.dry_at - now)

    def pause(self, now: float) -> None:
        """The listener stops playing and keeps what has arrived."""
        if self._paused_at is None:
            self._paused_at = now

    def resume(self, now: float) -> None:
        if self._paused_at is not None and self.dry_at is not None:
            self.dry_at += max(0.0, now - self._paused_at)
        self._paused_at = None
