"""What a device run has found so far, in a file that is whole after every figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmarks.device.backbone import BackboneRate
from benchmarks.device.backbone import table as backbone_table
from benchmarks.device.ceilings import Ceilings
from benchmarks.device.codec_exactness import Exactness
from benchmarks.device.codec_exactness import table as exactness_table
from benchmarks.device.codec_rates import CodecRate
from benchmarks.device.codec_rates import table as codec_table
from benchmarks.host.overhead import Level, largest_held, streams_held
from benchmarks.host.overhead import table as level_table
from benchmarks.runs.environment import Hardware
from tensorrt_tts.errors import SettingError
from tensorrt_tts.files import writing

FILE = "device.json"


@dataclass(slots=True)
class EngineResult:
    """Of vLLM in one format, started with one set of arguments. arguments: those given beside our
    own. hand_on: tokens that vLLM handed on at once, by stage. first_audio: one caller; its
    `ttfa_p50_ms` is first audio. callers: the search."""

    precision: str
    arguments: dict[str, Any] = field(default_factory=dict)
    stage_s: dict[str, float] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    hand_on: dict[str, int] = field(default_factory=dict)
    backbone: list[BackboneRate] = field(default_factory=list)
    first_audio: Level | None = None
    callers: list[Level] = field(default_factory=list)


@dataclass(slots=True)
class DeviceResult:
    """shape, device, codec, seconds (of audio in an answer), hardware, versions: what it is of.
    stage_s: how long each stage took that is whole. incomplete: stages that were cut short, of
    which some figures may be there. engines: what was measured of vLLM, by `engine_name`."""

    shape: str
    device: str
    codec: str
    seconds: float
    hardware: Hardware
    versions: dict[str, str]
    stage_s: dict[str, float] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    ceilings: Ceilings | None = None
    codec_rates: list[CodecRate] = field(default_factory=list)
    exactness: list[Exactness] = field(default_factory=list)
    engines: dict[str, EngineResult] = field(default_factory=dict)

    def engine(self, precision: str, arguments: Mapping[str, Any]) -> EngineResult:
        """What is known of that engine, at first nothing."""
        name = engine_name(precision, arguments)
        return self.engines.setdefault(name, EngineResult(precision, dict(arguments)))

    def save(self, folder: Path) -> None:
        """Replaces the file whole: a run that is killed meanwhile keeps the one before. Raises
        OutputError."""
        path = folder / FILE
        with writing(path, "choose another --out"):
            draft = path.with_suffix(".draft")
            draft.write_text(as_json(self) + "\n", encoding="utf-8")
            draft.replace(path)

    def resumed(self, folder: Path) -> DeviceResult:
        """The stages that an earlier run left in that folder, or self where it left none.

        Raises SettingError when they are of another device, model or version: one file is of one.
        """
        path = folder / FILE
        if not path.is_file():
            return self
        try:
            earlier = TypeAdapter(DeviceResult).validate_json(path.read_bytes())
        except (ValidationError, OSError) as error:
            raise SettingError(
                f"'{path}' is no device run of this version; choose another --out"
            ) from error
        unknown = self.versions.keys() ^ earlier.versions.keys()
        for name, mine, its in zip(
            _BASIS, self._basis(unknown), earlier._basis(unknown), strict=True
        ):
            if mine != its:
                raise SettingError(
                    f"'{path}' is of {name} {its!r}, this run of {mine!r}; choose another --out"
                )
        return earlier

    def _basis(self, unknown: Set[str]) -> tuple[object, ...]:
        """unknown: versions that one of two runs does not know. A commit that nobody named keeps
        nobody from going on; a package that came or went does."""
        hardware, versions = self.hardware, dict(self.versions)
        if "commit" in unknown:
            versions.pop("commit", None)
        return (
            *(self.shape, self.device, self.codec, self.seconds),
            *(hardware.cpu, hardware.gpu, versions),
        )


_BASIS = ("shape", "device", "codec", "seconds", "cpu", "gpu", "versions")


def engine_name(precision: str, arguments: Mapping[str, Any]) -> str:
    """ "fp8", or "fp8 {…}" with further arguments."""
    return f"{precision} {json.dumps(dict(arguments), sort_keys=True)}" if arguments else precision


def report(found: DeviceResult) -> str:
    """The tables of the stages that were run, and the figures people ask for."""
    parts = []
    if found.ceilings:
        parts.append(
            f"copies at {found.ceilings.bandwidth:.0f} GB/s, bf16 matrices "
            f"{found.ceilings.tflops:.1f} Tflop/s"
        )
    if found.exactness:
        parts.append(exactness_table(found.exactness))
    if found.codec_rates:
        parts.append(codec_table(found.codec_rates))
    for name, engine in found.engines.items():
        parts += _engine_report(name, engine)
    if found.incomplete:
        parts.append(f"cut short: {', '.join(found.incomplete)}")
    return "\n\n".join(parts)


def _engine_report(name: str, found: EngineResult) -> list[str]:
    parts = [f"vLLM, {name}"] if found.stage_s or found.incomplete else []
    if found.backbone:
        parts.append(backbone_table(found.backbone))
    if found.first_audio:
        first = found.first_audio.ttfa_p50_ms
        parts.append(level_table([found.first_audio]))
        parts.append(
            f"first audio, one caller, median: {'–' if first is None else f'{first:.0f}'} ms"
        )
    if found.callers:
        parts.append(level_table(found.callers))
        cut = ", so far" if "callers" in found.incomplete else ""
        parts.append(f"real-time callers held{cut}: {streams_held(found.callers)}")
    if found.incomplete:
        parts.append(f"cut short: {', '.join(found.incomplete)}")
    return parts


def as_json(found: DeviceResult) -> str:
    """One line, everything raw."""
    held = {name: largest_held(engine.callers) for name, engine in found.engines.items()}
    return json.dumps({**asdict(found), "streams_held": held})
