"""Binary messages to samples: container headers and half samples are not audio. Pure."""

from __future__ import annotations

import struct

SAMPLE_BYTES = 2
"""int16 mono."""

_RIFF = b"RIFF"


class PcmStream:
    """Feed binary messages in order; get the audio in each. Headers are counted, not returned."""

    def __init__(self) -> None:
        self.header_bytes = 0
        self._held = b""
        self._in_header: bool | None = None  # unknown until four bytes have come

    def feed(self, payload: bytes) -> bytes:
        """The whole int16 samples that this message completes; b"" for a header or for nothing."""
        data = self._held + payload
        self._held = b""
        if self._in_header is None:
            if len(data) < len(_RIFF) and _RIFF.startswith(data):
                self._held = data
                return b""
            self._in_header = data.startswith(_RIFF)
        if self._in_header:
            length = _header_length(data)
            if length is None:
                self._held = data
                return b""
            self.header_bytes = length
            self._in_header = False
            data = data[length:]
        whole = len(data) - len(data) % SAMPLE_BYTES
        self._held = data[whole:]
        return data[:whole]


def _header_length(data: bytes) -> int | None:
    """Bytes up to the first sample of a WAV stream; None while its header is incomplete."""
    position = 12  # RIFF, size, WAVE
    while len(data) >= position + 8:
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"data":
            return position
        position += size + size % 2
    return None
