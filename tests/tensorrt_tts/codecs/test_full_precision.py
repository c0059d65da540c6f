"""cuDNN's TF32 is off while a codec decodes, and as it was before afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from tensorrt_tts.codecs.base import decode
from tensorrt_tts.codecs.full_precision import full_precision
from tensorrt_tts.codecs.schedule import OFFLINE
from tensorrt_tts.codecs.snac import stages as snac_stages
from tensorrt_tts.codecs.snac.codec import SnacCodec
from tests.support.snac_codecs import tiny_codec

STEPS = [(1, 2, 3)] * 40


def with_state(codec: SnacCodec) -> None:
    stream = codec.open(OFFLINE, stateful=True)
    stream.push(STEPS)
    stream.end()
    codec.run([stream.job()])


def allowed() -> bool:
    return bool(torch.backends.cudnn.allow_tf32)


@pytest.fixture(autouse=True)
def _flag() -> Iterator[None]:
    before = allowed()
    torch.backends.cudnn.allow_tf32 = True  # torch's default, on a GPU too
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether TF32 was allowed at each convolution."""
    found: list[bool] = []
    plain = snac_stages.depthwise

    def watched(*arguments: object) -> torch.Tensor:
        found.append(allowed())
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(snac_stages, "depthwise", watched)
    return found


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "work",
    [
        lambda: decode(tiny_codec(), STEPS),
        lambda: with_state(tiny_codec()),
    ],
    ids=["windows", "stream"],
)
def test_off_while_it_decodes(seen: list[bool], work: Callable[[], object], before: bool) -> None:
    torch.backends.cudnn.allow_tf32 = before
    work()
    assert seen
    assert not any(seen)
    assert allowed() is before


def test_a_decode_that_fails_leaves_the_callers_setting() -> None:
    with pytest.raises(ValueError, match="x"), full_precision():
        raise ValueError("x")
    assert allowed()


def test_threads_that_decode_at_once() -> None:
    """The first to end must not turn it on beneath the other."""
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with full_precision():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with full_precision():
        leave.set()
        thread.join()
        assert not allowed()
    assert allowed()


def test_a_process_that_chose_by_operation_keeps_its_choice() -> None:
    convolutions = getattr(torch.backends.cudnn, "conv", None)
    if convolutions is None:
        pytest.skip("this torch has the one flag only")
    before = convolutions.fp32_precision
    convolutions.fp32_precision = "ieee"
    try:
        with full_precision():
            assert convolutions.fp32_precision == "ieee"
        assert convolutions.fp32_precision == "ieee"
    finally:
        convolutions.fp32_precision = before
