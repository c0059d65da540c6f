"""The page on a phone, to fingers and to who does not see it."""

import asyncio
from pathlib import Path

import pytest

from tests.support.backend_double import Behaviour
from tests.support.chromium import Page
from tests.support.server_thread import ServerThread, wait_until
from tests.support.speech_page import (
    FRAMES,
    NEEDS_CHROMIUM,
    PHONE,
    REAL_TIME,
    TEXT,
    opened_page,
    text_of,
    write,
)

pytestmark = NEEDS_CHROMIUM

SMALL = """[...document.querySelectorAll("button, select, textarea, input, a")].map((element) =>
  [element.id, element.getBoundingClientRect(), getComputedStyle(element)]).filter(
  ([, box, style]) => box.height < 44 || box.width < 44 || parseFloat(style.fontSize) < 16
).map(([id]) => id)"""
OVER = "document.documentElement.scrollWidth - innerWidth"


async def test_says_what_is_wrong(server: ServerThread, page: Page) -> None:
    server.backend.behaviour = Behaviour(fail_at=30)
    await page.size(390, 844, mobile=True)
    await write(page, TEXT)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('problem')} !== ''")
    assert "refused this request" in await page.value(text_of("problem"))
    assert await page.value("document.documentElement.scrollWidth") == 390
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=2 * REAL_TIME)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('status')} === 'Done'")
    assert await page.value(text_of("problem")) == ""


async def test_one_polite_status_and_one_alert_are_read_out(page: Page) -> None:
    await page.call("Accessibility.enable")
    tree = await page.call("Accessibility.getFullAXTree")
    loud = [
        (node["role"]["value"], about["value"]["value"])
        for node in tree["nodes"]
        for about in node.get("properties", [])
        if about["name"] == "live" and about["value"]["value"] != "off"
    ]
    assert sorted(loud) == [("alert", "assertive"), ("status", "polite")]


async def test_a_phone_and_its_fingers(server: ServerThread, page: Page) -> None:
    await page.size(*PHONE, mobile=True)
    assert await page.value(SMALL) == []
    await write(page, f"Hello, {'nobreak' * 20}.")
    await page.tap("speak")
    await page.until(f"{text_of('status')} === 'Speaking'")
    assert await page.value(OVER) == 0
    in_sight = "document.getElementById('position').getBoundingClientRect().bottom <= innerHeight"
    assert await page.value(in_sight)
    await page.tap("stop")
    await page.until(f"{text_of('heard')} !== ''")
    assert await page.value(OVER) == 0
    assert not await page.value(text_of("problem"))
    server.backend.behaviour = Behaviour(fail_at=1)
    await page.tap("speak")
    await page.until(f"{text_of('problem')} !== ''")
    assert await page.value(OVER) == 0


@pytest.mark.parametrize("width", [320, 412, 641, 768])
async def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    await page.size(width, 740, mobile=True)
    assert await page.value(OVER) == 0
    assert await page.value(SMALL) == []


# Whether the sound was asked for in the turn of the tap: what comes later, iOS leaves silent.
UNLOCKED = """
globalThis.turns = [];
let tapped = false;
addEventListener("click", () => { tapped = true; setTimeout(() => (tapped = false)); }, true);
globalThis.AudioContext = class extends AudioContext {
  constructor(options) { super(options); globalThis.graph = this; turns.push(["made", tapped]); }
  resume() { turns.push(["resumed", tapped]); return super.resume(); }
};
"""


async def test_a_tap_unlocks_the_sound(server: ServerThread, tmp_path: Path) -> None:
    async with opened_page(server, tmp_path, UNLOCKED) as page:
        await page.size(*PHONE, mobile=True)
        await page.until(f"{text_of('count')} !== ''")
        await page.tap("speak")
        await page.until(f"{text_of('status')} === 'Done'")
        assert await page.value("turns") == [["made", True], ["resumed", True]]


async def test_goes_on_after_an_interruption(server: ServerThread, tmp_path: Path) -> None:
    """A call, or a page in the background: the sound stops and so do the words, nothing is lost."""
    async with opened_page(server, tmp_path, UNLOCKED) as page:
        await page.size(*PHONE, mobile=True)
        await page.tap("speak")
        await page.until(f"parseFloat({text_of('position')}) > 0.5")
        await page.value("graph.suspend()")
        await page.until(f"{text_of('status')}.includes('paused the sound')")
        at = await page.value(text_of("position"))
        await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 0)
        assert await page.value(text_of("position")) == at  # while the rest of it came
        await page.tap("waveform")
        await page.until(f"{text_of('status')} === 'Done'")
        assert await page.value(text_of("position")) == "3.4 s of 3.4 s"
        assert await page.value(text_of("underruns")) == "0"


async def test_every_control_has_a_name(page: Page) -> None:
    await page.call("Accessibility.enable")
    tree = await page.call("Accessibility.getFullAXTree")
    named = {
        node["role"]["value"]: {
            each["name"]["value"]
            for each in tree["nodes"]
            if not each["ignored"] and each["role"]["value"] == node["role"]["value"]
        }
        for node in tree["nodes"]
        if not node["ignored"]
    }
    assert named["button"] == {"Speak", "Stop", "Download"}
    assert named["combobox"] == {"Voice", "Buffer", "Format"}
    assert named["textbox"] == {"Text"}
