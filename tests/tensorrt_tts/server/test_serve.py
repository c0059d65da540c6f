"""Starting: what can be wrong before the port opens, and the routes beside the socket."""

import gc
import json
import logging
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tensorrt_tts.backends.base import Capacity
from tensorrt_tts.errors import BackendError, SettingError
from tensorrt_tts.server import __main__ as command
from tensorrt_tts.server import serve
from tensorrt_tts.server.paced_websocket import PacedWebSocket
from tensorrt_tts.server.serve import bind, listen, run, uvicorn_config
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer
from tests.support.server_thread import ServerThread, serving


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving() as running:
        yield running


def test_it_has_spoken_before_it_listens(server: ServerThread) -> None:
    assert server.backend.started == ["speech-0-0"]
    assert server.backend.ended == ["speech-0-0"]


def test_no_collection_looks_through_what_is_loaded() -> None:
    with serving():
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0


def test_health(server: ServerThread) -> None:
    for name in ("live", "ready"):
        assert server.get(f"/health/{name}") == (200, '{"status":"ok"}')


def test_voices(server: ServerThread) -> None:
    status, text = server.get("/v1/audio/voices")
    about = json.loads(text)
    assert status == 200
    assert about["sample_rate"] == 24000
    assert about["voices"][0] == {"name": "tara", "language": "en"}


@pytest.mark.parametrize("path", ["/test", "/test/page.js", "/test/player-worklet.js"])
def test_page_files(server: ServerThread, path: str) -> None:
    status, text = server.get(path)
    assert status == 200
    assert len(text) > 300


def test_metrics_have_the_engine_s_own_counts(server: ServerThread) -> None:
    assert server.metric("tts_backend_tokens_total") == server.backend.generated > 0
    assert server.metric("tts_backend_running") == 0
    assert server.metric("tts_draining") == 0


def test_metrics_have_the_codecs_own_counts(server: ServerThread) -> None:
    jobs = server.metric("tts_codec_jobs_total")
    assert jobs >= server.metric("tts_codec_batches_total") > 0
    assert server.metric("tts_codec_hops_total") >= jobs


def test_no_socket_is_read_in_one_go(server: ServerThread) -> None:
    assert uvicorn_config(server.settings, server.service).ws is PacedWebSocket


@pytest.mark.parametrize(
    ("host", "shown"), [("::1", "http://[::1]:"), ("127.0.0.1", "http://127.0.0.1:")]
)
def test_the_address_it_speaks_at(host: str, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, serve.__name__), serving(host=host) as running:
        assert f"speaking at {shown}{running.port}/test" in caplog.text


@pytest.mark.parametrize("sent", [b"\xff", b'{"text": "caf\xe9"}', b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_leave_one_line(
    server: ServerThread, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(server.url) as opened:
        opened.send(sent, text=True)
        with pytest.raises(ConnectionClosedError) as closed:
            opened.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007
    assert "Invalid UTF-8" in caplog.text
    assert "Traceback" not in caplog.text


def test_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match=f"port {port}.*--port"):
            bind(ServerSettings(_env_file=None, port=port))


def test_two_servers_that_load_at_once_do_not_both_believe_to_listen() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ServerSettings(_env_file=None, port=port)
    with bind(settings) as first, bind(settings) as second:
        listen(first, settings)
        with pytest.raises(SettingError, match=f"port {port}.*--port"):
            listen(second, settings)


async def start(backend: BackendDouble, slots: int = 4) -> int:
    settings = ServerSettings(_env_file=None, port=0, slots=slots, measure_s=0)
    return await run(settings, double_synthesizer(backend, StreamOptions()), bind(settings))


async def test_more_slots_than_the_engine_holds() -> None:
    backend = BackendDouble(capacity=Capacity(2, 4096))
    with pytest.raises(SettingError, match="slots 3 is more than the 2 streams"):
        await start(backend, slots=3)
    assert backend.closed


async def test_a_silent_model_never_opens_the_port() -> None:
    backend = BackendDouble(behaviour=Behaviour(frames=0))
    with pytest.raises(BackendError, match="gave no audio"):
        await start(backend)
    assert backend.closed


async def test_the_app_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another ASGI server loads it: warm inside its lifespan, closed after."""
    backend = BackendDouble(behaviour=Behaviour(frames=4))
    monkeypatch.setenv("TTS_SLOTS", "3")
    monkeypatch.setenv("TTS_MEASURE_S", "0")
    opened: list[ServerSettings] = []

    def opener(settings: ServerSettings) -> Synthesizer:
        opened.append(settings)
        return double_synthesizer(backend, StreamOptions())

    monkeypatch.setattr(serve, "open_configured", opener)
    app = serve.configured_app()
    assert [settings.slots for settings in opened] == [3]
    async with app.router.lifespan_context(app):
        assert backend.ended == ["speech-0-0"]
    assert backend.closed


@pytest.mark.parametrize(
    ("device", "slots", "streams"),
    [("cpu", None, 16), (" CPU", None, 16), ("cuda:1", None, 64), ("cuda", 100, 100)],
)
def test_an_engine_is_opened_for_as_many_as_may_be_measured(
    device: str, slots: int | None, streams: int
) -> None:
    assert ServerSettings(_env_file=None, device=device, slots=slots).engine_streams == streams


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--slots", "0"], 2, "slots is '0'"),
        (["--port", "0", "--backend", "nothing"], 2, "'nothing' is unknown"),
        (["--port", "0", "--model", "./no/such/folder"], 3, "no folder"),
    ],
)
def test_a_bad_start_is_one_line_and_an_exit_code(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == code
    error = capsys.readouterr().err.strip()
    assert error.splitlines()[-1].startswith("error: ")
    assert says in error.splitlines()[-1]
