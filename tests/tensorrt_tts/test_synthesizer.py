import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from tensorrt_tts.backends.base import Finish, TokenChunk
from tensorrt_tts.codecs.lookahead import decode_offline
from tensorrt_tts.errors import (
    EngineDiedError,
    NoAudioError,
    SettingError,
    StalledError,
    TextError,
    UnknownVoiceError,
)
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.codec_conformance import assert_same
from tests.support.tiny_orpheus import tiny_model_folders

TEXT = "The rain had stopped before the children came home from school."
LONG = " ".join([TEXT] * 12)


def build(options: StreamOptions | None = None) -> Synthesizer:
    folder, codec = tiny_model_folders()
    return open_synthesizer(str(folder), codec=str(codec), options=options)


@pytest.fixture
async def synthesizer() -> AsyncIterator[Synthesizer]:
    synthesizer = build()
    yield synthesizer
    await synthesizer.close()


@pytest.mark.parametrize("stateful", [False, True])
async def test_streamed_speech_equals_the_offline_decode_of_its_tokens(stateful: bool) -> None:
    synthesizer = build(StreamOptions(stateful=stateful))
    request = SpeechRequest(TEXT, seed=4, max_tokens=71)
    ids = await synthesizer.generate_tokens(request)
    pcm, report = await synthesizer.synthesize(request)
    offline = decode_offline(ids, synthesizer.model.family.parser(), synthesizer.codec, seed=4)
    assert len(pcm) == len(offline) == report.frames * 2048
    assert np.abs(pcm.astype(int) - offline).max() <= 1
    assert report.tokens == len(ids) == 71
    assert report.segments[0].counts.cut == 1
    await synthesizer.close()


async def test_a_prefix_of_what_was_heard_is_in_the_later_prompts() -> None:
    """By choice: without one, every segment is prompted as if it were alone."""
    request = SpeechRequest(LONG, seed=4, max_tokens=30)
    lengths = []
    for tokens in (0, 21):
        synthesizer = build(StreamOptions(voice_tokens=tokens))
        (first, ids), *later = await synthesizer.generate_segments(request)
        _, report = await synthesizer.synthesize(request)
        await synthesizer.close()
        prompts = [segment.prompt.ids for segment, _ in later]
        assert [part.prompt_tokens for part in report.segments[1:]] == list(map(len, prompts))
        turn = (*first.prompt.ids, *ids[:tokens])
        assert tokens == 0 or {prompt[: len(turn)] for prompt in prompts} == {turn}
        lengths.append(sum(map(len, prompts)))
    # The ids, the first prompt and two marks, in each of them.
    cost = 21 + len(first.prompt.ids) + 2
    assert lengths[1] - lengths[0] == cost * len(later)
    with pytest.raises(SettingError, match="voice_tokens -1 must be 0 or more"):
        StreamOptions(voice_tokens=-1)


@pytest.mark.parametrize("text", [TEXT, LONG])
async def test_an_opened_stream_is_the_same_stream(synthesizer: Synthesizer, text: str) -> None:
    request = SpeechRequest(text, seed=4, max_tokens=14)
    expected, _ = await synthesizer.synthesize(request)
    async with await synthesizer.open(request) as stream:
        parts = [chunk.pcm async for chunk in stream]
    assert_same(np.concatenate(parts), expected)
    with pytest.raises(UnknownVoiceError):
        await synthesizer.open(SpeechRequest(text, voice="nobody"))


async def test_reading_a_text_holds_nobody_up(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = synthesizer._prepared
    readers = []

    def read(request: SpeechRequest):
        readers.append(threading.current_thread())
        return plan(request)

    monkeypatch.setattr(synthesizer, "_prepared", read)
    await (await synthesizer.open(SpeechRequest(TEXT, max_tokens=7))).aclose()
    assert readers[0] is not threading.main_thread()


async def test_the_report_is_whole(synthesizer: Synthesizer) -> None:
    pcm, report = await synthesizer.synthesize(SpeechRequest(TEXT, seed=1, max_tokens=70))
    assert report.first_token_s is not None
    assert report.first_audio_s is not None
    assert 0 < report.first_token_s < report.first_audio_s <= report.total_s
    assert report.audible_onset_s is not None
    assert report.audible_onset_s >= report.first_audio_s
    assert report.samples == len(pcm)
    assert report.audio_s == len(pcm) / 24000
    assert len(report.decode_s) == report.chunks > 3


async def test_a_long_text_is_spoken_in_order(synthesizer: Synthesizer) -> None:
    async with synthesizer.stream(SpeechRequest(LONG, seed=1, max_tokens=35)) as stream:
        order = [chunk.segment async for chunk in stream]
    assert order == sorted(order)
    assert set(order) == set(range(len(stream.report.segments)))
    assert len(stream.report.segments) == 12
    assert " ".join(segment.text for segment in stream.report.segments) == LONG


async def test_equal_seeds_give_equal_audio_at_once_and_alone(synthesizer: Synthesizer) -> None:
    request = SpeechRequest(TEXT, seed=9, max_tokens=42)
    alone, _ = await synthesizer.synthesize(request)
    others = [SpeechRequest(TEXT, seed=seed, max_tokens=42) for seed in range(3)]
    together = await asyncio.gather(*(synthesizer.synthesize(r) for r in (request, *others)))
    np.testing.assert_allclose(together[0][0], alone, rtol=0, atol=1)  # decoded in batches


@pytest.mark.parametrize("how", ["break", "drop", "aclose", "cancel"])
async def test_leaving_early_frees_the_backend(synthesizer: Synthesizer, how: str) -> None:
    stream = synthesizer.stream(SpeechRequest(LONG, max_tokens=2000))
    if how == "break":
        async with stream:
            async for _ in stream:
                break
    elif how == "drop":
        async for _ in synthesizer.stream(SpeechRequest(LONG, max_tokens=2000), "dropped"):
            break
        await stream.aclose()
        await settled(lambda: (synthesizer.backend.stats().running,))
    elif how == "aclose":
        await anext(stream)
        await stream.aclose()
        await stream.aclose()
    else:
        task = asyncio.create_task(drain(stream))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert synthesizer.backend.stats().running == 0
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_closing_wakes_whoever_waits_for_the_next_chunk(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesizer.backend, "stream", never)
    stream = synthesizer.stream(SpeechRequest(TEXT))
    reader = asyncio.create_task(drain(stream))
    await asyncio.sleep(0.05)
    await stream.aclose()
    await asyncio.wait_for(reader, 60)


async def test_a_stream_closed_before_it_began_ends(synthesizer: Synthesizer) -> None:
    stream = synthesizer.stream(SpeechRequest(TEXT))
    reader = asyncio.create_task(drain(stream))
    await stream.aclose()  # neither task has run yet
    await asyncio.wait_for(reader, 60)


async def test_a_closed_synthesizer_tells_who_was_listening_and_who_comes_later() -> None:
    synthesizer = build()
    stream = synthesizer.stream(SpeechRequest(LONG, max_tokens=2000))
    await anext(stream)
    await synthesizer.close()
    await synthesizer.close()
    with pytest.raises(EngineDiedError, match="closed while it spoke"):
        await drain(stream)
    for text in (TEXT, LONG):
        with pytest.raises(EngineDiedError, match="is closed; open a new one"):
            await synthesizer.open(SpeechRequest(text))


async def test_leaving_its_context_closes_it_whatever_happened_inside() -> None:
    synthesizer = build()
    with contextlib.suppress(KeyError):
        async with synthesizer as entered:
            assert entered is synthesizer
            raise KeyError
    assert synthesizer.closed


async def test_a_timeout_of_the_backend_is_its_own(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object):  # type: ignore[no-untyped-def]
        raise TimeoutError("the engine's")
        yield None

    monkeypatch.setattr(synthesizer.backend, "stream", fail)
    with pytest.raises(TimeoutError, match="the engine's"):
        await synthesizer.synthesize(SpeechRequest(TEXT))


async def test_what_was_cut_short_is_reported(synthesizer: Synthesizer) -> None:
    _, report = await synthesizer.synthesize(SpeechRequest(TEXT, seed=1, max_tokens=21))
    assert [segment.text for segment in report.cut_short] == [TEXT]


async def never(*_: object):  # type: ignore[no-untyped-def]
    await asyncio.Event().wait()
    yield None


async def drain(stream: AsyncIterator[object]) -> None:
    async for _ in stream:
        pass


async def test_generation_runs_ahead_of_the_listener_only_so_far() -> None:
    synthesizer = build(StreamOptions(ahead_s=1.0))
    async with synthesizer.stream(SpeechRequest(LONG, max_tokens=70)) as stream:
        await anext(stream)
        begun = await settled(lambda: (stream.report.tokens, len(stream.report.segments)))
        assert begun[1] == 2  # 0.82 s each: one ready, the next begun before its second was up
        await drain(stream)
    assert len(stream.report.segments) == 12
    await synthesizer.close()


async def settled(value: Callable[[], tuple[int, ...]], quiet_s: float = 0.5) -> tuple[int, ...]:
    """The value once it has stayed the same for so long."""
    while True:
        before = value()
        await asyncio.sleep(quiet_s)
        if value() == before:
            return before


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        (SpeechRequest(""), TextError, "nothing to speak"),
        (SpeechRequest("x" * 9999), TextError, "9999 characters"),
        (SpeechRequest("<custom_token_28>"), TextError, "special token"),
        (SpeechRequest("Hi.", voice="julia"), UnknownVoiceError, "tara"),
        (SpeechRequest("Hi.", temperature=-1), SettingError, "temperature -1"),
        (SpeechRequest("Hi.", temperature=float("nan")), SettingError, "temperature nan"),
        (SpeechRequest("Hi.", top_p=0), SettingError, "top_p 0"),
        (SpeechRequest("Hi.", max_tokens=0), SettingError, "max_tokens 0"),
        (SpeechRequest("Hi.", seed=-3), SettingError, "seed -3"),
    ],
)
async def test_bad_requests_fail_before_anything_is_generated(
    synthesizer: Synthesizer, request_: SpeechRequest, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        synthesizer.stream(request_)
    assert synthesizer.backend.stats().generated_tokens == 0


async def test_a_stalled_backend_is_an_error_not_a_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    synthesizer = build(StreamOptions(stall_s=0.2))
    monkeypatch.setattr(synthesizer.backend, "stream", never)
    with pytest.raises(StalledError, match=r"no token .* for 0\.2 s"):
        await synthesizer.synthesize(SpeechRequest(TEXT))
    await synthesizer.close()


async def test_a_model_that_ends_at_once_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    synthesizer = build()

    async def silent(*_: object):  # type: ignore[no-untyped-def]
        yield TokenChunk((), Finish.STOP)

    monkeypatch.setattr(synthesizer.backend, "stream", silent)
    with pytest.raises(NoAudioError, match="ended without any audio"):
        await synthesizer.synthesize(SpeechRequest(TEXT))
    await synthesizer.close()


async def test_a_codec_failure_reaches_the_caller_and_frees_the_backend(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("codec broke")

    monkeypatch.setattr(synthesizer.codec, "run", fail)
    with pytest.raises(RuntimeError, match="codec broke"):
        await synthesizer.synthesize(SpeechRequest(TEXT, max_tokens=2000))
    assert synthesizer.backend.stats().running == 0
