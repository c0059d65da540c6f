"""What a model shape reaches on a device: its ceilings, the backbone alone, and the whole server.

    python -m benchmarks device --shape orpheus-3b --device cuda [--precision fp8] [--stages …]

Stage by stage: copy bandwidth and matrix throughput; whether the codec is exact there, and its
one-frame hops by batch; vLLM with random weights at several batches, as share of the roofline that
the ceilings draw; then the toolkit's server with vLLM and a full-size SNAC in one process: first
audio with one caller, and the largest number of callers it holds. Every figure is saved as soon as
it is known. A later call in the same folder adds to what is there, and goes on where a stage was
cut short. `--shape tiny --device cpu` runs the same stages on a laptop, to test them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.codecs.coded import open_codec
from benchmarks.device.backbone import BATCHES, backbone_rates
from benchmarks.device.backbone import table as backbone_table
from benchmarks.device.ceilings import Ceilings, ceilings, release
from benchmarks.device.codec_exactness import exactness
from benchmarks.device.codec_exactness import table as exactness_table
from benchmarks.device.codec_rates import codec_rates
from benchmarks.device.codec_rates import table as codec_table
from benchmarks.device.result import DeviceResult, EngineResult
from benchmarks.doubles.engine_double import REAL_TIME
from benchmarks.doubles.shape import architecture, open_shape, write_shape
from benchmarks.host.overhead import SERVER, Level, host_overhead
from benchmarks.host.overhead import table as level_table
from benchmarks.load.session import Session
from benchmarks.runs.environment import hardware, versions
from engines.gpus import Gpu
from engines.roofline import Roofline
from tensorrt_tts.backends.base import Sampling
from tensorrt_tts.engine_folder.device import ComputeCapability
from tensorrt_tts.engine_folder.formats import Format
from tensorrt_tts.errors import SettingError
from tensorrt_tts.families.orpheus.spec import ENGLISH
from tensorrt_tts.families.orpheus.tokens import SLOTS, OrpheusTokens

LEAST_S = {
    "ceilings": 2.0,
    "exactness": 6.0,
    "codec": 15.0,
    "backbone": 140.0,
    "first-audio": 95.0,
    "callers": 180.0,
}
"""Stages, in their order, and the seconds without which none is begun under a budget: what an H100
took, and for `callers` what it takes to find a bound; most of it is the start of vLLM. What a stage
took in the same folder counts more."""

STAGES = tuple(LEAST_S)

OF_ENGINE = ("backbone", "first-audio", "callers")
"""Stages that measure vLLM, and that every precision has its own figures of."""

PRECISIONS: dict[str, dict[str, Any]] = {"bf16": {}, "fp8": {"quantization": "fp8"}}
"""vLLM's engine arguments for each: its fp8 quantises the layers as it loads them, in 8 bits as
the activations, and leaves the head and the KV cache at 16."""

ALONE = 20
"""Answers of the one-caller stage: first audio is their median."""

SECONDS = 5.0
"""Of audio in an answer: as an ordinary sentence, and short enough for a whole run in ten minutes.
"""

FIRST_LEVEL = 16
"""Where the search for callers begins; a device that is worth renting holds more: an H100 96."""

READY_S = 900.0
"""An engine that compiles and captures its graphs takes minutes."""

Say = Callable[[str], None]


class _OutOfTimeError(Exception):
    """The budget is used up; what was found so far has been saved."""


@dataclass(frozen=True, slots=True)
class DeviceRun:
    """folder: for device.json, the shape's config.json, run logs and the servers' logs. limit:
    callers at most. seconds: of audio in every answer. alone: answers of the one-caller stage.
    precision: one of PRECISIONS. engine_arguments: further arguments of vLLM's engine, recorded.
    budget_s: no stage is begun that would not end within it, and none goes on after it. commit: of
    this checkout, where git does not say it."""

    shape: str
    device: str
    folder: Path
    batches: Sequence[int] = BATCHES
    limit: int = 512
    seconds: float = SECONDS
    codec: str = "random"
    alone: int = ALONE
    precision: str = "bf16"
    engine_arguments: Mapping[str, Any] = field(default_factory=dict)
    budget_s: float | None = None
    commit: str | None = None
    say: Say = lambda line: None
    clock: Callable[[], float] = time.monotonic

    async def run(self, stages: Sequence[str] = STAGES) -> DeviceResult:
        """Those stages, in their order, and what earlier calls left in the folder. What is whole
        there is not measured again.

        Raises what starting vLLM raises, BackendError when the server does not start, and
        SettingError for stages or a device that there are not.
        """
        until = None if self.budget_s is None else self.clock() + self.budget_s
        found = self._prepared(stages)
        work: dict[str, Callable[[_Stage], Awaitable[None]]] = {
            "ceilings": self._ceilings,
            "exactness": self._exactness,
            "codec": self._codec,
            "backbone": self._backbone,
            "first-audio": self._first_audio,
            "callers": self._callers,
        }
        for name in (name for name in STAGES if name in stages):
            stage = _Stage(self, found, name, until)
            if reason := stage.left_out():
                self.say(f"{name}: {reason}")
                continue
            self.say(f"{name} …")
            stage.begin()
            try:
                await work[name](stage)
            except _OutOfTimeError:
                self.say(f"{name}: the budget is used up; the same call again goes on from here")
            else:
                stage.end()
        return found

    def _prepared(self, stages: Sequence[str]) -> DeviceResult:
        unknown = [stage for stage in stages if stage not in STAGES]
        if unknown or not stages:
            raise SettingError(
                f"stages {','.join(stages)!r}: choose from {', '.join(STAGES)}, comma-separated"
            )
        if self.device not in ("cpu", "cuda"):
            raise SettingError(
                f"device {self.device!r} is neither cpu nor cuda; vLLM takes the first GPU it "
                "sees, so choose one with CUDA_VISIBLE_DEVICES"
            )
        if self.precision not in PRECISIONS:
            raise SettingError(
                f"precision {self.precision!r} is not one of: {', '.join(PRECISIONS)}"
            )
        found = DeviceResult(
            *(self.shape, self.device, self.codec, self.seconds),
            *(hardware(), versions(self.commit)),
        ).resumed(self.folder)
        if "backbone" in stages and "ceilings" not in stages and found.ceilings is None:
            raise SettingError(
                f"stages {','.join(stages)!r}: backbone needs the ceilings, before it or with it"
            )
        return found

    async def _ceilings(self, stage: _Stage) -> None:
        stage.result.ceilings = found = await asyncio.to_thread(ceilings, self.device)
        self.say(f"copies at {found.bandwidth:.0f} GB/s, multiplies at {found.tflops:.1f} Tflop/s")

    async def _exactness(self, stage: _Stage) -> None:
        if self.codec == "null":
            return
        rows = stage.result.exactness = []
        for name in dict.fromkeys(("demo", self.codec)):
            for row in exactness(name, self.device):
                rows.append(row)
                self.say(exactness_table([row]).splitlines()[-1])
                stage.keep()
        release()

    async def _codec(self, stage: _Stage) -> None:
        if self.codec == "null":
            return
        codec, _ = open_codec(self.codec, self.device)
        rates = stage.result.codec_rates
        missing = _missing(self.batches, rates)
        for rate in codec_rates(codec, missing):
            rates.append(rate)
            self.say(codec_table([rate]).splitlines()[-1])
            stage.keep(last=rate.batch == missing[-1])
        del codec
        release()  # vLLM refuses to start beside what the allocator keeps

    async def _backbone(self, stage: _Stage) -> None:
        ceilings = stage.result.ceilings
        if ceilings is None:
            raise SettingError("backbone needs the ceilings: the budget left no time for them")
        rates = stage.engine.backbone
        missing = _missing(self.batches, rates)
        backend = await asyncio.to_thread(
            open_shape, self._model(), self.device, self._streams, SLOTS, self._arguments
        )
        try:
            async for rate in backbone_rates(
                backend,
                production_sampling(SLOTS * max(2, round(self.seconds * REAL_TIME / SLOTS))),
                measured_roofline(self.shape, ceilings, self.precision),
                missing,
            ):
                rates.append(rate)
                self.say(backbone_table([rate]).splitlines()[-1])
                stage.keep(last=rate.batch == missing[-1])
        finally:
            await backend.close()

    async def _first_audio(self, stage: _Stage) -> None:
        # Every token at once: exact audio starts after 18, and whole frames would deliver 22.
        stage.engine.hand_on["first-audio"] = 1
        (stage.engine.first_audio,) = await self._served(stage, hand_on=1, limit=1)

    async def _callers(self, stage: _Stage) -> None:
        levels = stage.engine.callers
        stage.engine.hand_on["callers"] = SLOTS

        def keep(level: Level) -> None:
            levels.append(level)
            stage.keep()

        # In the order of the search, with those of an earlier call.
        found = await self._served(stage, SLOTS, self.limit, tuple(levels), keep)
        stage.engine.callers = found

    async def _served(
        self,
        stage: _Stage,
        hand_on: int,
        limit: int,
        known: Sequence[Level] = (),
        keep: Callable[[Level], None] = lambda level: None,
    ) -> list[Level]:
        folder = self.folder / stage.folder
        return await host_overhead(
            self.codec,
            folder,
            Session(folder, SERVER, {"shape": self.shape}),
            limit,
            self.seconds,
            progress=lambda level: self.say(level_table([level]).splitlines()[-1]),
            more=[
                *("--shape", str(self._model()), "--device", self.device),
                *("--engine-streams", str(self._streams)),
                *("--engine-arguments", json.dumps(self._arguments)),
                *("--hand-on", str(hand_on)),
            ],
            ready_within=READY_S,
            alone=self.alone,
            first=FIRST_LEVEL,
            known=known,
            keep=keep,
        )

    def _model(self) -> Path:
        return write_shape(self.folder / self.shape, self.shape)

    @property
    def _streams(self) -> int:
        """The same for every stage: vLLM compiles and captures by the size of the batch, and finds
        what one stage has compiled in its cache only if the next one asks for the same."""
        return max(self.limit, *self.batches)

    @property
    def _arguments(self) -> dict[str, Any]:
        return {**PRECISIONS[self.precision], **self.engine_arguments}


def _missing(batches: Sequence[int], rates: Sequence[Any]) -> list[int]:
    return [batch for batch in batches if batch not in {rate.batch for rate in rates}]


class _Stage:
    """One stage of a run: where its figures go, and whether there is time for it."""

    def __init__(
        self, run: DeviceRun, result: DeviceResult, name: str, until: float | None
    ) -> None:
        self.result = result
        self.name = name
        self._run = run
        self._until = until
        self._began = 0.0
        self._engine = (
            result.engine(run.precision, run.engine_arguments) if name in OF_ENGINE else None
        )

    @property
    def engine(self) -> EngineResult:
        assert self._engine is not None
        return self._engine

    @property
    def folder(self) -> str:
        """Of its logs; the plain bf16 engine's has no more than the stage's name."""
        number = list(self.result.engines.values()).index(self.engine)
        return self.name if number == 0 else f"{self.name}-{number + 1}-{self.engine.precision}"

    def left_out(self) -> str | None:
        """Why it is not run, in words; None when it is."""
        if self.name in self._of.stage_s and not self._more():
            return "whole already; another --out measures it again"
        if self._until is None:
            return None
        left = self._until - self._run.clock()
        earlier = [e.stage_s.get(self.name, 0.0) for e in self.result.engines.values()]
        need = max([*earlier, self.result.stage_s.get(self.name, 0.0)]) or LEAST_S[self.name]
        return f"left out, {left:.0f} s left of the {need:.0f} it needs" if left < need else None

    def _more(self) -> bool:
        """Whether batches are asked for that it has not measured."""
        rates = {"codec": self.result.codec_rates}
        if self._engine is not None:
            rates["backbone"] = self._engine.backbone  # type: ignore[assignment]
        if self.name not in rates or (self.name == "codec" and self._run.codec == "null"):
            return False
        return bool(_missing(self._run.batches, rates[self.name]))

    def begin(self) -> None:
        self._began = self._run.clock()
        if self.name not in self._of.incomplete:
            self._of.incomplete.append(self.name)
        self.result.save(self._run.folder)

    def keep(self, last: bool = False) -> None:
        """What is known so far, on disk. Raises _OutOfTimeError once the budget is used up."""
        self.result.save(self._run.folder)
        if not last and self._until is not None and self._run.clock() >= self._until:
            raise _OutOfTimeError

    def end(self) -> None:
        self._of.incomplete.remove(self.name)
        self._of.stage_s[self.name] = round(self._run.clock() - self._began, 1)
        self.result.save(self._run.folder)

    @property
    def _of(self) -> DeviceResult | EngineResult:
        return self.result if self._engine is None else self._engine


def production_sampling(tokens: int) -> Sampling:
    """As Orpheus is sampled, ids restricted per slot, for exactly that many tokens."""
    endless = replace(OrpheusTokens().grammar(), stops=())
    return Sampling(max_tokens=tokens, grammar=endless, **asdict(ENGLISH.sampling))


def measured_roofline(shape: str, found: Ceilings, precision: str = "bf16") -> Roofline:
    """The layers in that precision, head and cache in 16 bits, with the ceilings as measured in
    place of a datasheet's."""
    device = Gpu(
        name="this device",
        memory_mib=0,
        bandwidth=found.bandwidth,
        capability=ComputeCapability(0, 0),
        fp16_tflops=found.tflops,
        products=(),
        source="measured in this run",
    )
    model = architecture(shape)
    return Roofline(model, Format.parse(precision), device, head_rows=model.vocab_size)
