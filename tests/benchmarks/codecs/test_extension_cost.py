"""`python -m benchmarks extension-cost`: AP-BWE as it is streamed, timed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.codecs import extension_cost
from benchmarks.codecs.extension_cost import ExtensionCost, extension_costs, table
from benchmarks.command_line import main
from tests.support import tiny_extension


def test_every_length_of_chunks_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tiny_extension.tiny_extension()
    monkeypatch.setattr(extension_cost, "open_random", lambda: small)
    asked = ["extension-cost", "--chunks", "0.1,0.5", "--seconds", "0.6", "--out", str(tmp_path)]
    assert main(asked) == 0
    said = capsys.readouterr().out.splitlines()
    rows = json.loads(said[-1])["extension"]
    assert [row["chunk_s"] for row in rows] == [0.1, 0.5]
    assert all(row["cpu"] > 0 for row in rows)
    assert json.loads((tmp_path / "extension-cost.json").read_text())["extension"] == rows
    assert len(said) == 4


def test_what_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a stream, by a clock that each push moves on by a second and its end by ten."""
    now = [0.0]
    monkeypatch.setattr(extension_cost.time, "process_time", lambda: now[0])
    pushed: list[int] = []

    class Stream:
        def push(self, pcm: np.ndarray) -> None:
            pushed.append(len(pcm))
            now[0] += 1

        def finish(self) -> None:
            now[0] += 10

    class Extension:
        rates = 1000, 3000

        def open(self) -> Stream:
            return Stream()

    found = extension_costs(Extension(), [0.5, 2.0], 2.0, 1)  # type: ignore[arg-type]
    assert found == [ExtensionCost(0.5, 14 / 2), ExtensionCost(2.0, 11 / 2)]
    assert pushed[5:] == [500] * 4 + [2000]
    assert table(found).splitlines()[1].split() == ["0.50", "s", "7.000"]


def test_it_is_the_released_size() -> None:
    assert extension_cost.RELEASED == tiny_extension.RELEASED


@pytest.mark.parametrize("option", ["--chunks", "--seconds"])
def test_no_audio_is_no_measurement(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extension-cost", option, "0"]) == 2
    assert f"{option} 0: must be above 0" in capsys.readouterr().err
