"""A text that is read while it is spoken, and one that is still coming."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tensorrt_tts.errors import InputError, TextError
from tensorrt_tts.prepared import Preparation
from tensorrt_tts.request_text import (
    READ_AT_ONCE,
    FedText,
    WholeText,
    prepare_request,
    text_feed,
)
from tensorrt_tts.speech import SpeechRequest
from tests.tensorrt_tts.test_prepared import MODEL, ROOM, SENTENCES, TEXT, prepared


def test_a_long_text_is_read_a_few_pages_at_a_time() -> None:
    paragraph = f"{TEXT}\n\n"
    request = SpeechRequest(paragraph * (50_000 // len(paragraph)), seed=1)
    text = WholeText(request, MODEL, ROOM, 50_000)
    assert len(text.segments) <= 2 * (READ_AT_ONCE // len(paragraph) + 1)
    assert not text.is_read
    found = list(text.segments)
    while more := text.more():
        assert len(more) <= 2 * (READ_AT_ONCE // len(paragraph) + 1)
        found += more
    assert text.is_read
    assert found == prepare_request(request, MODEL, ROOM, 50_000)
    assert [segment.seed for segment in found] == list(range(1, len(found) + 1))
    assert {segment.text for segment in found} == set(SENTENCES)


def test_a_long_text_is_checked_as_a_whole_before_any_is_spoken() -> None:
    request = SpeechRequest(f"{TEXT} " * 200 + "<|eot_id|>")
    with pytest.raises(TextError, match="special token"):
        WholeText(request, MODEL, ROOM, 50_000)
    with pytest.raises(TextError, match="17610 characters, the limit is 5000"):
        WholeText(request, MODEL, ROOM)
    silence = "-\n\n" * 4000
    with pytest.raises(TextError, match="nothing to speak"):
        WholeText(SpeechRequest(silence), MODEL, ROOM, 50_000)
    late = WholeText(SpeechRequest(silence + TEXT), MODEL, ROOM, 50_000)
    assert [segment.text for segment in late.segments] == SENTENCES


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def fed(executor: ThreadPoolExecutor) -> FedText:
    preparation = Preparation(SpeechRequest("", seed=40), MODEL, ROOM)
    return FedText(text_feed(MODEL, SpeechRequest(""), 1000, None), preparation, executor)


@pytest.mark.parametrize("size", [1, 2, 7, 31, len(TEXT)])
async def test_any_pieces_are_the_whole(fed: FedText, size: int) -> None:
    found = []
    for start in range(0, len(TEXT), size):
        found += await fed.feed(TEXT[start : start + size])
    assert found + await fed.end() == prepared(seed=40)


async def test_pieces_are_taken_in_the_order_of_their_calls(fed: FedText) -> None:
    calls = [fed.feed(character) for character in TEXT]
    parts = await asyncio.gather(*calls, fed.end())
    assert [segment for part in parts for segment in part] == prepared(seed=40)


async def test_a_flush_gives_what_there_is(fed: FedText) -> None:
    assert await fed.feed("Hold on, ") == []
    assert [segment.text for segment in await fed.feed("please", flush=True)] == [
        "Hold on, please."
    ]
    assert [segment.text for segment in await fed.feed("Go on.") + await fed.end()] == ["Go on."]


@pytest.mark.parametrize(
    "bad",
    [
        # Its prompt is refused, its text, its length.
        "Zwei für drei, eine ganze Menge. And more that is long enough by itself.",
        "<|nobody|> may say this. And more of it here.",
        "x" * 1001,
    ],
)
async def test_a_refused_piece_leaves_what_came_before_whole(fed: FedText, bad: str) -> None:
    found = await fed.feed(TEXT[:70])
    for _ in range(2):
        with pytest.raises(TextError):
            await fed.feed(bad)
    found += await fed.feed(TEXT[70:])
    assert found + await fed.end() == prepared(seed=40)


async def test_a_refused_end_may_be_tried_again(fed: FedText) -> None:
    with pytest.raises(TextError, match="nothing to speak"):
        await fed.end()
    await fed.feed(TEXT)
    assert await fed.end()


async def test_after_the_end_nothing_more_is_taken(fed: FedText) -> None:
    await fed.feed(TEXT)
    await fed.end()
    for more in (fed.feed("More."), fed.feed(""), fed.end()):
        with pytest.raises(InputError, match="text has ended; open another"):
            await more
