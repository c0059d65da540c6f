"""What `base.Backend` promises, as tests that any backend runs: subclass and say how to open it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from tensorrt_tts.backends.base import (
    Backend,
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.errors import BackendError, CapacityError, EngineDiedError, SettingError

PROMPT = Prompt((5, 6, 7, 8))
OTHER = Prompt((9, 10, 11))
ROOM = Capacity(4, 2000)
SINGLE = Capacity(1, 2000)
ENDLESS = 1900
"""Ids; more than any test waits for."""


@dataclass
class Opened:
    """A backend under test, and how to do it harm; None where that cannot be done to it."""

    backend: Backend
    # The engine underneath dies.
    kill: Callable[[], object] | None = None
    # The request of that id goes wrong alone once it has been admitted.
    spoil: Callable[[str], object] | None = None


async def collect(
    backend: Backend, sampling: Sampling, request_id: str = "a", prompt: Prompt = PROMPT
) -> list[TokenChunk]:
    async with aclosing(backend.stream(prompt, sampling, request_id)) as chunks:
        return [chunk async for chunk in chunks]


def ids(chunks: list[TokenChunk]) -> list[int]:
    return [token for chunk in chunks for token in chunk.ids]


async def begun(
    backend: Backend, sampling: Sampling, request_id: str, prompt: Prompt = PROMPT
) -> AsyncGenerator[TokenChunk, None]:
    """A stream that has its place and its first ids."""
    chunks = backend.stream(prompt, sampling, request_id)
    while not (await anext(chunks)).ids:
        pass
    return chunks


async def rest(chunks: AsyncGenerator[TokenChunk, None]) -> list[TokenChunk]:
    async with aclosing(chunks):
        return [chunk async for chunk in chunks]


class BackendConformance(ABC):
    """grammar: a frame of several positions, of ids that the model has. enforces: whether a
    position's own ids are kept to, or only the union of all. vocab_size: None where the backend
    does not know the model's. endless: ids of an answer that outlasts its test."""

    grammar: Grammar
    enforces = True
    vocab_size: int | None = None
    endless = ENDLESS

    @abstractmethod
    def opened(
        self, interval: int = 3, capacity: Capacity = ROOM
    ) -> AbstractAsyncContextManager[Opened]:
        """interval: ids in a chunk, where the backend can be told."""

    def sampling(self, max_tokens: int = 40, **changes: Any) -> Sampling:
        """Greedy, so that what is generated follows from the prompt, and with nothing that ends it
        sooner."""
        grammar = replace(self.grammar, stops=())
        settings = {"temperature": 0.0, "repetition_penalty": 1.3, "grammar": grammar}
        return Sampling(max_tokens, seed=1, **(settings | changes))

    async def test_is_a_backend_and_idle(self) -> None:
        async with self.opened() as opened:
            assert isinstance(opened.backend, Backend)
            assert opened.backend.stats().running == 0
            assert opened.backend.stats().fault is None

    async def test_ids_are_the_same_however_they_are_cut_into_chunks(self) -> None:
        found = []
        for interval in (1, 3, 7):
            async with self.opened(interval) as opened:
                chunks = await collect(opened.backend, self.sampling())
                assert [chunk.finish for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
                assert chunks[-1].finish is Finish.LENGTH
                assert opened.backend.stats().generated_tokens == 40
                found.append(ids(chunks))
        assert found[0] == found[1] == found[2]

    @pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
    async def test_max_tokens_is_exact(self, count: int) -> None:
        async with self.opened() as opened:
            chunks = await collect(opened.backend, self.sampling(count))
        assert len(ids(chunks)) == count
        assert chunks[-1].finish is Finish.LENGTH

    async def test_the_sequence_ends_a_stream_where_it_is_full(self) -> None:
        async with self.opened() as opened:
            longest = opened.backend.capacity.max_sequence
            if longest > 10_000:
                pytest.skip("too long a sequence to fill")
            prompt = Prompt((5,) * (longest - 4))
            chunks = await collect(opened.backend, self.sampling(), prompt=prompt)
        assert len(ids(chunks)) == 4
        assert chunks[-1].finish is Finish.LENGTH

    @pytest.mark.parametrize("at", [0, 7, 14])
    async def test_a_stop_ends_the_stream_and_is_not_delivered(self, at: int) -> None:
        async with self.opened() as opened:
            free = ids(await collect(opened.backend, self.sampling()))
            grammar = replace(self.grammar, stops=(free[at],))
            chunks = await collect(opened.backend, self.sampling(grammar=grammar))
            assert ids(chunks) == free[: free.index(free[at])]
            assert chunks[-1].finish is Finish.STOP
            assert opened.backend.stats().running == 0

    @pytest.mark.parametrize("strict", [True, False])
    @pytest.mark.parametrize("prefixed", [True, False])
    async def test_the_grammar_holds_at_every_position(self, prefixed: bool, strict: bool) -> None:
        """Spark's shape too: single ids and ranges first, then one range over and over."""
        first, second, third, *_ = self.grammar.cycle
        prefix = (second[1:2], third, third, first[:2], second) if prefixed else ()
        cycle = (first,) if prefixed else self.grammar.cycle
        asked = Grammar(cycle, prefix, self.grammar.stops, strict)
        held = asked if self.enforces else replace(asked, strict=False)
        async with self.opened() as opened:
            for hot in ({"temperature": 0.0}, {"temperature": 2.0, "top_p": 1.0}):
                spoken = await collect(opened.backend, self.sampling(grammar=asked, **hot))
                for position, token in enumerate(ids(spoken)):
                    assert any(token in legal for legal in held.legal(position))
                if spoken[-1].finish is Finish.STOP:  # sampled where it was legal
                    end = held.legal(len(ids(spoken)))
                    assert any(asked.stops[0] in legal for legal in end)

    async def test_equal_seeds_give_equal_ids_beside_others_too(self) -> None:
        hot = self.sampling(temperature=1.0, top_p=1.0)
        async with self.opened() as opened:
            alone = ids(await collect(opened.backend, hot))
            beside, other = await asyncio.gather(
                collect(opened.backend, hot, "b"),
                collect(opened.backend, self.sampling(25), "c", OTHER),
            )
        assert ids(beside) == alone
        assert len(ids(other)) == 25

    async def test_closing_early_frees_the_place_and_the_id(self) -> None:
        async with self.opened(capacity=SINGLE) as opened:
            for _ in range(3):
                chunks = await begun(opened.backend, self.sampling(self.endless), "a")
                assert opened.backend.stats().running == 1
                await chunks.aclose()
                assert opened.backend.stats().running == 0
            assert len(ids(await collect(opened.backend, self.sampling()))) == 40

    async def test_cancelling_who_waits_frees_the_place_and_the_id(self) -> None:
        async with self.opened(capacity=SINGLE) as opened:
            chunks = await begun(opened.backend, self.sampling(self.endless), "a")
            waiting = asyncio.create_task(rest(chunks))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert opened.backend.stats().running == 0
            assert len(ids(await collect(opened.backend, self.sampling()))) == 40

    async def test_cancelling_before_the_first_ids_frees_the_place(self) -> None:
        async with self.opened(capacity=SINGLE) as opened:
            waiting = asyncio.create_task(collect(opened.backend, self.sampling(self.endless)))
            while not opened.backend.stats().running:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert opened.backend.stats().running == 0
            assert len(ids(await collect(opened.backend, self.sampling()))) == 40

    async def test_the_place_is_free_with_the_last_chunk(self) -> None:
        async with self.opened(capacity=SINGLE) as opened:
            async with aclosing(opened.backend.stream(PROMPT, self.sampling(8), "a")) as chunks:
                async for chunk in chunks:
                    if chunk.finish is not None:
                        break
                assert opened.backend.stats().running == 0
                again = await begun(opened.backend, self.sampling(self.endless), "a")
            # Closing the first has not touched the second, which has its id.
            assert opened.backend.stats().running == 1
            assert (await anext(again)).finish is None
            await again.aclose()

    async def test_an_id_in_flight_is_refused(self) -> None:
        async with self.opened() as opened:
            chunks = await begun(opened.backend, self.sampling(self.endless), "a")
            with pytest.raises(SettingError, match="'a' is already in flight; use a new one"):
                await collect(opened.backend, self.sampling(), "a")
            assert (await anext(chunks)).finish is None
            await chunks.aclose()

    async def test_a_full_backend_says_when_to_come_again(self) -> None:
        async with self.opened(capacity=Capacity(2, 2000)) as opened:
            backend = opened.backend
            streams = [await begun(backend, self.sampling(self.endless), name) for name in "ab"]
            with pytest.raises(CapacityError, match="all 2 streams are busy") as caught:
                await collect(backend, self.sampling(), "c")
            assert caught.value.retry_after
            await streams[0].aclose()
            assert len(ids(await collect(backend, self.sampling(), "c"))) == 40
            await streams[1].aclose()

    @pytest.mark.parametrize(
        ("prompt", "changes", "says"),
        [
            (Prompt(()), {}, "prompt of 0 ids does not fit a sequence"),
            (None, {}, "ids does not fit a sequence"),
            (Prompt((1, 2), np.zeros((2, 4), np.float32)), {}, "prompt has rows"),
            (Prompt((1, 2), negative=Prompt((1,))), {}, "prompt has negative"),
            (PROMPT, {"max_tokens": 0}, "max_tokens must be at least 1"),
        ],
    )
    async def test_what_cannot_be_served_is_refused_and_takes_no_place(
        self, prompt: Prompt | None, changes: dict[str, Any], says: str
    ) -> None:
        async with self.opened() as opened:
            prompt = prompt or Prompt((1,) * opened.backend.capacity.max_sequence)
            with pytest.raises(SettingError, match=says):
                await collect(opened.backend, replace(self.sampling(), **changes), prompt=prompt)
            assert opened.backend.stats().running == 0
            assert len(ids(await collect(opened.backend, self.sampling()))) == 40

    async def test_ids_that_the_model_has_not_are_refused(self) -> None:
        if self.vocab_size is None:
            pytest.skip("knows no vocabulary")
        last = self.vocab_size - 1
        outside = range(last, last + 2)
        async with self.opened() as opened:
            for prompt, grammar in (
                (Prompt((1, last + 1)), self.grammar),
                (Prompt((-1,)), self.grammar),
                (PROMPT, Grammar((outside,))),
                (PROMPT, Grammar((range(last),), prefix=(outside,))),
                (PROMPT, replace(self.grammar, stops=(last + 1,))),
            ):
                with pytest.raises(SettingError, match=f"the model's ids end at {last}"):
                    await collect(opened.backend, self.sampling(grammar=grammar), prompt=prompt)
            assert opened.backend.stats().running == 0
            assert len(ids(await collect(opened.backend, self.sampling(9)))) == 9

    async def test_close_ends_every_open_and_later_stream(self) -> None:
        async with self.opened() as opened:
            backend = opened.backend
            suspended = await begun(backend, self.sampling(self.endless), "suspended")
            waiting = asyncio.create_task(
                rest(await begun(backend, self.sampling(self.endless), "waiting"))
            )
            await asyncio.sleep(0)
            await backend.close()
            await backend.close()
            for open_stream in (waiting, rest(suspended), collect(backend, self.sampling(), "c")):
                with pytest.raises(EngineDiedError, match="backend is closed; open a new one"):
                    await open_stream
            assert backend.stats().running == 0
            assert backend.stats().fault is None

    async def test_death_ends_every_open_and_later_stream(self) -> None:
        async with self.opened() as opened:
            if opened.kill is None:
                pytest.skip("has no engine that could die")
            backend = opened.backend
            streams = [await begun(backend, self.sampling(self.endless), name) for name in "ab"]
            opened.kill()
            for stream in (*map(rest, streams), collect(backend, self.sampling(), "c")):
                with pytest.raises(EngineDiedError, match=r"engine died: .*; restart the process"):
                    await stream
            assert backend.stats().running == 0
            assert backend.stats().fault

    async def test_one_stream_s_failure_leaves_the_others_whole(self) -> None:
        async with self.opened() as opened:
            if opened.spoil is None:
                pytest.skip("fails no stream alone")
            alone = ids(await collect(opened.backend, self.sampling()))
            opened.spoil("bad")
            good, bad = await asyncio.gather(
                collect(opened.backend, self.sampling(), "good"),
                collect(opened.backend, self.sampling(), "bad"),
                return_exceptions=True,
            )
            assert isinstance(bad, BackendError)
            assert not isinstance(bad, EngineDiedError)
            assert not isinstance(good, BaseException)
            assert ids(good) == alone
            assert opened.backend.stats().running == 0
            assert opened.backend.stats().fault is None
