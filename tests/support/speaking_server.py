"""`python -m tests.support.speaking_server`: the server as its own process, around the double.

Prints its port when it listens. Arguments: tokens a second, frames, drain timeout, and "deaf" for
an engine that hangs after 30 tokens and lets go neither when cancelled nor when closed.
"""

from __future__ import annotations

import sys

from tensorrt_tts.server.serve import Server, serve
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer

if __name__ == "__main__":
    rate, frames, drain, *deaf = sys.argv[1:]
    backend = BackendDouble(behaviour=Behaviour(frames=4), releases=not deaf)  # to warm up
    settings = ServerSettings(
        _env_file=None,
        port=0,
        slots=4,
        measure_s=0,
        drain_timeout_s=float(drain),
        abort_timeout_s=1.0,
    )

    def started(service: Service, server: Server, port: int) -> None:
        backend.behaviour = (
            Behaviour(hang_at=30, deaf=True)
            if deaf
            else Behaviour(frames=int(frames), rate=float(rate))
        )
        print(port, flush=True)

    sys.exit(
        serve(
            settings,
            lambda _: double_synthesizer(backend, StreamOptions(stop_s=settings.abort_timeout_s)),
            started,
        )
    )
