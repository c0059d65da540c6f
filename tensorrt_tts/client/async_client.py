"""The client of `/ws/tts` for asyncio: what `sync_client` does, awaited."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Self, Unpack

from tensorrt_tts.client.conversation import Answer, Conversation, SpeechFields
from tensorrt_tts.client.handshake import not_opened, opening
from tensorrt_tts.errors import TTSError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection


class AsyncClient:
    """As `Client`; its speeches may be read by a task each."""

    def __init__(self, socket: ClientConnection, conversation: Conversation) -> None:
        """For `connect`."""
        self._socket = socket
        self._conversation = conversation
        self._reading = asyncio.Lock()

    @classmethod
    async def connect(
        cls,
        url: str,
        api_key: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,  # noqa: ASYNC109 - of each message, as in `Client`
    ) -> Self:
        """As `Client.connect`."""
        asked = opening(url, api_key, headers, timeout)
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            socket = await connect(url, **asked)
        except (OSError, ValueError, WebSocketException) as error:
            raise not_opened(url, error) from error
        return cls(socket, Conversation(url, socket.response, timeout))

    @property
    def sample_rate(self) -> int:
        """Hz, of all its speeches."""
        return self._conversation.sample_rate

    async def speak(self, text: str, **fields: Unpack[SpeechFields]) -> AsyncSpeech:
        """As `Client.speak`."""
        speech = AsyncSpeech(self)
        await self._send(self._conversation.request(speech, text, fields), asking=True)
        return speech

    async def close(self) -> None:
        await self._socket.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _send(self, message: str, asking: bool = False) -> None:
        with self._conversation.connected(asking):
            await self._socket.send(message)

    async def _receive_for(self, speech: AsyncSpeech) -> None:
        """One message, unless another task has received what this one waits for."""
        async with self._reading:
            if speech._lacks():
                with self._conversation.connected():
                    async with asyncio.timeout(self._conversation.timeout):
                        message = await self._socket.recv()
                    self._conversation.hear(message)


class AsyncSpeech(Answer):
    """As `Speech`, with `async for`. After a `break` call `close`, or use `async with`: Python ends
    the iteration some time later."""

    def __init__(self, client: AsyncClient) -> None:
        """For `AsyncClient.speak`."""
        super().__init__(client._conversation, client._conversation.name())
        self._client = client

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while self._goes_on():
                await self._client._receive_for(self)
                for pcm in self._arrived():
                    yield pcm
        finally:
            await self.close()

    async def cancel(self) -> None:
        """As `Speech.cancel`."""
        message = self._conversation.cancellation(self)
        if message is not None:
            with contextlib.suppress(TTSError):  # whoever reads is told
                await self._client._send(message)

    async def close(self) -> None:
        """As `Speech.close`."""
        await self.cancel()
        self._drop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
