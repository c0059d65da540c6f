"""From start to end, without a server: `Service.run` and whom it lets in."""

import asyncio
import os
import signal
from typing import Any

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.errors import CapacityError, DrainingError, EngineDiedError, RateLimitError
from tensorrt_tts.server.context import Caller
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer

HELLO = SpeechRequest("Hello.", seed=1)


def service_of(backend: BackendDouble | None = None, **changes: Any) -> Service:
    settings = ServerSettings(_env_file=None, **({"slots": 2, "measure_s": 0} | changes))
    backend = backend or BackendDouble(behaviour=Behaviour(frames=6))
    return Service(settings, double_synthesizer(backend, StreamOptions(), NullCodec()))


async def turn() -> None:
    await asyncio.sleep(0)


class Left:
    """What ends the server."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.event = asyncio.Event()

    def __call__(self, number: int) -> None:
        self.told.append(number)
        self.event.set()


async def test_it_is_warm_inside_and_closed_outside() -> None:
    service = service_of()
    backend = service.synthesizer.backend
    assert isinstance(backend, BackendDouble)
    async with service.run():
        assert backend.ended == ["speech-0-0"]
        assert not backend.closed
    assert backend.closed
    assert service.exit_code == 0
    with pytest.raises(DrainingError):
        service.speak(HELLO, Caller())


async def test_slots_are_measured_at_the_start() -> None:
    service = service_of(slots=None, measure_s=60.0)
    async with service.run():
        assert service.slots.size > 1  # the double takes no time
        assert b"tts_slots 1.0" not in service.metrics.text()


async def test_callers_are_admitted_up_to_a_number() -> None:
    service = service_of(max_sockets=1)
    with service.admit(Caller()):
        with pytest.raises(CapacityError, match="1 sockets are open"), service.admit(Caller()):
            pass
        assert service.metrics.registry.get_sample_value("tts_sockets") == 1
    with service.admit(Caller()):
        pass
    assert service.metrics.registry.get_sample_value("tts_sockets") == 0
    await service.synthesizer.close()


async def test_a_caller_asks_ahead_up_to_a_number() -> None:
    service = service_of(max_pending=2)
    caller = Caller()
    contexts = [service.speak(HELLO, caller) for _ in range(2)]
    with pytest.raises(RateLimitError, match="2 requests of this socket are not answered yet"):
        service.speak(HELLO, caller)
    service.speak(HELLO, Caller()).settle("disconnected")  # another one may
    contexts[0].settle("disconnected")
    service.speak(HELLO, caller)
    await service.synthesizer.close()


async def test_the_first_signal_drains_and_the_server_ends_after_the_last_caller() -> None:
    service, left, told = service_of(), Left(), asyncio.Event()
    async with service.run(left):
        with service.admit(Caller(on_drain=told.set)):
            os.kill(os.getpid(), signal.SIGTERM)
            await told.wait()
            assert (service.health.ready, service.drained) == (False, False)
            assert left.told == []
        await left.event.wait()
    assert left.told == [signal.SIGTERM]
    assert service.exit_code == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_now(second: signal.Signals) -> None:
    service, left = service_of(drain_timeout_s=3600), Left()
    async with service.run(left):
        with service.admit(Caller()):
            for number in (signal.SIGTERM, second):
                service.stop(number)
            await left.event.wait()
            assert service.health.draining
    assert left.told == [second]
    assert service.exit_code == 128 + second


async def test_a_drain_has_an_end() -> None:
    service, left = service_of(drain_timeout_s=0), Left()
    async with service.run(left):
        with service.admit(Caller()):
            service.stop(signal.SIGTERM)
            await left.event.wait()
    assert service.exit_code == 0


@pytest.mark.parametrize("how", ["dies", "cannot be asked"])
async def test_an_engine_that_fails_while_nobody_speaks(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, left = service_of(), Left()
    backend = service.synthesizer.backend
    assert isinstance(backend, BackendDouble)

    def fail() -> None:
        raise RuntimeError("no answer")

    async with service.run(left):
        if how == "dies":
            backend.die()
        else:
            monkeypatch.setattr(backend, "stats", fail)
        await left.event.wait()
        with pytest.raises(EngineDiedError):
            service.refuse_if_full()
    assert service.exit_code == EngineDiedError.exit_code


async def test_signals_go_to_whoever_had_them_before_when_it_is_over() -> None:
    """As to uvicorn, whose own way to stop comes last."""
    seen = asyncio.Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.set())
    try:
        service = service_of()
        async with service.run():
            with service.admit(Caller()):
                os.kill(os.getpid(), signal.SIGTERM)
                while not service.health.draining:
                    await turn()
                assert not seen.is_set()
            await seen.wait()
        os.kill(os.getpid(), signal.SIGTERM)  # and stay there
    finally:
        signal.signal(signal.SIGTERM, before)
