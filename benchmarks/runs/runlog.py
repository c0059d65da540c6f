"""The run log: one JSON object a line, everything that was measured, and enough to repeat it.

    {"type": "run", ...}        hardware, versions, settings, workload; always the first line
    {"type": "request", ...}    one per request: raw events, what the server said, measures, faults
    {"type": "score", ...}      how one request's audio sounded, where that was asked for
    {"type": "lag", ...}        how late the client itself was
    {"type": "summary", ...}    what follows from the lines before; always the last line

Figures and the report are drawn from this file alone. A file without a summary is of a run that
was cut short; its requests are still good, and a last line that was cut off is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from benchmarks.listener.exchange import UNSAID
from benchmarks.listener.integrity import Fault
from benchmarks.listener.measures import Measures
from benchmarks.runs.distribution import Distribution
from benchmarks.runs.environment import Hardware
from tensorrt_tts.errors import InputError
from tensorrt_tts.validation import first_problem

Phase = Literal["cold", "edge", "measured"]
"""cold: a server's first answers. edge: while a load was building up or running out. Only measured
ones are judged."""


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Run(Line):
    """settings: every option of the command. workload: what was asked of the server, in words and
    numbers. server: its address. started: UTC, ISO 8601."""

    type: Literal["run"] = "run"
    schema_version: Literal[1] = 1  # raised when a reader of older logs would misread newer ones
    suite: str
    started: str
    server: str
    hardware: Hardware
    versions: dict[str, str]
    settings: dict[str, Any]
    workload: dict[str, Any]


class Request(Line):
    """sample_rate: Hz; what all had in logs that do not say. chunks: (seconds since scheduled,
    samples). headers: (seconds, bytes) of container headers. empty: seconds, of messages without
    content. scheduled: seconds since the run began. ended: seconds since scheduled. refused: turned
    away, by a server that was full, draining or not there; retry_after: seconds that it then named.
    server: its last message. audio: WAV file, relative to this log.
    """

    type: Literal["request"] = "request"
    index: int
    phase: Phase = "measured"
    prompt: str
    text: str
    characters: int
    language: str
    voice: str | None
    scheduled: float
    sample_rate: int = UNSAID.sample_rate
    chunks: tuple[tuple[float, int], ...]
    headers: tuple[tuple[float, int], ...] = ()
    empty: tuple[float, ...] = ()
    ended: float
    error: str | None = None
    refused: bool = False
    retry_after: float | None = None
    server: dict[str, Any] | None = None
    measures: Measures
    faults: tuple[Fault, ...] = ()
    audio: str | None = None


class Score(Line):
    """Of the audio of request `index` as it was streamed. words: in its text. wer: words wrong over
    words, 0 is perfect. heard: the transcript that it is of. mos: DistillMOS, 1 to 5. None: not
    scored."""

    type: Literal["score"] = "score"
    index: int
    words: int = 0
    wer: float | None = None
    heard: str | None = None
    mos: float | None = None


class Lag(Line):
    """ms, over the whole run. objection: why its times cannot be trusted, None when they can."""

    type: Literal["lag"] = "lag"
    lag_ms: Distribution | None
    objection: str | None


class Continuity(Line):
    """Share of streams, 0 to 1, whose player with this prebuffer fell silent for at most 50, 100
    and 200 ms in all. Failed streams count as not continuous; answers of one chunk count not at all
    (`streams` says how many did). None when none did."""

    prebuffer_ms: float
    streams: int
    c50: float | None
    c100: float | None
    c200: float | None


class AtOnce(BaseModel):
    """How many requests were to be under way at once, and how many were on average, while any
    measured one was."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: int
    observed: float


class Summary(Line):
    """Of the measured requests. faults: how many requests had each. refused: how many of the failed
    ones were turned away. valid: whether the client was
    fast enough to be believed; if not, `objection` says why. at_once: of a closed loop.
    delivered_s: seconds of audio of all requests, cold and edge ones too."""

    type: Literal["summary"] = "summary"
    requests: int
    failed: int
    refused: int = 0
    faults: dict[str, int]
    audio_s: float
    delivered_s: float = 0.0
    wall_s: float
    distributions: dict[str, Distribution]
    continuity: tuple[Continuity, ...]
    valid: bool
    objection: str | None
    verdict: str
    at_once: AtOnce | None = None
    extra: dict[str, Any] = Field(default_factory=dict)


AnyLine = Annotated[Run | Request | Score | Lag | Summary, Field(discriminator="type")]
_ADAPTER: TypeAdapter[AnyLine] = TypeAdapter(AnyLine)


class RunLog(BaseModel):
    """A whole log, read back. `lag` and `summary` are None when the run was cut short."""

    path: Path
    run: Run
    requests: tuple[Request, ...]
    scores: dict[int, Score]
    lag: Lag | None
    summary: Summary | None

    @property
    def measured(self) -> tuple[Request, ...]:
        """Requests that are judged and delivered audio."""
        return tuple(line for line in self.requests if line.phase == "measured" and line.chunks)


def dump(line: Line) -> str:
    """One line of a log, without its line end."""
    return line.model_dump_json()


def read(path: Path) -> RunLog:
    """Raises InputError, naming file, line and field, for anything that is no run log."""
    try:
        # Bytes, and "\n" only: str.splitlines would also cut at U+2028, which a text may contain,
        # and a line that was cut off may end inside a character.
        *whole, rest = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(
            f"run log '{path}' cannot be read ({error}); `make bench` writes one"
        ) from error
    lines = [_parse(path, number, text) for number, text in enumerate(whole, 1)]
    with suppress(InputError):
        lines.append(_parse(path, len(whole) + 1, rest))
    if not lines or not isinstance(lines[0], Run):
        raise InputError(f"run log '{path}' does not begin with a run line; is it another file?")
    return RunLog(
        path=path,
        run=lines[0],
        requests=tuple(line for line in lines if isinstance(line, Request)),
        scores={line.index: line for line in lines if isinstance(line, Score)},
        lag=_last(lines, Lag),
        summary=_last(lines, Summary),
    )


def _parse(path: Path, number: int, text: bytes) -> AnyLine:
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        problem = first_problem(error, "it")
        raise InputError(f"run log '{path}', line {number}: {problem}") from error


_Kind = TypeVar("_Kind", bound=Line)


def _last(lines: Sequence[Line], kind: type[_Kind]) -> _Kind | None:
    found = [line for line in lines if isinstance(line, kind)]
    return found[-1] if found else None
