"""What one client has asked for on a socket, and what it may still hear of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Asked:
    """whole: the audio of all of it. cancelled: its client has said so; the answer to that may be
    on its way."""

    whole: bytes
    cancelled: bool = False
    heard: bytes = b""


class ListenerLedger:
    """Told in the order in which things are said and heard. Raises AssertionError for audio of what
    has ended, for audio that is another's, and for an end that lacks some."""

    def __init__(self) -> None:
        self.open: dict[str, Asked] = {}
        """Those whose end has not been heard, in the order in which they were asked for."""

    def asks(self, name: str, whole: bytes) -> None:
        assert name not in self.open
        self.open[name] = Asked(whole)

    def cancels(self, name: str) -> None:
        if name in self.open:
            self.open[name].cancelled = True

    def hears(self, audio: bytes, name: str | None) -> None:
        """name: None where audio comes in the order in which it was asked for."""
        asked = self.open.get(next(iter(self.open), "") if name is None else name)
        assert asked is not None, "audio of a context that has ended"
        asked.heard += audio
        assert asked.whole.startswith(asked.heard), "audio that is not this context's"

    def ends(self, name: str, whole: bool = False) -> None:
        """whole: it is said to be, also where it was cancelled."""
        asked = self.open.pop(name)
        if whole or not asked.cancelled:
            assert asked.heard == asked.whole, "an end that lacks audio"
