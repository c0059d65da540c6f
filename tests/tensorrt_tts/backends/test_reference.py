import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tensorrt_tts.backends.base import Finish, Grammar, Prompt, Sampling, TokenChunk
from tensorrt_tts.backends.decoders.sequential import SequentialDecoder
from tensorrt_tts.backends.reference import LEAD_S, ReferenceBackend
from tensorrt_tts.checkpoint_folder import demo_folder
from tensorrt_tts.errors import (
    BackendError,
    CorruptCheckpointError,
    EngineDiedError,
    SettingError,
)
from tests.support.server_thread import wait_until
from tests.support.tiny_orpheus import tiny_model_folders

PROMPT = Prompt((5, 6, 7, 8))


@pytest.fixture
async def backend() -> AsyncIterator[ReferenceBackend]:
    backend = ReferenceBackend.from_folder(tiny_model_folders()[0], max_streams=4)
    yield backend
    await backend.close()


async def collect(
    backend: ReferenceBackend, sampling: Sampling, name: str = "a", prompt: Prompt = PROMPT
) -> tuple[list[int], Finish | None]:
    ids: list[int] = []
    finish = None
    async for chunk in backend.stream(prompt, sampling, name):
        ids += chunk.ids
        finish = chunk.finish
    return ids, finish


@dataclass(frozen=True)
class Wanted:
    """prompt: its length. gap: ids of the stream before it after which it starts. leaves: ids
    after which its listener goes."""

    prompt: int
    gap: int
    leaves: int
    sampling: Sampling


async def speak(
    backend: ReferenceBackend,
    wanted: Wanted,
    turn: asyncio.Event | None,
    after: asyncio.Event | None,
) -> list[int]:
    """Waits for its turn; says when the next stream's has come."""
    if turn is not None:
        await turn.wait()
    prompt = Prompt(tuple(5 + (3 * i) % 70 for i in range(wanted.prompt)))
    found: list[int] = []
    async with contextlib.aclosing(
        backend.stream(prompt, wanted.sampling, f"{id(turn)}")
    ) as chunks:
        async for chunk in chunks:
            found += chunk.ids
            if after is not None and len(found) >= wanted.gap:
                after.set()
            if len(found) >= wanted.leaves:
                break
    if after is not None:
        after.set()
    return found[: wanted.leaves]


async def test_greedy_equals_transformers_own_generate(backend: ReferenceBackend) -> None:
    model = backend._model
    expected = model.generate(
        torch.tensor([PROMPT.ids]),
        max_new_tokens=20,
        do_sample=False,
        repetition_penalty=1.3,
        eos_token_id=None,
        pad_token_id=0,
    )[0, len(PROMPT.ids) :].tolist()
    found, finish = await collect(
        backend, Sampling(max_tokens=20, temperature=0, repetition_penalty=1.3)
    )
    assert found == expected
    assert finish is Finish.LENGTH


async def test_seeds_repeat_and_streams_do_not_disturb_each_other(
    backend: ReferenceBackend,
) -> None:
    def sampling(seed: int) -> Sampling:
        return Sampling(max_tokens=15, temperature=1.0, seed=seed)

    alone = [(await collect(backend, sampling(seed), f"alone-{seed}"))[0] for seed in range(3)]
    together = await asyncio.gather(
        *(collect(backend, sampling(seed), f"together-{seed}") for seed in range(3))
    )
    assert [ids for ids, _ in together] == alone
    assert alone[0] != alone[1]


BATCH = Grammar((range(100, 140), range(140, 200)), stops=(1,))

one_stream = st.builds(
    Wanted,
    prompt=st.integers(1, 300),
    gap=st.integers(0, 6),
    leaves=st.integers(1, 40),
    sampling=st.builds(
        Sampling,
        max_tokens=st.just(30),
        temperature=st.sampled_from([0.0, 0.7, 1.5]),
        top_p=st.sampled_from([0.3, 0.9, 1.0]),
        top_k=st.sampled_from([0, 5]),
        repetition_penalty=st.sampled_from([1.0, 1.3]),
        seed=st.integers(0, 9),
        grammar=st.sampled_from([Grammar(), BATCH, replace(BATCH, strict=False)]),
    ),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[ReferenceBackend]:
    backend = ReferenceBackend.from_folder(tiny_model_folders()[0], max_streams=20)
    yield backend
    asyncio.run(backend.close())


@settings(deadline=None, max_examples=25)
@given(wanted=st.lists(one_stream, min_size=2, max_size=20))
def test_whoever_joins_or_leaves_a_streams_ids_are_its_own(
    shared: ReferenceBackend, wanted: list[Wanted]
) -> None:
    async def all_of_them() -> list[list[int]]:
        turns = [asyncio.Event() for _ in range(len(wanted) + 1)]
        turns[0].set()
        return await asyncio.gather(
            *(speak(shared, one, turns[i], turns[i + 1]) for i, one in enumerate(wanted))
        )

    together = asyncio.run(all_of_them())
    alone = [asyncio.run(speak(shared, one, None, None)) for one in wanted]
    assert together == alone
    assert shared.stats().running == 0


async def test_the_demo_voice_says_beside_others_what_it_says_alone() -> None:
    """And what `transformers`' own forward pass says, one stream at a time."""
    backend = ReferenceBackend.from_folder(demo_folder("lm"))
    slots = tuple(range(98 + 512 * i, 98 + 512 * (i + 1)) for i in range(7))
    wanted = [
        Sampling(max_tokens=84, seed=seed, temperature=0.3 * seed, grammar=Grammar(slots))
        for seed in range(6)
    ]
    prompts = [
        Prompt(tuple(5 + (7 * seed + i) % 80 for i in range(20 + 30 * seed))) for seed in range(6)
    ]

    async def one(i: int, by: ReferenceBackend) -> list[int]:
        return (await collect(by, wanted[i], str(i), prompts[i]))[0]

    together = await asyncio.gather(*(one(i, backend) for i in range(6)))
    assert together == [await one(i, backend) for i in range(6)]
    transformers = ReferenceBackend(backend._model)
    transformers._decoder = SequentialDecoder(backend._model)
    assert together == [await one(i, transformers) for i in range(6)]
    await backend.close()
    await transformers.close()


async def test_at_most_one_piece_of_a_prompt_is_read_between_two_steps(
    backend: ReferenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    found = backend._decoder
    read, step = found.read, found.step

    def reads(cache: Any, prompt: torch.Tensor) -> torch.Tensor:
        done.append(f"read {len(prompt)}")
        return read(cache, prompt)

    def steps(caches: Any, ids: Any) -> Any:
        done.append("step")
        return step(caches, ids)

    async with contextlib.aclosing(
        backend.stream(PROMPT, Sampling(max_tokens=2000), "first")
    ) as chunks:
        await anext(chunks)
        monkeypatch.setattr(found, "read", reads)
        monkeypatch.setattr(found, "step", steps)
        joining = Sampling(max_tokens=3)
        await asyncio.gather(
            collect(backend, joining, "b", Prompt((5,) * 300)),
            collect(backend, joining, "c", Prompt((6,) * 129)),
        )
    read_at = [i for i, what in enumerate(done) if what != "step"]
    assert sorted(done[i] for i in read_at) == sorted(
        ["read 128", "read 128", "read 44", "read 128", "read 1"]
    )
    assert all(second - first > 1 for first, second in pairwise(read_at))


PACE = 10.0
"""Ids a second that the listeners below use up."""


@pytest.mark.parametrize("pace", [PACE, None])
async def test_streams_that_are_far_ahead_wait_for_those_that_are_not(
    backend: ReferenceBackend, monkeypatch: pytest.MonkeyPatch, pace: float | None
) -> None:
    """Time stands still, so the first is ahead by what it has; the second by less, at first."""
    groups: list[int] = []
    found = backend._decoder
    step = found.step

    def steps(caches: Any, ids: Any) -> Any:
        groups.append(len(caches))
        return step(caches, ids)

    monkeypatch.setattr(backend, "_clock", lambda: 0.0)
    sampling = Sampling(max_tokens=2000, ids_per_s=pace)
    async with contextlib.aclosing(backend.stream(PROMPT, sampling, "first")) as chunks:
        for _ in range(int(PACE * LEAD_S)):
            await anext(chunks)
        monkeypatch.setattr(found, "step", steps)
        await collect(backend, replace(sampling, max_tokens=30), "second", Prompt((6,) * 10))
        monkeypatch.setattr(found, "step", step)
    # Its first id comes with the prompt.
    assert groups.count(2) == 29 - (0 if pace is None else int(PACE * LEAD_S) - 1)


async def test_a_stream_that_waits_goes_on_when_its_listener_has_less(
    backend: ReferenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second that is always behind does not starve the first."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    monkeypatch.setattr(backend, "_clock", clock)
    far, near = Sampling(max_tokens=60, ids_per_s=2.0), Sampling(max_tokens=60, ids_per_s=0.5)
    ids = await asyncio.gather(collect(backend, far, "a"), collect(backend, near, "b"))
    assert [len(one) for one, _ in ids] == [60, 60]


async def test_a_stream_whose_step_fails_fails_alone(
    backend: ReferenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is one call; the others' ids go on as if nothing had been."""
    step = backend._decoder.step

    def fails(caches: Any, ids: Any) -> Any:
        if any(cache.length == 9 for cache in caches):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(caches, ids)

    sampling = Sampling(max_tokens=12, seed=1)
    alone = await collect(backend, sampling)
    monkeypatch.setattr(backend._decoder, "step", fails)
    bad, *good = await asyncio.gather(
        collect(
            backend, sampling, "bad", Prompt((5,))
        ),  # reaches 9 ids; the others have more or fewer
        collect(backend, replace(sampling, max_tokens=5), "few"),
        collect(backend, sampling, "more", Prompt((7,) * 10)),
        return_exceptions=True,
    )
    assert isinstance(bad, BackendError)
    assert good[0] == (alone[0][:5], Finish.LENGTH)
    assert len(good[1][0]) == 12
    assert backend.stats().fault is None


async def test_memory_of_a_stream_that_ended_is_free_before_it_is_listened_to(
    backend: ReferenceBackend,
) -> None:
    chunks = backend.stream(PROMPT, Sampling(max_tokens=200), "slow")
    await anext(chunks)
    generation = next(iter(backend._open))
    while True:
        item = await generation.queue.get()
        if isinstance(item, TokenChunk) and item.finish is not None:
            break
    assert backend.stats().running == 0
    await asyncio.to_thread(wait_until, lambda: not backend._cached)  # at the end of its last turn
    assert backend._decoder._owners == [None] * 4
    await chunks.aclose()


async def test_no_stream_waits_for_another(backend: ReferenceBackend) -> None:
    """A short stream that starts second ends first."""
    long = asyncio.create_task(collect(backend, Sampling(max_tokens=2000), "long"))
    await asyncio.sleep(0)
    await collect(backend, Sampling(max_tokens=5), "short")
    assert not long.done()
    long.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await long


async def test_leaving_early_ends_the_work(backend: ReferenceBackend) -> None:
    async with contextlib.aclosing(
        backend.stream(PROMPT, Sampling(max_tokens=2000), "a")
    ) as chunks:
        await anext(chunks)
    await assert_idle(backend)


async def assert_idle(backend: ReferenceBackend) -> None:
    assert backend.stats().running == 0
    before = backend.stats().generated_tokens
    await asyncio.sleep(0.3)
    assert backend.stats().generated_tokens <= before + 1  # the step that was in flight


async def test_one_failed_stream_fails_alone(backend: ReferenceBackend) -> None:
    with pytest.raises(BackendError, match="generation failed"):
        await collect(backend, Sampling(max_tokens=5, temperature=float("nan")), "bad")
    assert len((await collect(backend, Sampling(max_tokens=5), "good"))[0]) == 5


async def test_death_of_the_worker_fails_every_stream(
    backend: ReferenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise MemoryError("out of memory")

    async with contextlib.aclosing(
        backend.stream(PROMPT, Sampling(max_tokens=2000), "a")
    ) as chunks:
        await anext(chunks)
        monkeypatch.setattr(backend, "_turn", die)
        with pytest.raises(EngineDiedError, match="out of memory"):
            async for _ in chunks:
                pass
    with pytest.raises(EngineDiedError):
        await collect(backend, Sampling(max_tokens=5), "later")
    assert backend.stats().fault == "out of memory"


@pytest.mark.parametrize(
    ("prompt", "grammar", "names"),
    [
        ((5, 10**6), Grammar(), "prompt has id 1000000"),
        ((-1,), Grammar(), "prompt has id -1"),
        (None, Grammar(), "prompt has id"),  # the first one past the last row
        ((5,), Grammar(stops=(10**6,)), "stops has id 1000000"),
        ((5,), Grammar(stops=(1, -2)), "stops has id -2"),
        ((5,), Grammar((range(5, 10**6),)), "grammar has id 999999"),
        ((5,), Grammar((range(5), range(-3, 5)), strict=False), "grammar has id -3"),
    ],
)
async def test_an_id_the_model_does_not_have_is_the_requests_fault(
    backend: ReferenceBackend, prompt: tuple[int, ...] | None, grammar: Grammar, names: str
) -> None:
    """An IndexError on a CPU; on a GPU an assertion that ends the process's use of it."""
    asked = Prompt(prompt or (backend._vocab_size,))
    with pytest.raises(SettingError, match=f"{names}.*the model's ids end at"):
        await collect(backend, Sampling(max_tokens=2, grammar=grammar), prompt=asked)
    last = backend._vocab_size - 1
    ends = Prompt((0, last))
    assert len((await collect(backend, Sampling(max_tokens=2), prompt=ends))[0]) == 2


@pytest.mark.parametrize(
    ("error", "dies"),
    [
        (RuntimeError("CUDA error: device-side assert triggered\nCUDA kernel errors …"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), True),
        (torch.AcceleratorError("unspecified launch failure"), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), False),
        (RuntimeError("probability tensor contains either `inf`, `nan` or element < 0"), False),
        (IndexError("index out of range in self"), False),
    ],
    ids=lambda value: str(value)[:24],
)
@pytest.mark.parametrize("where", ["_step", "_generation"])
async def test_a_lost_device_is_everybodys_death(
    backend: ReferenceBackend,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    dies: bool,
    where: str,
) -> None:
    real, broken = getattr(backend, where), True

    def fails(*arguments: Any) -> Any:
        if broken:
            raise error
        return real(*arguments)

    monkeypatch.setattr(backend, where, fails)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        await collect(backend, Sampling(max_tokens=5))
    assert isinstance(caught.value, EngineDiedError) == dies
    broken = False
    if dies:
        assert backend.stats().fault is not None
        with pytest.raises(EngineDiedError):
            await collect(backend, Sampling(max_tokens=5), "later")
    else:
        assert len((await collect(backend, Sampling(max_tokens=5), "later"))[0]) == 5
    assert backend.stats().running == 0


async def test_a_listener_whose_loop_is_closed_is_lost_alone(
    backend: ReferenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its caller is gone without closing the stream, as `asyncio.run` never is but threads are."""
    left: list[Any] = []

    def caller() -> None:
        loop = asyncio.new_event_loop()
        chunks = backend.stream(PROMPT, Sampling(max_tokens=2000), "gone")
        left.append(chunks)  # kept, so that collecting it does not close it
        loop.run_until_complete(anext(chunks))
        # Closed between the worker's look and its call: the worker cannot know.
        monkeypatch.setattr(loop, "is_closed", lambda: False)
        loop.close()

    async with contextlib.aclosing(
        backend.stream(PROMPT, Sampling(max_tokens=2000), "here")
    ) as chunks:
        await anext(chunks)
        await asyncio.to_thread(caller)
        async for _ in chunks:  # every step of ours is one of its
            if backend.stats().running == 1:
                break
        assert backend.stats().running == 1
        await anext(chunks)
    assert len((await collect(backend, Sampling(max_tokens=5), "gone"))[0]) == 5
    assert backend.stats().fault is None


@pytest.mark.parametrize("spoil", ["lost", "more layers", "wider"])
def test_weights_that_do_not_fit_the_config(
    tmp_path: Path, spoil: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """transformers fills what is missing with random numbers."""
    folder = tmp_path / "lm"
    shutil.copytree(tiny_model_folders()[0], folder)
    weights, config = folder / "model.safetensors", folder / "config.json"
    if spoil == "lost":
        state = load_file(weights)
        del state["model.layers.0.mlp.up_proj.weight"]
        save_file(state, weights, {"format": "pt"})
    else:
        found = json.loads(config.read_text())
        change = {"more layers": "num_hidden_layers", "wider": "intermediate_size"}[spoil]
        config.write_text(json.dumps(found | {change: found[change] + 1}))
    with pytest.raises(CorruptCheckpointError, match=r"lacks \d+ tensors|cannot be loaded"):
        ReferenceBackend.from_folder(folder)
    assert capfd.readouterr().err == ""


def test_unreadable_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors").write_bytes(b"garbage")
    with pytest.raises(CorruptCheckpointError, match="cannot be loaded"):
        ReferenceBackend.from_folder(tmp_path)
