"""Parity before belief: an engine, or another backend, against the reference on one checkpoint.

Three turns, so that the two never share the device. The reference speaks: some prompts, each with
sampled speech after it, as in production. The engine answers greedily: the next id after each of
some 200 pieces of that speech, short generations of its own, and the likeliest ids of the first
step. Then the reference rates every answer (`agreement`). All of it goes through the `Backend`
protocol, in ids, so any backend can be asked; TensorRT engines give out no logits unless they are
opened for it, and the likeliest ids are had by forbidding those already named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engines.agreement import RANKED, Answers, Limits, Ranking, Verdict, judge
from engines.progress import Progress
from engines.verify_prompts import SpokenPrompt
from tensorrt_tts.backends.base import Backend, Grammar, Prompt, Sampling, generate
from tensorrt_tts.errors import BackendError, EngineDiedError, SettingError

if TYPE_CHECKING:
    from engines.verify_reference import Reference

ANYTHING = Grammar()

PHASES = 5
"""Of a whole run, loading the reference included."""


@dataclass(frozen=True, slots=True)
class Size:
    """prompts: how many. spoken: ids of the reference's speech after each. read: after how many
    pieces of each the next id is asked for. far_spoken: ids of the first prompt's speech, long
    enough for a wrong RoPE scaling to show. far: pieces of its second half that are asked about.
    generated: ids of a generation."""

    prompts: int = 8
    spoken: int = 84
    read: int = 20
    far_spoken: int = 1000
    far: int = 40
    generated: int = 25


@dataclass(slots=True)
class Passage:
    """A prompt, the speech after it, and what an engine said of it. said, far: after that many ids
    of the speech. begin: how much of the speech the generation follows."""

    prompt: list[int]
    speech: list[int]
    begin: int = 0
    said: dict[int, int] = field(default_factory=dict)
    far: dict[int, int] = field(default_factory=dict)
    generated: list[int] = field(default_factory=list)
    ranking: list[int] = field(default_factory=list)


async def verify(
    reference: Reference,
    prompts: Sequence[SpokenPrompt],
    open_backend: Callable[[], Backend],
    allowed: Limits,
    size: Size = Size(),
    progress: Progress | None = None,
) -> Verdict:
    """open_backend: loads what is verified; called while the reference rests. It is closed here.

    Raises what the backend raises.
    """
    progress = progress or Progress()
    with progress.phase("the reference speaks"):
        passages = await speak(reference, prompts, size)
        reference.rest()
    with progress.phase("load the engine"):
        backend = open_backend()
    try:
        with progress.phase("the engine answers"):
            asked = _Asked(backend)
            await asyncio.gather(*(_ask(asked, one, size, reference.ids) for one in passages))
            if refused := await _ask_far(asked, passages[0], size):
                progress.note(f"not all was compared far into a sequence: {refused}")
    finally:
        await backend.close()
    with progress.phase("the reference rates"):
        reference.resume()
        return judge(rated(reference, passages), allowed)


async def speak(reference: Reference, prompts: Sequence[SpokenPrompt], size: Size) -> list[Passage]:
    """The passages to ask about, the first one long."""
    passages = []
    for number, one in enumerate(prompts):
        room = reference.max_sequence - len(one.prompt) - 1
        count = min(room, max(size.spoken, size.far_spoken) if number == 0 else size.spoken)
        begin = number * min(room, size.spoken) // len(prompts)
        passages.append(Passage(one.prompt, await reference.speech(one, count), begin))
    return passages


class _Asked:
    """Greedy ids of a backend, as many requests at a time as it takes."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._places = asyncio.Semaphore(backend.capacity.max_streams)
        self._number = 0

    async def ids(
        self, prompt: Sequence[int], count: int, grammar: Grammar = ANYTHING
    ) -> list[int]:
        """Raises BackendError when fewer come: what was not said cannot be judged."""
        self._number += 1
        name = f"verify-{self._number}"
        sampling = Sampling(
            count, temperature=0.0, top_p=1.0, repetition_penalty=1.0, seed=0, grammar=grammar
        )
        async with self._places:
            found = await generate(self.backend, Prompt(tuple(prompt)), sampling, name)
        if len(found) != count:
            raise BackendError(
                f"{self.backend.name} said {len(found)} ids of {count} after {len(prompt)} ids, "
                "with none that ends a generation"
            )
        return found


async def _ask(asked: _Asked, passage: Passage, size: Size, ids: tuple[range, ...]) -> None:
    prompt, speech = passage.prompt, passage.speech
    for at in near_positions(passage, size):
        (passage.said[at],) = await asked.ids([*prompt, *speech[:at]], 1)
    begun = [*prompt, *speech[: passage.begin]]
    passage.generated = await asked.ids(begun, size.generated)
    for _ in range(RANKED):
        grammar = Grammar(without(ids, passage.ranking), strict=False)
        passage.ranking += await asked.ids(prompt, 1, grammar)


async def _ask_far(asked: _Asked, passage: Passage, size: Size) -> Exception | None:
    """Why some positions have no answer, if so: they are more than the engine reads at once."""
    longest = asked.backend.capacity.max_sequence - len(passage.prompt) - 1
    positions = [at for at in far_positions(passage, size) if at <= longest]
    answers = await asyncio.gather(
        *(asked.ids([*passage.prompt, *passage.speech[:at]], 1) for at in positions),
        return_exceptions=True,
    )
    refused: Exception | None = None
    for at, answer in zip(positions, answers, strict=True):
        if not isinstance(answer, BaseException):
            (passage.far[at],) = answer
        elif isinstance(answer, EngineDiedError):
            raise answer
        elif isinstance(answer, SettingError | BackendError):
            refused = answer
        else:
            raise answer
    return refused


def near_positions(passage: Passage, size: Size) -> list[int]:
    return spread(0, min(size.spoken, len(passage.speech)), size.read)


def far_positions(passage: Passage, size: Size) -> list[int]:
    """None where the speech is no longer than the others'."""
    last = len(passage.speech)
    return spread(last // 2, last, size.far) if last > size.spoken else []


def spread(first: int, last: int, count: int) -> list[int]:
    """At most `count` different numbers from first to last, evenly spread, both included."""
    steps = max(1, min(count, last - first + 1) - 1)
    return sorted({first + round(step * (last - first) / steps) for step in range(steps + 1)})


def without(ids: tuple[range, ...], forbidden: Sequence[int]) -> tuple[range, ...]:
    """Those ids but the forbidden ones."""
    found = []
    for one in ids:
        begin = one.start
        for token in sorted(token for token in forbidden if token in one):
            found.append(range(begin, token))
            begin = token + 1
        found.append(range(begin, one.stop))
    return tuple(one for one in found if one)


def rated(reference: Reference, passages: Sequence[Passage]) -> Answers:
    """What the reference thinks of what was said."""
    read, far, generated, rankings = [], [], [], []
    for one in passages:
        begun = [*one.prompt, *one.speech[: one.begin]]
        said = dict(enumerate(one.generated))
        read += reference.rate(one.prompt, one.speech, one.said)
        far += reference.rate(one.prompt, one.speech, one.far)
        generated += reference.rate(begun, one.generated[:-1], said)
        rankings.append(Ranking(tuple(one.ranking), reference.ranking(one.prompt)))
    return Answers(read, far, generated, rankings)
