"""What the page gives to keep is what was heard."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tests.support.backend_double import Behaviour
from tests.support.chromium import Page
from tests.support.codec_conformance import assert_same
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_page import (
    FRAMES,
    NEEDS_CHROMIUM,
    TEXT,
    decode,
    downloaded,
    opened_page,
    saved,
    spoken,
    text_of,
    wav,
    write,
)

pytestmark = NEEDS_CHROMIUM

# Keeps the rates of the audio graphs that the page builds.
RATES = """
globalThis.rates = [];
globalThis.AudioContext = class extends AudioContext {
  constructor(options) { super(options); rates.push(options.sampleRate); }
};
"""


async def test_download_needs_audio(server: ServerThread, page: Page) -> None:
    disabled = "document.getElementById('download').disabled"
    server.backend.behaviour = Behaviour(frames=6)
    await write(page, TEXT)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('status')} === 'Done'")
    assert not await page.value(disabled)
    server.backend.behaviour = Behaviour(fail_at=1)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('problem')} !== ''")
    assert await page.value(disabled)


async def test_the_rate_is_the_servers(tmp_path: Path) -> None:
    """Of the sound, of what is shown and of what is kept: a codec of 16 kHz."""
    codec = NullCodec()
    codec.context = replace(codec.context, sample_rate=16_000)
    with serving(codec=codec) as server:
        async with opened_page(server, tmp_path, RATES) as page:
            await page.press("Enter", 13, modifiers=2)
            await page.until(f"{text_of('status')} === 'Done'")
            assert await page.value(text_of("position")) == "5.1 s of 5.1 s"
            assert await page.value("rates") == [16_000]
            assert int.from_bytes((await wav(page))[24:28], "little") == 16_000


@pytest.mark.parametrize(
    ("form", "begins"), [("flac", b"fLaC"), ("mp3", b""), ("opus", b"OggS"), ("aac", b"\xff\xf1")]
)
async def test_the_same_in_another_format(
    server: ServerThread, page: Page, form: str, begins: bytes
) -> None:
    await spoken(page, TEXT)
    heard = await downloaded(page)
    name, content = await saved(page, form)
    assert name == f"speech.{form}"
    assert content.startswith(begins)
    assert "once more" in await page.value(text_of("origin"))
    assert not await page.value("document.getElementById('download').disabled")
    samples = decode(content)
    assert len(samples) >= len(heard)
    if form == "flac":  # the noise of this codec is that of the seed
        assert_same(samples, heard)


async def test_a_format_that_cannot_be_had_now(server: ServerThread, page: Page) -> None:
    await spoken(page, TEXT)
    server.backend.behaviour = Behaviour(fail_at=1)
    await page.value("document.getElementById('format').value = 'mp3'")
    await page.value("document.getElementById('download').click()")
    await page.until(f"{text_of('problem')} !== ''")
    assert "refused this request" in await page.value(text_of("problem"))
    assert page.problems.pop()  # browsers log answers of 500 themselves
    await page.until("!document.getElementById('download').disabled")
    assert len((await saved(page, "wav"))[1]) == 44 + 2 * 2048 * FRAMES
