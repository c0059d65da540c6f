"""The app around the double, for servers of others: `uvicorn --factory tests.support.asgi_app:app`.

After the warm-up an utterance is 40 frames long and takes a second or two.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from tensorrt_tts.server.app import create_app
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer

FRAMES = 40


def app() -> FastAPI:
    backend = BackendDouble(behaviour=Behaviour(frames=4))
    settings = ServerSettings(_env_file=None, slots=2, measure_s=0)
    app = create_app(Service(settings, double_synthesizer(backend, StreamOptions())))
    started = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[object]:
        async with started(app) as state:
            backend.behaviour = Behaviour(frames=FRAMES, rate=200)
            yield state
        print(f"closed: {backend.closed}", flush=True)

    app.router.lifespan_context = lifespan
    return app
