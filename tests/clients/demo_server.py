"""A real server with the voice that ships."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from tensorrt_tts.backends.base import Prompt, Sampling, TokenChunk
from tensorrt_tts.server.serve import open_configured
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.server_thread import ServerThread


class DemoServer(ServerThread):
    """Most of these clients can set no seed, and now and then the voice slips on a word: here a
    request without one has seed 0, so that a word which is missing is a protocol's doing."""

    def __init__(self) -> None:
        super().__init__(BackendDouble(), slots=1)

    def _open(self) -> Synthesizer:
        synthesizer = open_configured(self.settings)
        stream = synthesizer.backend.stream

        def seeded(
            prompt: Prompt, sampling: Sampling, request_id: str
        ) -> AsyncGenerator[TokenChunk, None]:
            return stream(prompt, replace(sampling, seed=sampling.seed or 0), request_id)

        synthesizer.backend.stream = seeded  # type: ignore[method-assign]
        return synthesizer
