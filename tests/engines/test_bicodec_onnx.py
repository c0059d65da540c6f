"""The exported graph against torch, window by window, and byte for byte against itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.bicodec_onnx import export
from engines.cli import main as engines
from engines.window_graph import digest
from tensorrt_tts.codecs.base import Window
from tensorrt_tts.codecs.bicodec.codec import BiCodec
from tensorrt_tts.codecs.bicodec.onnx import open_codec
from tensorrt_tts.codecs.bicodec.windows import BiCodecWindows
from tensorrt_tts.codecs.lookahead import LookaheadStreamingDecoder
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.codecs.stability import run
from tensorrt_tts.errors import (
    CheckpointNotFoundError,
    CorruptEngineError,
    SettingError,
)
from tensorrt_tts.families.spark.frames import SparkParser
from tensorrt_tts.loading import load_model
from tests.support.tiny_bicodec import tiny_export, voice
from tests.support.tiny_spark import tiny_spark_folder
from tests.tensorrt_tts.families.spark.spark_tokens import resolved

pytestmark = pytest.mark.timeout(600)  # an export takes a dozen seconds of one core

STEPS = 140


@pytest.fixture(scope="module")
def folders() -> tuple[Path, Path]:
    """A checkpoint folder and its export."""
    return tiny_export(STEPS)


@pytest.fixture(scope="module")
def codecs(folders: tuple[Path, Path]) -> tuple[BiCodec, BiCodecWindows]:
    return BiCodec.from_folder(folders[0]), open_codec(folders[1])


def random_windows(codec: BiCodec, count: int, seed: int) -> list[Window]:
    """At random places of streams of several speakers: at the beginning, short ones, and whole
    ones in mid-stream, each asking for what is exact in it or for what is cut at its end."""
    random = np.random.default_rng(seed)
    context, windows = codec.context, []
    for index in range(count):
        length = int(random.integers(1, STEPS + 1)) if index % 3 == 0 else STEPS
        origin = 0 if index % 3 == 0 else int(random.integers(1, 5000))
        steps = [(int(code),) for code in random.integers(0, 8192, length)]
        hop = context.samples_per_step
        start = 0 if origin == 0 else origin * hop + hop - 1 + context.lookbehind
        stop = (origin + length) * hop
        condition = voice(int(random.integers(0, 4)))
        windows.append(Window(steps, start, stop, origin, condition=condition))
    return windows


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_equals_torch_on_random_windows(codecs: tuple[BiCodec, BiCodecWindows], batch: int) -> None:
    ours, theirs = codecs
    windows, peak = random_windows(ours, 48, seed=batch), 0.0
    for first in range(0, len(windows), batch):
        group = windows[first : first + batch]
        for expected, found in zip(ours.run(group), theirs.run(group), strict=True):
            peak = max(peak, float(np.abs(expected).max()))
            assert found.shape == expected.shape
            assert np.abs(found - expected).max() <= 1e-4
    assert peak > 0.05  # silence would agree with anything


@pytest.mark.parametrize("hop", [4, 25])
def test_streams_are_those_of_torch(codecs: tuple[BiCodec, BiCodecWindows], hop: int) -> None:
    """At the codec's own lookahead, where windows are short and cut; and longer than the graph's
    width at once."""
    tokens = resolved()
    ids = [tokens.globals[code] for code in voice(1)]
    ids += [tokens.semantics[code] for code in np.random.RandomState(3).randint(0, 8192, 200)]
    for schedule in (HopSchedule(hop=hop), HopSchedule(hop=1000)):
        said = [
            run(LookaheadStreamingDecoder(codec, SparkParser(tokens), schedule), ids)
            for codec in codecs
        ]
        assert said[0][1] == said[1][1]
        assert len(said[0][0]) == len(said[1][0]) == 200 * 320
        assert np.abs(said[0][0].astype(int) - said[1][0]).max() <= 4


def test_the_command_writes_what_the_family_opens(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """The same bytes for the same weights; and a Spark model with the export for a codec."""
    folder, out = tiny_spark_folder(), tmp_path / "onnx"
    asked = ["export-bicodec", str(folder / "BiCodec"), str(out), "--steps", str(STEPS)]
    assert engines(asked) == 0
    assert digest(out / "bicodec.onnx") == digest(folders[1] / "bicodec.onnx")
    model = load_model(str(folder / "LLM"), str(out), "spark")
    codec = model.spec.open_codec(model.codec_folder)
    assert isinstance(codec, BiCodecWindows)
    with pytest.raises(SettingError, match="an engine of fixed windows"):
        codec.open(HopSchedule(), condition=voice(1), stateful=True)
    with pytest.raises(ValueError, match="a window of no speaker"):
        codec.run([Window([(1,)], 0, 320)])
    (out / "bicodec.onnx").write_bytes(b"no graph")
    with pytest.raises(CorruptEngineError, match="is not a BiCodec window graph"):
        open_codec(out)
    (out / "bicodec.onnx").unlink()
    with pytest.raises(CheckpointNotFoundError, match="python -m engines export-bicodec"):
        open_codec(out)


def test_a_window_too_narrow(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"steps 134: a window this narrow.*use 184 or more"):
        export(folders[0], tmp_path, 134)
