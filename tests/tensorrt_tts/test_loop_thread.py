import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tensorrt_tts import cli, loading
from tensorrt_tts.errors import InputError, TextError
from tensorrt_tts.loading import open_synthesizer, synthesize
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.codec_conformance import assert_same
from tests.support.tiny_orpheus import tiny_model_folders

TEXT = "The rain had stopped."
REQUEST = SpeechRequest(TEXT, seed=3, max_tokens=70)


def tiny(model: str = "demo") -> Synthesizer:
    folder, codec = tiny_model_folders()
    return open_synthesizer(str(folder), codec=str(codec))


async def double(value: int) -> int:
    await asyncio.sleep(0)
    return 2 * value


async def fail() -> None:
    raise TextError("no")


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_without_a_loop() -> None:
    assert run_blocking(double(4)) == 8
    with pytest.raises(TextError):
        run_blocking(fail())


async def test_inside_a_running_loop() -> None:
    assert run_blocking(double(4)) == 8
    with pytest.raises(TextError):
        run_blocking(fail())
    assert "blocking" not in threads()
    assert await double(1) == 2


async def test_an_interruption_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    async def hang() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    from concurrent.futures import Future

    whole = Future.result

    def interrupted(future: Future, timeout: float | None = None) -> object:
        assert began.wait(20)
        monkeypatch.setattr(Future, "result", whole)
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_blocking(hang())
    assert ended.is_set()


async def test_speech_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell of a notebook is called inside a running loop; so is this test."""
    monkeypatch.setattr(loading, "open_synthesizer", tiny)
    pcm, rate = synthesize("Hi.", seed=3)
    assert rate == 24000
    again = await asyncio.to_thread(synthesize, "Hi.", seed=3)
    assert_same(pcm, again[0])
    with pytest.raises(TextError):
        synthesize("")


async def test_the_commands_in_a_notebook(tmp_path: Path) -> None:
    folder, codec = tiny_model_folders()
    options = ["--model", str(folder), "--codec", str(codec), "-o", str(tmp_path / "x.wav")]
    assert cli.main(["speak", "Hi.", "--seed", "1", *options]) == 0
    assert (tmp_path / "x.wav").stat().st_size > 1000


def test_a_stream_without_a_loop_says_what_to_do() -> None:
    speaker = tiny()
    plan = asyncio.run(speaker.prepare(REQUEST))
    for begin in (lambda: speaker.stream(REQUEST), lambda: speaker.start(plan)):
        with pytest.raises(InputError, match=r"no event loop is running here.*or call tensorrt_t"):
            begin()
    asyncio.run(speaker.close())


def test_one_synthesizer_in_several_loops_one_after_another() -> None:
    speaker = tiny()
    first, second = (asyncio.run(speaker.synthesize(REQUEST))[0] for _ in range(2))
    assert_same(first, second)
    asyncio.run(speaker.close())
    assert speaker.closed


def test_one_synthesizer_in_the_loops_of_several_threads() -> None:
    speaker = tiny()
    with ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(lambda _: asyncio.run(speaker.synthesize(REQUEST))[0], range(8)))
    for pcm in spoken:
        np.testing.assert_allclose(pcm, spoken[0], rtol=0, atol=1)  # decoded in batches
    asyncio.run(speaker.close())
    assert speaker.closed


def test_a_loop_that_ended_in_mid_speech_leaves_nothing_behind() -> None:
    speaker = tiny()

    async def begin() -> None:
        stream = speaker.stream(SpeechRequest(" ".join([TEXT] * 20)))
        await anext(aiter(stream))

    asyncio.run(begin())
    pcm, _ = asyncio.run(speaker.synthesize(REQUEST))
    assert len(pcm)
    assert speaker.backend.stats().running == 0
    asyncio.run(speaker.close())
    assert speaker.closed


def test_what_work_raises_comes_alone():
    async def fail():
        raise KeyError("mine")

    with pytest.raises(KeyError) as raised:
        run_blocking(fail())
    assert raised.value.__context__ is None
