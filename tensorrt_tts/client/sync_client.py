"""The client of `/ws/tts` for code that does not await."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self, Unpack

from tensorrt_tts.client.conversation import Answer, Conversation, SpeechFields
from tensorrt_tts.client.handshake import not_opened, opening
from tensorrt_tts.errors import TTSError

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


class Client:
    """One connection to a server; any number of speeches may follow each other on it. One thread
    reads; `Speech.cancel` may come from any. One that broke stays broken: connect again."""

    def __init__(self, socket: ClientConnection, conversation: Conversation) -> None:
        """For `connect`."""
        self._socket = socket
        self._conversation = conversation

    @classmethod
    def connect(
        cls,
        url: str,
        api_key: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Self:
        """url: `ws://host:8000/ws/tts`, or wss. headers: of the handshake, such as a proxy's token.
        timeout: seconds without a message of the server's.

        Raises SettingError for what cannot be an address, key or header, the server's own error
        where it refuses, and BackendError or CapacityError where none of ours answers.
        """
        asked = opening(url, api_key, headers, timeout)
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        try:
            # Before 17 `connect` gives the connection itself, since then only `with` does.
            socket = connect(url, **asked).__enter__()
        except (OSError, ValueError, WebSocketException) as error:
            raise not_opened(url, error) from error
        return cls(socket, Conversation(url, socket.response, timeout))

    @property
    def sample_rate(self) -> int:
        """Hz, of all its speeches."""
        return self._conversation.sample_rate

    def speak(self, text: str, **fields: Unpack[SpeechFields]) -> Speech:
        """Asks for it at once; it speaks when those before it have ended. Raises what ended the
        connection, and InputError for a text that cannot be sent."""
        speech = Speech(self)
        self._send(self._conversation.request(speech, text, fields), asking=True)
        return speech

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, message: str, asking: bool = False) -> None:
        with self._conversation.connected(asking):
            self._socket.send(message)

    def _receive_for(self, speech: Speech) -> None:
        """One message, where this one lacks any."""
        if speech._lacks():
            with self._conversation.connected():
                self._conversation.hear(self._socket.recv(self._conversation.timeout))


class Speech(Answer):
    """Iterate over it once for its audio, as it comes: bytes of 16-bit little-endian mono samples
    at `sample_rate` (`numpy.frombuffer(pcm, "<i2")`). Raises the error by which the server ended
    it, or what ended the connection. Whoever stops iterating cancels it.
    """

    def __init__(self, client: Client) -> None:
        """For `Client.speak`."""
        super().__init__(client._conversation, client._conversation.name())
        self._client = client

    def __iter__(self) -> Iterator[bytes]:
        try:
            while self._goes_on():
                self._client._receive_for(self)
                yield from self._arrived()
        finally:
            self.close()

    def cancel(self) -> None:
        """Stop speaking. What is on its way still comes, then the report, which says what was
        heard. Too late is no error."""
        message = self._conversation.cancellation(self)
        if message is not None:
            with contextlib.suppress(TTSError):  # whoever reads is told
                self._client._send(message)

    def close(self) -> None:
        """Stop speaking; nobody wants what is on its way."""
        self.cancel()
        self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
