"""Who asks for speech, whatever the protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorrt_tts.server.context import Context


class Caller:
    """A socket for as long as it is open, or one HTTP request.

    contexts: what it has asked for that has not ended, in the order of arrival. on_drain: told once
    that the server stops: finish what was asked for, then close.
    """

    def __init__(self, on_drain: Callable[[], None] = lambda: None) -> None:
        self.contexts: list[Context] = []
        self.on_drain = on_drain
