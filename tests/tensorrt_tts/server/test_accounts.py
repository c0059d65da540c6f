"""Characters that are paid for: on every route, and never in the way of what is spoken."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.errors import BackendError, CreditError, SettingError, TextError
from tensorrt_tts.server.accounts import (
    Charge,
    Credits,
    MemoryAccountant,
    Reservation,
    open_accountant,
)
from tensorrt_tts.server.api_keys import digest
from tensorrt_tts.server.context import Caller
from tensorrt_tts.server.identity import IDENTITY, Identity
from tensorrt_tts.server.service import Service
from tensorrt_tts.server.settings import ServerSettings
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tests.support.accountants import Broken, Recording, Stuck
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.double_synthesizer import double_synthesizer
from tests.support.server_thread import serving as server_serving
from tests.support.speech_client import send
from tests.support.text_sockets import DEEPGRAM, hear, tell
from tests.support.tts_client import ask, connected

HELLO = SpeechRequest("Hello.", seed=1)
TWO = "The first sentence is long enough to stand. The second one is long enough as well."
ALICE = Identity("alice", "/ws/tts")


@asynccontextmanager
async def serving(
    accountant: Recording, behaviour: Behaviour | None = None
) -> AsyncIterator[Service]:
    backend = BackendDouble(behaviour=behaviour or Behaviour(frames=6))
    synthesizer = double_synthesizer(backend, StreamOptions(), NullCodec())
    service = Service(ServerSettings(_env_file=None, slots=1), synthesizer)
    service.credits = Credits(accountant, service.metrics.accountant_failures.inc, reserve_s=0.05)
    yield service
    await asyncio.to_thread(service.credits.close)
    await synthesizer.close()


def failures(service: Service) -> float:
    found = service.metrics.registry.get_sample_value("tts_accountant_failures_total")
    assert found is not None
    return found


def alice() -> Caller:
    token = IDENTITY.set(ALICE)
    try:
        return Caller()
    finally:
        IDENTITY.reset(token)


async def speak(service: Service, text: str = "Hello.") -> None:
    async with service.speak(SpeechRequest(text, seed=1), alice()) as context:
        async for _ in context:
            pass


async def test_what_was_spoken_is_charged() -> None:
    accountant = Recording({"alice": 100})
    async with serving(accountant) as service:
        await speak(service)
        charges = await asyncio.to_thread(accountant.wait)
    assert charges == [Charge("alice", "/ws/tts", 6, 6, "completed")]
    assert (accountant.left, accountant.spent) == ({"alice": 94}, {"alice": 6})


async def test_who_has_too_little_left_is_refused_before_anything_is_made() -> None:
    accountant = Recording({"alice": 10})
    async with serving(accountant) as service:
        await speak(service)
        with pytest.raises(CreditError, match="text has 6 characters, and key 'alice' has 4 left"):
            await speak(service)
        assert len(await asyncio.to_thread(accountant.wait)) == 1
        assert service.slots.active == 0
        await speak(service, "Hi!")  # what fits is spoken still
        await asyncio.to_thread(accountant.wait, 2)
    assert accountant.left == {"alice": 1}


async def test_two_at_once_cannot_spend_the_same() -> None:
    accountant = Recording({"alice": 10})
    async with serving(accountant) as service:
        async with service.speak(HELLO, alice()):
            with pytest.raises(CreditError, match="has 4 left"):
                await speak(service)
        await asyncio.to_thread(accountant.wait)


async def test_a_cancel_pays_for_what_was_begun() -> None:
    accountant = Recording({"alice": 1000})
    async with serving(accountant, Behaviour(endless=True, rate=300)) as service:
        async with service.speak(SpeechRequest(TWO), alice()) as context:
            async for _ in context:
                context.cancel()
        (charge,) = await asyncio.to_thread(accountant.wait)
    first = len("The first sentence is long enough to stand.")
    assert charge == Charge("alice", "/ws/tts", len(TWO), first, "cancelled")
    assert accountant.left == {"alice": 1000 - first}


async def test_a_cancel_before_it_began_pays_for_nothing() -> None:
    accountant = Recording({"alice": 1000})
    async with serving(accountant) as service:
        context = service.speak(HELLO, alice())
        context.cancel()
        async with context:
            pass
        await speak(service, "Hi!")
        charges = await asyncio.to_thread(accountant.wait)
    assert [charge.spoken for charge in charges] == [3]


async def test_whoever_leaves_pays_for_what_was_begun() -> None:
    accountant = Recording()
    async with serving(accountant, Behaviour(endless=True, rate=300)) as service:
        context = service.speak(SpeechRequest(TWO), alice())
        async with context:
            await anext(context)
        (charge,) = await asyncio.to_thread(accountant.wait)
    assert charge.spoken == len("The first sentence is long enough to stand.")


@pytest.mark.parametrize("outcome", ["cut", "draining", "engine_died"])
async def test_what_the_server_did_not_finish_is_free(outcome: str) -> None:
    accountant = Recording({"alice": 9})
    async with serving(accountant, Behaviour(endless=True, rate=300)) as service:
        context = service.speak(HELLO, alice())
        async with context:
            await anext(context)
            context.settle(outcome)
        (charge,) = await asyncio.to_thread(accountant.wait)
    assert charge == Charge("alice", "/ws/tts", 6, 0, outcome)
    assert accountant.left == {"alice": 9}


async def test_a_model_that_fails_is_free() -> None:
    accountant = Recording({"alice": 9})
    async with serving(accountant, Behaviour(endless=True, rate=300, fail_at=100)) as service:
        with pytest.raises(BackendError):
            await speak(service)
        (charge,) = await asyncio.to_thread(accountant.wait)
    assert (charge.reserved, charge.spoken, charge.outcome) == (6, 0, "backend_error")


async def test_a_text_in_pieces_is_reserved_piece_by_piece() -> None:
    accountant = Recording({"alice": 60})
    async with serving(accountant) as service:
        context = service.speak_fed(SpeechRequest(""), alice())
        context.feed("Hello there, my friend. ")
        context.feed("How are you today? ")
        context.end()
        async with context:
            async for _ in context:
                pass
        (charge,) = await asyncio.to_thread(accountant.wait)
    assert accountant.asked == [24, 19]
    assert (charge.reserved, charge.spoken) == (43, 43)
    assert accountant.left == {"alice": 17}


async def test_a_piece_that_is_not_paid_for_ends_the_context() -> None:
    accountant = Recording({"alice": 30})
    async with serving(accountant) as service:
        context = service.speak_fed(SpeechRequest(""), alice())

        context.feed("Hello there, my friend. ")
        context.feed("How are you today? ")

        async def listen() -> None:
            async with context:
                async for _ in context:
                    pass

        with pytest.raises(CreditError, match="has 6 left"):
            await listen()
        (charge,) = await asyncio.to_thread(accountant.wait)
    assert (charge.reserved, charge.outcome) == (24, "insufficient_credits")
    assert accountant.left["alice"] == 30 - charge.spoken


async def test_one_that_does_not_answer_refuses_nobody(caplog: pytest.LogCaptureFixture) -> None:
    accountant = Stuck()
    async with serving(accountant) as service:
        await speak(service)
        assert failures(service) == 1
        assert "the accountant does not answer" in caplog.text
        accountant.may.set()
        (charge,) = await asyncio.to_thread(accountant.wait)
    # It was reserved after all, and is charged behind it, in order.
    assert charge == Charge("alice", "/ws/tts", 6, 6, "completed")


async def test_one_that_fails_refuses_nobody(caplog: pytest.LogCaptureFixture) -> None:
    accountant = Broken()
    async with serving(accountant) as service:
        await speak(service)
        (charge,) = await asyncio.to_thread(accountant.wait)
        await asyncio.to_thread(service.credits.close)
        assert failures(service) == 2
    assert charge == Charge("alice", "/ws/tts", 0, 6, "completed")
    assert "no database; lost: Charge(key='alice'" in caplog.text


async def test_an_answer_that_nobody_waits_for_any_more_is_not_asked_for() -> None:
    accountant, failed = Stuck(), []
    credits = Credits(accountant, lambda: failed.append(1), reserve_s=0.01)
    first, second = Reservation(), Reservation()
    await credits.reserve(first, ALICE, 1)
    await credits.reserve(second, ALICE, 2)
    accountant.may.set()
    await asyncio.to_thread(credits.close)
    assert accountant.asked == [1]
    assert (first.held, second.held, len(failed)) == (1, 0, 2)


async def test_without_one_nothing_is_kept() -> None:
    credits = Credits(None, lambda: None)
    await credits.reserve(Reservation(), ALICE, 10)
    credits.charge(Reservation(), ALICE, 10, "completed")
    credits.close()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.there:at_all", "accountant 'nothing.there:at_all' cannot be opened"),
        ("tests.support.accountants:nobody", "cannot be opened"),
        ("tests.support.accountants:fails", "no password"),
        ("tests.support.accountants:Nothing", "gives a Nothing, which has no methods reserve"),
        ("json:__version__", "cannot be opened"),
        ("not a name", "cannot be opened"),
    ],
)
def test_a_name_that_is_none(name: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        open_accountant(name)


@pytest.mark.parametrize(
    "name", ["tests.support.accountants:poor", "tensorrt_tts.server.accounts:MemoryAccountant"]
)
def test_a_class_or_a_function(name: str) -> None:
    assert isinstance(open_accountant(name), MemoryAccountant)


def test_who_is_not_in_the_books_may_have_any_number() -> None:
    accountant = MemoryAccountant({"bob": 1})
    accountant.reserve(replace(ALICE, key="carol"), 10_000)
    with pytest.raises(CreditError, match="'bob' has 1 left"):
        accountant.reserve(replace(ALICE, key="bob"), 2)


async def test_every_route_says_so_in_its_own_words() -> None:
    keys = f"alice:{digest(b'A')}"
    poor = "tests.support.accountants:poor"
    text = "Eleven or more characters."
    with server_serving(api_keys=keys, accountant=poor) as server:
        headers = {"X-API-Key": "A"}
        for path, content in (
            ("/v1/audio/speech", {"model": "tts-1", "voice": "alloy", "input": text}),
            ("/v1/speak", {"text": text}),
            ("/v1/text-to-speech/tara", {"text": text}),
            ("/v1/tts/generate", {"text": text, "speaker": "tara"}),
        ):
            body = json.dumps(content).encode()
            reply = await asyncio.to_thread(
                lambda path=path, body=body: send(server.port, body, headers=headers, path=path)
            )
            assert reply.status == 402, path
            assert b"nsufficient" in reply.body or b"INSUFFICIENT" in reply.body
        async with connected(f"{server.url}?api_key=A") as peer:
            answer = await ask(peer, text)
            assert answer.code == "insufficient_credits"
            assert (await ask(peer, "Hi.")).final["reason"] == "completed"
        url = f"ws://127.0.0.1:{server.port}/v1/speak?api_key=A"
        async with connected(url) as peer:
            await tell(peer, DEEPGRAM.say(text), {"type": "Flush"})
            heard = await hear(peer)
        assert heard.said[-1]["err_code"] == "INSUFFICIENT_CREDITS"
        assert heard.code == 1008
        server.assert_as_before()


async def test_what_was_reserved_for_a_text_that_cannot_be_spoken_is_free_again() -> None:
    accountant = Recording({"alice": 10})
    async with serving(accountant) as service:
        with pytest.raises(TextError):
            await speak(service, "😀")
        (charge,) = await asyncio.to_thread(accountant.wait)
    assert (charge.reserved, charge.spoken) == (1, 0)
    assert accountant.left == {"alice": 10}
