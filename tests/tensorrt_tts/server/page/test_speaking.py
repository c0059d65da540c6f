"""The test page in a real browser, its loudspeaker recorded sample by sample."""

import base64

import numpy as np
import pytest

from tests.support.backend_double import Behaviour
from tests.support.chromium import Page
from tests.support.codec_conformance import assert_same
from tests.support.server_thread import ServerThread
from tests.support.speech_page import (
    FRAMES,
    NEEDS_CHROMIUM,
    REAL_TIME,
    TEXT,
    downloaded,
    text_of,
    write,
)

pytestmark = NEEDS_CHROMIUM

HEARD = """(() => { const pcm = new Int16Array(heard.map((x) => Math.round(x * 32768)));
let text = ""; for (const b of new Uint8Array(pcm.buffer)) text += String.fromCharCode(b);
return btoa(text); })()"""


async def test_hears_the_whole_utterance_without_a_gap(server: ServerThread, page: Page) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES)
    await page.value("document.getElementById('hold').value = '200'")
    await write(page, TEXT)
    await page.press("Enter", 13, modifiers=2)
    await page.until("heard.some((x) => x !== 0)")
    early = await page.value("heard.length")
    playing = f"parseFloat({text_of('position')}) > 1 && {text_of('status')} === 'Speaking'"
    await page.until(playing)
    assert await page.value("heard.length") > early
    await page.until(f"{text_of('status')} === 'Done'")
    assert int(await page.value(text_of("first"))) > 0
    assert 0 < float(await page.value(text_of("factor"))) < 5
    assert await page.value(text_of("position")) == "3.4 s of 3.4 s"
    heard = np.frombuffer(base64.b64decode(await page.value(HEARD)), "<i2")
    sound = heard[np.flatnonzero(heard)[0] : np.flatnonzero(heard)[-1] + 1]
    assert await page.value(text_of("underruns")) == "0"
    expected = await downloaded(page)
    assert_same(sound, expected[: len(sound)])
    assert not expected[len(sound) :].any()


async def test_keyboard_alone_stops_and_speaks_again(server: ServerThread, page: Page) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=2 * REAL_TIME)
    await write(page, "A long one.")
    await page.press("Tab", 9)  # voice
    await page.press("Tab", 9)  # buffer
    await page.press("Tab", 9)  # speak
    await page.press("Enter", 13)
    await page.until(f"{text_of('status')} === 'Speaking'")
    await page.press("Tab", 9)
    assert await page.value("document.activeElement.id") == "stop"
    await page.press("Enter", 13)
    await page.until(f"{text_of('status')} === 'Stopped'")
    assert await page.value("document.activeElement.id") == "speak"
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=2 * REAL_TIME)
    await page.press("Enter", 13)
    await page.until(f"{text_of('status')} === 'Done'")
    server.backend.behaviour = Behaviour(endless=True, rate=2 * REAL_TIME)
    await page.press("Enter", 13)
    await page.until(f"{text_of('status')} === 'Speaking'")
    await page.press("Escape", 27)
    await page.until(f"{text_of('status')} === 'Stopped'")
    quiet = await page.value("heard.length")
    await page.until(f"heard.length > {quiet} + 4800")
    assert await page.value("heard.slice(-1200).every((x) => x === 0)")


async def test_what_came_before_a_failure_is_played(server: ServerThread, page: Page) -> None:
    # Faster than it is played: most of what came is still queued when the stream fails.
    server.backend.behaviour = Behaviour(FRAMES, rate=4 * REAL_TIME, fail_at=7 * 20)
    await write(page, TEXT)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('problem')} !== ''")
    await page.until(f"{text_of('status')} === 'Not spoken to the end'")
    played, _, came = (await page.value(text_of("position"))).partition(" of ")
    assert played == came
    assert float(came.split()[0]) > 1.2  # of 20 frames: 1.7 s, less the codec's lookahead


async def test_gaps_are_counted_and_shown(server: ServerThread, page: Page) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=0.6 * REAL_TIME)
    await write(page, TEXT)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('status')} === 'Done'")
    assert int(await page.value(text_of("underruns"))) > 0
    assert int((await page.value(text_of("silence"))).split()[0]) > 300  # ms; 1.4 s are missing
    assert float(await page.value(text_of("factor"))) > 1.3


@pytest.mark.parametrize(
    ("focus", "modifiers", "repeats"),
    [("text", 2, 20), ("speak", 0, 20), ("speak", 2, 0)],  # the last also presses the button
)
async def test_one_press_speaks_once(
    server: ServerThread, page: Page, focus: str, modifiers: int, repeats: int
) -> None:
    server.backend.behaviour = Behaviour(frames=6)
    await page.value(
        "globalThis.asked = 0; document.getElementById('form').addEventListener('submit', "
        f"() => (asked += 1)); document.getElementById('{focus}').focus()"
    )
    await page.press("Enter", 13, modifiers, repeats)
    await page.until(f"{text_of('status')} === 'Done'")
    assert await page.value("asked") == 1


async def test_a_held_enter_still_writes_lines(page: Page) -> None:
    await write(page, TEXT)
    await page.press("Enter", 13, repeats=3)
    assert await page.value("document.getElementById('text').value") == TEXT + 4 * "\n"
