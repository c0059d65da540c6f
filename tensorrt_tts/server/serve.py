"""From settings to a running server and its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

import uvicorn

from tensorrt_tts.errors import SettingError, TTSError
from tensorrt_tts.notice import notice
from tensorrt_tts.server.accounts import open_accountant
from tensorrt_tts.server.api_keys import ApiKeys
from tensorrt_tts.server.app import create_app
from tensorrt_tts.server.credentials import without_keys
from tensorrt_tts.server.deadlines import SHUTDOWN_S
from tensorrt_tts.server.json_log import JsonFormatter
from tensorrt_tts.server.paced_websocket import PacedWebSocket
from tensorrt_tts.server.redis_usage import open_redis
from tensorrt_tts.server.request_log import open_database
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings, notes, read_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tensorrt_tts.synthesizer import Synthesizer

logger = logging.getLogger(__name__)

Opener = Callable[[ServerSettings], "Synthesizer"]


def open_configured(settings: ServerSettings) -> Synthesizer:
    """The synthesizer that the settings name. Blocks while it loads.

    Raises what `open_synthesizer` raises.
    """
    from tensorrt_tts.loading import open_synthesizer
    from tensorrt_tts.stream_options import StreamOptions

    return open_synthesizer(
        settings.model,
        settings.backend,
        codec=settings.codec,
        spec=settings.spec,
        device=settings.device,
        max_streams=settings.engine_streams,
        voice_files=settings.voice_files,
        bandwidth_extension=settings.bandwidth_extension,
        options=StreamOptions(
            max_characters=settings.max_characters,
            sentence_pause_s=settings.sentence_pause_s,
            paragraph_pause_s=settings.paragraph_pause_s,
            voice_tokens=settings.voice_tokens,
            stall_s=settings.stall_timeout_s,
            stop_s=settings.abort_timeout_s,
        ),
    )


def configured_app() -> FastAPI:
    """For other ASGI servers, settings from the environment: loads, so call it once a process."""
    settings = read_settings([])
    log_notes(settings)
    return create_app(Service(settings, open_configured(settings)))


class Server(uvicorn.Server):
    """Leaves signals to the service. uvicorn would cut every socket at the first one, and raise it
    again after a clean end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def no_word_of_cuts(record: logging.LogRecord) -> bool:
    """A body that is cut on purpose is no fault of the application's, and has its own line."""
    return not record.getMessage().startswith("ASGI callable returned without completing response")


def no_trace_of_what_clients_send(record: logging.LogRecord) -> bool:
    """Text that is not UTF-8 closes its socket 1007 and is a line: anybody else could fill a
    log."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info = None
    return True


def no_keys_in_addresses(record: logging.LogRecord) -> bool:
    """uvicorn logs the address of every handshake."""
    if isinstance(record.args, tuple):
        record.args = tuple(map(without_keys, record.args))
    return True


OnStart = Callable[[Service, Server, int], None]
"""Told the service, its server and the port, which accepts connections from then on."""


def serve(
    settings: ServerSettings,
    opener: Opener = open_configured,
    on_start: OnStart = lambda service, server, port: None,
) -> int:
    """Load, warm up, listen, drain. Returns the process's exit code; where something in it does not
    end (an engine or a codec that hangs), the process ends here.

    The port opens only when the first request can be served, so a probe that connects has its
    answer. Until then a signal ends the process in the usual way.
    """
    log_to_stderr(settings)
    log_notes(settings)
    listener = bind(settings)
    try:
        check_edges(settings)
        synthesizer = opener(settings)  # outside the event loop, which would put off a Ctrl-C
    except BaseException:
        listener.close()
        raise
    config = uvicorn.Config("", loop="auto", log_config=None)  # only for its choice of event loop
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        try:
            code = runner.run(run(settings, synthesizer, listener, on_start))
        except TTSError as error:
            if synthesizer.closed:
                raise
            notice(f"error: {error}")
            code = error.exit_code
        if not synthesizer.closed:
            leave(code)
    return code


def log_notes(settings: ServerSettings) -> None:
    for note in notes(settings):
        logger.warning(note)


def log_to_stderr(settings: ServerSettings) -> None:
    if settings.log_format == "json":
        line: logging.Formatter = JsonFormatter()
    else:
        line = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(line)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])


def leave(code: int) -> NoReturn:
    """End the process although something in it does not end: the loop would wait for its task, and
    the interpreter for its thread."""
    logger.error("leaving without waiting for what does not end")
    try:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


async def run(
    settings: ServerSettings,
    synthesizer: Synthesizer,
    listener: socket.socket,
    on_start: OnStart = lambda service, server, port: None,
) -> int:
    """`serve` inside a running loop."""
    try:
        service = Service(settings, synthesizer)
        server = Server(uvicorn_config(settings, service))
    except TTSError:  # a setting that does not go with the model, or with what is installed
        listener.close()
        await synthesizer.close()
        raise

    def stop(number: int) -> None:
        server.should_exit = True
        server.force_exit = service.exit_code == 128 + signal.SIGINT

    with listener:
        async with service.run(stop):
            port = listener.getsockname()[1]
            listen(listener, settings)
            on_start(service, server, port)
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            logger.info("speaking at http://%s:%d/test", host, port)
            await server.serve(sockets=[listener])
    return service.exit_code


def check_edges(settings: ServerSettings) -> None:
    """What can be known before the model is loaded. Raises as `ApiKeys`, `open_accountant`,
    `open_database` and `open_redis`."""
    ApiKeys(settings)
    if settings.accountant is not None:
        open_accountant(settings.accountant)
    if settings.request_log is not None:
        open_database(settings.request_log.get_secret_value()).dispose()
    if settings.redis_url is not None:
        open_redis(settings.redis_url.get_secret_value())


def bind(settings: ServerSettings) -> socket.socket:
    """The listening socket, bound but not listening. Taken before the model is loaded: a port that
    another program listens on should be known in a second, not in a minute.

    Accepted sockets inherit its options. A short send buffer makes a client that does not read
    known within seconds of audio instead of minutes. The user timeout lets the kernel drop a
    connection whose peer takes nothing, also after we are done with it: uvicorn would wait for
    its buffer to empty, for ever. It is twice our own deadline, so that ours comes first and
    says why.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Linux doubles what it is asked for.
    size = settings.send_buffer_bytes // (2 if sys.platform == "linux" else 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        milliseconds = max(1, round(2000 * settings.send_timeout_s))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise _cannot_listen(settings, error) from error
    return listener


def listen(listener: socket.socket, settings: ServerSettings) -> None:
    """Of two servers that were bound to one port while both loaded, the second fails here; asked by
    uvloop it would go on, deaf. Raises SettingError."""
    try:
        listener.listen(settings.max_sockets)
    except OSError as error:
        raise _cannot_listen(settings, error) from error


def _cannot_listen(settings: ServerSettings, error: OSError) -> SettingError:
    return SettingError(
        f"cannot listen on host {settings.host!r} port {settings.port} ({error.strerror}); "
        "choose another by --host and --port"
    )


def uvicorn_config(settings: ServerSettings, service: Service) -> uvicorn.Config:
    for rule in (no_word_of_cuts, no_keys_in_addresses, no_trace_of_what_clients_send):
        logging.getLogger("uvicorn.error").addFilter(rule)
    return uvicorn.Config(
        create_app(service),
        lifespan="off",  # `run` enters it itself: an error of the start keeps its exit code
        timeout_graceful_shutdown=SHUTDOWN_S,
        log_config=None,
        log_level=settings.log_level,
        ws=PacedWebSocket,
        access_log=False,  # the socket logs requests; probes and scrapes are not worth a line
        ws_max_size=settings.message_bytes,
        ws_ping_interval=settings.ping_interval_s,
        ws_ping_timeout=settings.ping_timeout_s,
        ws_per_message_deflate=False,  # PCM does not shrink; it would only cost time
    )
