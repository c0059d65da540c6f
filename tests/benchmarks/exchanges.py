"""Exchanges as a client would have recorded them, built without a socket or a clock."""

from __future__ import annotations

from benchmarks.listener.exchange import Exchange, Message
from benchmarks.listener.integrity import faults
from benchmarks.listener.measures import measure, timeline
from benchmarks.prompts import Prompt
from benchmarks.runs.runlog import Request
from tests.benchmarks.fake_server import FRAME, RATE, Script, final, speech

PROMPT = Prompt("en-01", "Hello.", "en")
CLEAN = Script()
FRAME_S = FRAME / RATE


def exchange(
    script: Script = CLEAN,
    *,
    arrivals: list[float] | None = None,
    scheduled: float = 100.0,
    prompt: Prompt = PROMPT,
) -> Exchange:
    """What a clean server sends for a script: one frame a chunk, at `arrivals` (seconds since
    scheduled), by default half of real time apart."""
    pcm = speech(script)
    times = arrivals or [0.1 + n * FRAME_S / 2 for n in range(script.frames)]
    messages = [
        Message(scheduled + at, pcm[n * FRAME : (n + 1) * FRAME].tobytes())
        for n, at in enumerate(times)
    ]
    return Exchange(
        prompt=prompt,
        voice=None,
        scheduled=scheduled,
        sent=scheduled + 0.002,
        messages=messages,
        final=final(script, 2 * FRAME * script.frames),
        closed=scheduled + times[-1] + 0.01,
    )


def request(index: int = 0, *, phase: str = "measured", **options: object) -> Request:
    """The line of such an exchange."""
    made = exchange(**options)  # type: ignore[arg-type]
    events = timeline(made)
    return Request(
        index=index,
        phase=phase,  # type: ignore[arg-type]
        prompt=made.prompt.id,
        text=made.prompt.text,
        characters=made.prompt.characters,
        language=made.prompt.language,
        voice=None,
        scheduled=float(index),
        chunks=events.chunks,
        headers=events.headers,
        empty=events.empty,
        ended=made.closed - made.scheduled,
        error=made.error,
        server=made.final,
        measures=measure(made, events),
        faults=faults(made, events),
    )
