"""`lookahead_error`: how far streamed audio is from the offline decode, by lookahead."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from plot_metrics.canvas import figure, save, threshold, title
from tensorrt_tts.audio.pcm import FULL_SCALE
from tensorrt_tts.errors import InputError
from tensorrt_tts.files import read_json


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Point(_Part):
    steps: float
    max_difference: float
    rms: float


class Curve(_Part):
    """As `python -m benchmarks stability` writes it."""

    codec: str
    samples_per_step: int
    chosen_lookahead: int | None
    error_curve: tuple[Point, ...]

    @classmethod
    def read(cls, path: Path) -> Curve:
        """Raises InputError."""
        remedy = "write one with `python -m benchmarks stability`"
        try:
            return read_json(path, cls, InputError, remedy)
        except FileNotFoundError as error:
            raise InputError(f"no result '{path}'; {remedy}") from error

    @property
    def finding(self) -> str:
        if self.chosen_lookahead is None:
            return "no lookahead is within one step of int16"
        chosen = self.chosen_lookahead / self.samples_per_step
        return f"{chosen:.1f} steps of lookahead are as good as all"

    @property
    def about(self) -> str:
        """Whose error this is: that of random weights says nothing of trained ones."""
        random = self.codec.partition("/")[0] in ("bicodec", "random")
        return f"{self.codec}, {'seeded random weights' if random else 'its own weights'}"


def draw(result: Path, folder: Path) -> Path:
    """Raises InputError for a file that is no such result."""
    curve = Curve.read(result)
    steps = [point.steps for point in curve.error_curve]
    with figure(1, 1, 4.2) as (drawing, axes):
        panel = axes[0, 0]
        for name, marker in (("max_difference", "o"), ("rms", "s")):
            # What is equal to the bit has no place on a logarithmic axis.
            values = [max(getattr(point, name), FLOOR) for point in curve.error_curve]
            panel.plot(steps, values, marker=marker, label=LABELS[name])
        threshold(panel, 1 / FULL_SCALE, "one step of int16")
        panel.set_yscale("log")
        panel.set_xlim(left=0)
        panel.set_xlabel("lookahead (steps)")
        panel.set_ylabel("error (full scale = 1)")
        panel.legend(loc="upper right")
        title(drawing, f"{curve.about}: {curve.finding}")
        return save(drawing, folder / "lookahead_error.png")


FLOOR = 0.1 / FULL_SCALE
"""Drawn for an error that is smaller: a tenth of a step of int16."""

LABELS = {"max_difference": "largest", "rms": "rms"}
