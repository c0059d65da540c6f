"""`make serve`, then the page: the voice that ships, heard in a real browser. Slow: it loads it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tensorrt_tts.checkpoint_folder import demo_folder
from tests.support.chromium import Page, chromium_page, find_chromium
from tests.support.codec_conformance import assert_same
from tests.support.server_thread import wait_until
from tests.support.speech_page import PHONE, decode, saved, text_of, wav

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)"),
    pytest.mark.skipif(not demo_folder("lm").is_dir(), reason="needs the demo voice's weights"),
]

SCREENSHOTS = os.environ.get("TTS_SCREENSHOTS")
"""A folder: the pictures in docs/server come from here."""

SENTENCE = "The rain had stopped before the children came home from school."


async def shot(page: Page, name: str) -> None:
    if SCREENSHOTS:
        await page.screenshot(Path(SCREENSHOTS) / f"{name}.png")


def _server(log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "tensorrt_tts.server", "--port", "0"),
                *("--slots", "2", "--measure-s", "0"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )


async def test_the_demo_voice_is_heard_and_can_be_stopped(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    server = _server(log)
    try:
        wait_until(lambda: "speaking at " in log.read_text() or server.poll() is not None, 300)
        assert server.poll() is None, log.read_text()
        address = log.read_text().split("speaking at ")[1].split()[0]
        await _use(address, tmp_path)
        server.terminate()
        assert server.wait(60) == 0
    finally:
        server.kill()


async def _use(address: str, tmp_path: Path) -> None:
    status, position = text_of("status"), f"parseFloat({text_of('position')})"
    async with chromium_page(tmp_path / "profile") as page:
        await page.size(900, 760)
        await page.open(address)
        await page.until("document.querySelectorAll('#voice option').length > 0")
        await page.value("document.getElementById('text').focus()")
        await page.value("document.getElementById('text').select()")
        await page.type(SENTENCE)
        await page.press("Enter", 13, modifiers=2)
        await page.until(f"{position} > 1.5 && {text_of('now')} !== ''", 300)
        await shot(page, "page-speaking")
        await page.until(f"{status} === 'Done'", 300)
        length = await page.value(text_of("position"))
        assert 2.0 < float(length.split()[0]) < 15.0
        assert await page.value(text_of("said")) == SENTENCE
        assert "attention" in await page.value(text_of("timing"))
        heard = np.frombuffer((await wav(page))[44:], "<i2")
        _, again = await saved(page, "flac")
        assert_same(decode(again), heard)
        await saved(page, "wav")
        await page.dark(True)
        await shot(page, "page-dark")
        await page.dark(False)
        await page.size(*PHONE, mobile=True)
        await page.tap("speak")
        await page.until(f"{position} > 1.5 && {status} === 'Speaking'", 300)
        await page.tap("stop")
        await page.until(f"{text_of('heard')}.startsWith('after “The rain')", 30)
        await shot(page, "page-phone")
        assert page.problems == []
