"""`python -m tests.support.speaking_server`: the server as its own process, around the double.

Prints its port when it listens. Arguments: tokens a second, frames, drain timeout.
"""

from __future__ import annotations

import asyncio
import sys

from tensorrt_tts.server.serve import run
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.synthesizer import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer

if __name__ == "__main__":
    rate, frames, drain = sys.argv[1:]
    backend = BackendDouble(behaviour=Behaviour(frames=int(frames), rate=float(rate)))
    settings = ServerSettings(_env_file=None, port=0, drain_timeout_s=float(drain))
    sys.exit(
        asyncio.run(
            run(
                settings,
                lambda _: double_synthesizer(backend, StreamOptions()),
                lambda server, port: print(port, flush=True),
            )
        )
    )
