"""What a model shape reaches on a device: its ceilings, the backbone alone, and the whole server.

    python -m benchmarks device --shape orpheus-3b --device cuda [--stages ceilings,codec,…]

Stage by stage: copy bandwidth and matrix throughput; the codec's one-frame hops by batch; vLLM with
random weights at several batches, as share of the roofline that the ceilings draw; then the
toolkit's server with vLLM and a full-size SNAC in one process: first audio with one caller, and the
largest number of callers it holds. What is found is saved after every stage, and a later call in
the same folder adds to it. `--shape tiny --device cpu` runs the same stages on a laptop, to test
them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.backbone import BATCHES, backbone_rates
from benchmarks.ceilings import Ceilings, ceilings, release
from benchmarks.codec_rates import codec_rates
from benchmarks.codec_rates import table as codec_table
from benchmarks.decode_cost import open_codec
from benchmarks.device_result import DeviceResult
from benchmarks.environment import hardware, versions
from benchmarks.host_overhead import Level, host_overhead
from benchmarks.host_overhead import table as level_table
from benchmarks.session import Session
from benchmarks.shape import architecture, open_shape, write_shape
from engines.formats import Format
from engines.gpus import ComputeCapability, Gpu
from engines.roofline import Roofline
from tensorrt_tts.backends.protocol import Sampling
from tensorrt_tts.errors import SettingError
from tensorrt_tts.models.orpheus import ENGLISH
from tensorrt_tts.models.orpheus_tokens import SLOTS, OrpheusTokens

STAGES = ("ceilings", "codec", "backbone", "first-audio", "callers")

ALONE = 20
"""Answers of the one-caller stage: first audio is their median."""

SECONDS = 5.0
"""Of audio in an answer: as an ordinary sentence, and short enough for a whole run in ten minutes.
"""

FIRST_LEVEL = 16
"""Where the search for callers begins; a device that is worth renting holds more."""

READY_S = 900.0
"""An engine that compiles and captures its graphs takes minutes."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DeviceRun:
    """folder: for device.json, the shape's config.json, run logs and the servers' logs. limit:
    callers at most. seconds: of audio in every answer. alone: answers of the one-caller stage."""

    shape: str
    device: str
    folder: Path
    batches: Sequence[int] = BATCHES
    limit: int = 512
    seconds: float = SECONDS
    codec: str = "random"
    alone: int = ALONE
    say: Say = lambda line: None

    async def run(self, stages: Sequence[str] = STAGES) -> DeviceResult:
        """Those stages, in their order, and what earlier calls left in the folder.

        Raises what starting vLLM raises, BackendError when the server does not start, and
        SettingError for stages or a device that there are not.
        """
        found = self._prepared(stages)
        work: dict[str, Callable[[DeviceResult], Awaitable[None]]] = {
            "ceilings": self._ceilings,
            "codec": self._codec,
            "backbone": self._backbone,
            "first-audio": self._first_audio,
            "callers": self._callers,
        }
        for stage in (stage for stage in STAGES if stage in stages):
            began = time.perf_counter()
            self.say(f"{stage} …")
            await work[stage](found)
            found.stage_s[stage] = round(time.perf_counter() - began, 1)
            found.save(self.folder)
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
        found = DeviceResult(
            self.shape, self.device, self.codec, self.seconds, hardware(), versions()
        ).resumed(self.folder)
        if "backbone" in stages and "ceilings" not in stages and found.ceilings is None:
            raise SettingError(
                f"stages {','.join(stages)!r}: backbone needs the ceilings, before it or with it"
            )
        return found

    async def _ceilings(self, found: DeviceResult) -> None:
        found.ceilings = await asyncio.to_thread(ceilings, self.device)
        self.say(
            f"copies at {found.ceilings.bandwidth:.0f} GB/s, multiplies at "
            f"{found.ceilings.tflops:.1f} Tflop/s"
        )

    async def _codec(self, found: DeviceResult) -> None:
        if self.codec == "null":
            return
        codec, _ = open_codec(self.codec, self.device)
        found.codec_rates = await asyncio.to_thread(codec_rates, codec, self.batches)
        self.say(codec_table(found.codec_rates))
        del codec
        release()  # vLLM refuses to start beside what the allocator keeps

    async def _backbone(self, found: DeviceResult) -> None:
        assert found.ceilings is not None  # see _prepared
        backend = await asyncio.to_thread(open_shape, self._model(), self.device, max(self.batches))
        try:
            found.backbone = await backbone_rates(
                backend,
                production_sampling(SLOTS * max(2, round(self.seconds * 24000 / 2048))),
                measured_roofline(self.shape, found.ceilings),
                self.batches,
                self.say,
            )
        finally:
            await backend.close()

    async def _first_audio(self, found: DeviceResult) -> None:
        # Every token at once: exact audio starts after 18, and whole frames would deliver 22.
        (found.first_audio,) = await self._served("first-audio", hand_on=1, limit=1)
        found.hand_on["first-audio"] = 1

    async def _callers(self, found: DeviceResult) -> None:
        found.callers = await self._served("callers", hand_on=SLOTS, limit=self.limit)
        found.hand_on["callers"] = SLOTS

    async def _served(self, stage: str, hand_on: int, limit: int) -> list[Level]:
        folder = self.folder / stage
        flags = ["--shape", str(self._model()), "--device", self.device, "--hand-on", str(hand_on)]
        return await host_overhead(
            self.codec,
            folder,
            Session(
                folder, "benchmarks.host_server", {"shape": self.shape}, False, lambda *_: None
            ),
            limit,
            self.seconds,
            progress=lambda level: self.say(level_table([level]).splitlines()[-1]),
            more=flags,
            ready_within=READY_S,
            alone=self.alone,
            first=FIRST_LEVEL,
        )

    def _model(self) -> Path:
        return write_shape(self.folder / self.shape, self.shape)


def production_sampling(tokens: int) -> Sampling:
    """As Orpheus is sampled, ids restricted per slot, for exactly that many tokens."""
    return Sampling(max_tokens=tokens, legal=OrpheusTokens().legal(), **asdict(ENGLISH.sampling))


def measured_roofline(shape: str, found: Ceilings) -> Roofline:
    """16-bit weights and cache, with the ceilings as measured in place of a datasheet's."""
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
    return Roofline(model, Format.parse("bf16"), device, head_rows=model.vocab_size)
