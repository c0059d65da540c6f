"""Every codec there is, held to what all of them promise."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from benchmarks.doubles.null_codec import NullCodec
from engines.codec_engine import BICODEC, SNAC, CodecRecipe, EngineKind, serialized
from tensorrt_tts.codecs.base import Codec
from tensorrt_tts.codecs.bicodec import onnx as bicodec_onnx
from tensorrt_tts.codecs.bicodec import trt as bicodec_trt
from tensorrt_tts.codecs.snac import onnx as snac_onnx
from tensorrt_tts.codecs.snac import trt as snac_trt
from tests.support import fake_tensorrt, tiny_bicodec
from tests.support.codec_conformance import CodecConformance, Subject
from tests.support.snac_codecs import tiny_codec
from tests.support.tiny_snac import TINY, tiny_export
from tests.support.toy_family import SEMANTIC, ToyCodec

pytestmark = pytest.mark.timeout(600)  # an export takes a dozen seconds of one core


class TestSnac(CodecConformance):
    """Windowed and stateful streams, also both in one run."""

    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(tiny_codec(), TINY.codebook_size, most=40, stateful=(False, True))


@cache
def exported() -> Codec:
    return snac_onnx.open_codec(tiny_export()[1])


class TestOnnx(CodecConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(exported(), TINY.codebook_size, most=30)


def built(of: EngineKind, export: Path) -> Path:
    """An engine's folder, of the double of TensorRT."""
    folder = Path(shutil.copytree(export, Path(mkdtemp(prefix="engine-")) / "engine"))
    recipe = CodecRecipe.read(of).model_copy(update={"max_batch": 6, "opt_batch": 2})
    (graph,) = folder.glob("*.onnx")
    (folder / of.file).write_bytes(serialized(fake_tensorrt, graph.read_bytes(), recipe))
    graph.unlink()
    return folder


@cache
def built_snac() -> Codec:
    """The double of TensorRT has to be in place."""
    return snac_trt.open_codec(built(SNAC, tiny_export()[1]), "cpu")


class TestTensorRT(CodecConformance):
    @pytest.fixture
    def subject(self, monkeypatch: pytest.MonkeyPatch) -> Subject:
        monkeypatch.setitem(sys.modules, "tensorrt", fake_tensorrt)
        return Subject(built_snac(), TINY.codebook_size, most=30)


class TestBiCodec(CodecConformance):
    """It sees further than a stream of the others is long."""

    @pytest.fixture
    def subject(self) -> Subject:
        codec, voices = tiny_bicodec.tiny_codec(), (tiny_bicodec.voice(1), tiny_bicodec.voice(2))
        both = (False, True)
        return Subject(codec, 8192, 1, 150, voices, stateful=both, seeded=False)


@cache
def exported_bicodec() -> Codec:
    return bicodec_onnx.open_codec(tiny_bicodec.tiny_export()[1])


class TestBiCodecOnnx(CodecConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return windows_of(exported_bicodec())


@cache
def built_bicodec() -> Codec:
    """The double of TensorRT has to be in place."""
    return bicodec_trt.open_codec(built(BICODEC, tiny_bicodec.tiny_export()[1]), "cpu")


class TestBiCodecTensorRT(CodecConformance):
    @pytest.fixture
    def subject(self, monkeypatch: pytest.MonkeyPatch) -> Subject:
        monkeypatch.setitem(sys.modules, "tensorrt", fake_tensorrt)
        return windows_of(built_bicodec())


def windows_of(codec: Codec) -> Subject:
    """Of an exported BiCodec: decoding is slow, every window is a whole one."""
    voices = tiny_bicodec.voice(1), tiny_bicodec.voice(2)
    return Subject(codec, 8192, 1, 80, voices, seeded=False)


class TestNull(CodecConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(NullCodec(), 4096, listens=False)


VOICES = ((3, 1, 4, 1), (5, 9, 2, 6))


class TestToy(CodecConformance):
    """Causal, one code a step, with a condition."""

    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(ToyCodec(), len(SEMANTIC), levels=1, conditions=VOICES)


class TestToyThatLooksAhead(CodecConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject(ToyCodec(future=2), len(SEMANTIC), levels=1, conditions=VOICES)
