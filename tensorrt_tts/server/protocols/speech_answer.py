"""The answer to one request for speech over HTTP, whatever words it came in."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from tensorrt_tts.errors import TTSError
from tensorrt_tts.server.context import ClientGoneError
from tensorrt_tts.server.protocols.fields import invalid
from tensorrt_tts.server.protocols.http_exchange import HttpExchange
from tensorrt_tts.server.protocols.http_speech import Framing, HttpSpeech
from tensorrt_tts.server.refusals import Rendering
from tensorrt_tts.validation import shown

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from tensorrt_tts.audio.audio_output import AudioOutput
    from tensorrt_tts.server.service import Service
    from tensorrt_tts.speech import SpeechRequest


@dataclass(frozen=True, slots=True)
class AskedSpeech:
    """What a body came to. headers: besides those that every answer has. content_type: of the
    answer, where it is not that of the audio."""

    request: SpeechRequest
    output: AudioOutput
    framing: Framing
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None


class SpeechAnswer(Response):
    """Reads the request itself. A mistake is answered at once, before it takes a slot or a place in
    the queue from somebody else."""

    refusal: ClassVar[Rendering]
    """As the clients of this protocol expect it."""

    def __init__(self, service: Service, request: Request, name: str, max_bytes: int) -> None:
        """name: of the request, for the log. max_bytes: of its body."""
        super().__init__()
        self.name = name
        self._service = service
        self._request = request
        self._max_bytes = max_bytes

    @abstractmethod
    def asked(self, content: bytes) -> AskedSpeech:
        """Raises InputError naming what is wrong."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        chunks = scope.get("http_version") != "1.0"
        exchange = HttpExchange(receive, send, service.settings.send_timeout_s, chunks)
        speech = HttpSpeech(service, exchange, self.name)
        try:
            with contextlib.ExitStack() as stack:
                try:
                    stack.enter_context(service.admit(speech.caller))
                    asked = self.asked(await self._read(exchange))
                    context = service.speak(asked.request, speech.caller)
                except TTSError as error:
                    service.note_refusal(error)
                    raise
                headers = {
                    "Content-Type": asked.content_type or asked.output.content_type,
                    "X-Audio-Sample-Rate": str(asked.output.rate),
                    "X-SR-Applied": asked.output.sr_applied,
                    "X-Accel-Buffering": "no",  # what nginx would gather otherwise
                    **asked.headers,
                }
                await speech.speak(context, asked.output, asked.framing, headers)
        except ClientGoneError:
            return
        except TTSError as error:
            unread = {"Connection": "close"} if exchange.given_up else {}
            await self.refusal(error, headers=unread, name=self.name)(scope, receive, send)

    async def _read(self, exchange: HttpExchange) -> bytes:
        # A web page may send any other type here without asking first, from its visitor's machine.
        headers = self._request.headers
        kind = headers.get("Content-Type", "")
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise invalid(
                f"header Content-Type is {shown(kind)}, not application/json; send JSON "
                "under its own name",
                None,
                "unsupported_media_type",
                415,
            )
        packed = headers.get("Content-Encoding", "identity")
        if packed.strip().lower() not in ("", "identity"):
            raise invalid(
                f"header Content-Encoding is {shown(packed)}, and a body is read as it comes; send "
                "it without compression",
                None,
                "unsupported_media_type",
                415,
            )
        return await exchange.read(self._max_bytes)
