from benchmarks.doubles.engine_double import EngineDouble
from benchmarks.doubles.fixed_length import FixedLength
from tensorrt_tts.backends.base import (
    Backend,
    Capacity,
    Finish,
    Grammar,
    Prompt,
    Sampling,
    TokenChunk,
)
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens

TOKENS = OrpheusTokens()


class Babbler(EngineDouble):
    """As a model with random weights: ends by chance, at the stop id if one is given."""

    capacity = Capacity(4, 1000)

    async def stream(self, prompt, sampling, request_id):
        assert prompt == Prompt((1,))
        if sampling.grammar.stops:
            yield TokenChunk((1, 2), Finish.STOP)
            return
        yield TokenChunk((1,))
        yield TokenChunk(tuple(range(sampling.max_tokens - 1)), Finish.LENGTH)


async def chunks(backend, sampling):
    return [chunk async for chunk in backend.stream(Prompt((1,)), sampling, "a")]


async def test_the_length_is_reached_and_counts_as_an_end():
    backend = FixedLength(Babbler(), 21)
    assert isinstance(backend, Backend)
    found = await chunks(backend, Sampling(max_tokens=1000, grammar=TOKENS.grammar()))
    assert sum(len(chunk.ids) for chunk in found) == 21
    assert found[-1].finish is Finish.STOP


async def test_a_shorter_limit_stays_a_limit():
    found = await chunks(
        FixedLength(Babbler(), 21), Sampling(max_tokens=7, grammar=Grammar(stops=(5,)))
    )
    assert sum(len(chunk.ids) for chunk in found) == 7
    assert found[-1].finish is Finish.LENGTH
