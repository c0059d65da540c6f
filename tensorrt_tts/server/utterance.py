"""One request on one socket, from its arrival to its last chunk."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tensorrt_tts.server.messages import Reason, SpeakMessage, done_message, reason_of

if TYPE_CHECKING:
    from typing import Any

    from tensorrt_tts.server.peer import Peer
    from tensorrt_tts.server.service import Service
    from tensorrt_tts.speech import SpeechReport


class Utterance:
    """Waits for a slot, speaks, and can be cancelled at any moment from outside.

    samples, chunks: sent so far. report: None until it has a slot. queue_s: from its arrival until
    then: its text is read, and what was asked before it is spoken.
    """

    def __init__(self, message: SpeakMessage, service: Service, peer: Peer) -> None:
        self.message = message
        self.samples = 0
        self.chunks = 0
        self.queue_s = 0.0
        self.report: SpeechReport | None = None
        self._service = service
        self._peer = peer
        self._cancelled = False
        self._scope: asyncio.Timeout | None = None
        self._arrived = time.perf_counter()
        self._dry_at = 0.0  # when a listener who began at the first chunk has nothing left to play

    def cancel(self) -> None:
        """Stop now, or never begin. May be called again."""
        if self._cancelled:
            return
        self._cancelled = True
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def speak(self) -> Reason:
        """The slot is free again and the engine has stopped when this returns or raises.

        Raises whatever refused or broke it: InputError and CapacityError before any audio,
        BackendError, SlowReaderError, PeerGoneError.
        """
        if self._cancelled:
            return Reason.CANCELLED
        try:
            async with asyncio.timeout(None) as self._scope:
                await self._perform()
        except TimeoutError:
            if not self._cancelled:
                raise
        finally:
            self._scope = None
        if self._cancelled:
            return Reason.CANCELLED
        assert self.report is not None
        self._service.metrics.real_time_factor.observe(self.report.real_time_factor or 0.0)
        return reason_of(self.report)

    def done(self, reason: Reason) -> dict[str, Any]:
        return done_message(
            reason,
            self.report,
            samples=self.samples,
            chunks=self.chunks,
            sample_rate=self._service.synthesizer.sample_rate,
            request_id=self.message.id,
            queue_s=self.queue_s,
            benchmark=self.message.benchmark,
        )

    async def _perform(self) -> None:
        service = self._service
        service.slots.refuse_if_full()
        # Read and checked before it takes a slot or a place in the queue from somebody else.
        plan = await service.synthesizer.prepare(self.message.request())
        async with service.slots.hold():
            self.queue_s = time.perf_counter() - self._arrived
            service.metrics.queue_wait_s.observe(self.queue_s)
            async with service.synthesizer.start(plan) as stream:
                self.report = stream.report
                try:
                    async for chunk in stream:
                        service.health.note_audio()
                        await self._peer.send_audio(chunk.pcm)
                        self._note(len(chunk.pcm))
                finally:
                    service.metrics.note_stream(
                        self.report, self.queue_s, self.samples / service.synthesizer.sample_rate
                    )

    def _note(self, samples: int) -> None:
        now = asyncio.get_running_loop().time()
        if self.chunks and now > self._dry_at:
            self._service.metrics.late_chunks.inc()
        self._dry_at = max(now, self._dry_at) + samples / self._service.synthesizer.sample_rate
        self.samples += samples
        self.chunks += 1
