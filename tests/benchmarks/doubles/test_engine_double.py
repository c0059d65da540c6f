import asyncio
import time

import pytest

from benchmarks.doubles.engine_double import REAL_TIME, EngineDouble
from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.backends.base import Finish, Prompt, Sampling
from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.frames import parse
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens

TOKENS = OrpheusTokens()


def sampling(seed=1, max_tokens=10_000):
    return Sampling(max_tokens=max_tokens, seed=seed, grammar=TOKENS.grammar())


async def collect(engine, name="a", **options):
    chunks = [chunk async for chunk in engine.stream(Prompt((1,)), sampling(**options), name)]
    return [token for chunk in chunks for token in chunk.ids], chunks[-1].finish


async def test_its_tokens_are_whole_frames_of_legal_ids():
    ids, finish = await collect(EngineDouble(rate=20_000, tokens=70))
    _, counts, _ = parse(ids, TOKENS)
    assert (counts.accepted, counts.stray, counts.cut) == (10, 0, 0)
    assert finish is Finish.STOP


async def test_the_same_seed_gives_the_same_tokens_beside_others():
    engine = EngineDouble(rate=20_000, tokens=35)
    alone, _ = await collect(engine)
    (beside, _), (other, _) = await asyncio.gather(
        collect(engine, "x"), collect(engine, "y", seed=2)
    )
    assert beside == alone
    assert other != alone


async def test_every_stream_gets_its_rate_however_many_there_are():
    engine = EngineDouble(rate=200, tokens=40)
    began = time.perf_counter()
    await asyncio.gather(*(collect(engine, str(n), seed=n) for n in range(10)))
    assert time.perf_counter() - began >= 39 / 200  # in steps together, not one after another
    assert engine.stats().generated_tokens == 400


def test_real_time_is_one_frame_of_seven_tokens_every_2048_samples():
    assert pytest.approx(82.03, abs=0.01) == REAL_TIME


async def test_max_tokens_ends_it_sooner():
    ids, finish = await collect(EngineDouble(rate=20_000, tokens=700), max_tokens=21)
    assert len(ids) == 21
    assert finish is Finish.LENGTH


async def test_what_it_cannot_do_is_refused():
    with pytest.raises(SettingError, match="rate 0"):
        EngineDouble(rate=0)
    engine = EngineDouble(rate=500)
    with pytest.raises(SettingError, match="a grammar with a cycle"):
        await anext(engine.stream(Prompt((1,)), Sampling(max_tokens=1), "b"))


def test_the_null_codec_gives_what_is_asked_for_the_same_however_it_is_cut():
    codec = NullCodec()
    (whole,) = codec.run([Window([(0, 0, 0)] * 40, 0, 20_000)])
    parts = codec.run(
        [Window([(0, 0, 0)] * 40, start, start + 2_000) for start in range(0, 20_000, 2_000)]
    )
    assert [len(part) for part in parts] == [2_000] * 10
    assert all((whole[n * 2_000 : (n + 1) * 2_000] == part).all() for n, part in enumerate(parts))
    with pytest.raises(SettingError):
        codec.open(HopSchedule(), stateful=True)
