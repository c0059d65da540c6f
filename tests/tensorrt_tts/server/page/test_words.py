"""The page lights up words as they are heard, and says which had been."""

import asyncio
from pathlib import Path

import pytest

from tests.support.backend_double import Behaviour
from tests.support.chromium import Page
from tests.support.server_thread import ServerThread, wait_until
from tests.support.speech_page import (
    NEEDS_CHROMIUM,
    TEXT,
    opened_page,
    spoken,
    text_of,
    write,
)

pytestmark = NEEDS_CHROMIUM

# Words as they came, and which one lit up when, by the position that the page shows.
WATCHED = """
globalThis.words = [];
globalThis.lit = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string") words.push(...(JSON.parse(data).words ?? []));
    });
  }
};
addEventListener("DOMContentLoaded", () => {
  const text = (id) => document.getElementById(id).textContent;
  new MutationObserver(() => lit.push([text("now"), parseFloat(text("position"))]))
    .observe(document.getElementById("now"), { childList: true });
});
"""
LONG = "One two three four five six seven eight nine ten."
LATE = "Object.defineProperty(AudioContext.prototype, 'outputLatency', { get: () => %s });"


@pytest.mark.parametrize("late_s", [0.0, 0.5])
async def test_words_light_up_as_they_are_heard(
    server: ServerThread, tmp_path: Path, late_s: float
) -> None:
    """By the clock of the loudspeaker, which lags behind what was played: wireless ones by much."""
    async with opened_page(server, tmp_path, WATCHED + LATE % late_s) as page:
        await spoken(page, LONG)
        words = {word["text"]: word for word in await page.value("words")}
        assert list(words) == LONG.split()
        lit = [(word, at) for word, at in await page.value("lit") if word]
        assert len(lit) >= 5  # a busy browser looks at its clock less often
        assert [word for word, _ in lit] == [word for word in words if word in dict(lit)]
        for word, at in lit:  # which is shown in tenths of a second
            at -= late_s
            assert words[word]["start_s"] - 0.06 <= at <= words[word]["end_s"] + 0.06, word
        assert [await page.value(text_of(part)) for part in ("said", "now", "ahead")] == [
            LONG,
            "",
            "",
        ]
        assert "estimated" in await page.value(text_of("timing"))


async def test_every_character_stays_in_its_place(server: ServerThread, page: Page) -> None:
    text = "Hello \U0001f600  **dear** world, 3 pm."
    await spoken(page, text, "Speaking")
    shown = " + ".join(text_of(part) for part in ("said", "now", "ahead"))
    await page.value(
        f"globalThis.shown = new Set(); new MutationObserver(() => shown.add({shown})).observe("
        "document.getElementById('script'), { childList: true, subtree: true })"
    )
    await page.until(f"{text_of('status')} === 'Done'")
    assert await page.value("[...shown]") == [text]
    assert await page.value(text_of("said")) == text


async def test_says_what_had_been_heard(server: ServerThread, tmp_path: Path) -> None:
    async with opened_page(server, tmp_path, WATCHED) as page:
        await spoken(page, LONG, "Speaking")
        await page.until(f"parseFloat({text_of('position')}) > 1.5 && words.length === 10")
        await page.press("Escape", 27)
        await page.until(f"{text_of('heard')} !== ''")
        at = float((await page.value(text_of("position"))).split()[0])
        middles = [(word["start_s"] + word["end_s"]) / 2 for word in await page.value("words")]
        possible = {
            f"after “{' '.join(LONG.split()[: sum(middle <= at + off for middle in middles)])}”"
            for off in (-0.15, -0.1, -0.05, 0.0, 0.05)
        }
        assert await page.value(text_of("heard")) in possible
        assert await page.value(text_of("status")) == "Stopped"


async def test_says_that_nothing_was_heard(server: ServerThread, page: Page) -> None:
    server.backend.behaviour = Behaviour(hang_at=1)
    begun = len(server.backend.started)
    await write(page, LONG)
    await page.press("Enter", 13, modifiers=2)
    await asyncio.to_thread(wait_until, lambda: len(server.backend.started) > begun)
    await page.press("Escape", 27)
    await page.until(f"{text_of('heard')} === 'before a word was heard'")


async def test_stopped_words_do_not_reach_the_next_speech(server: ServerThread, page: Page) -> None:
    await spoken(page, LONG, "Speaking")
    await spoken(page, TEXT)
    assert await page.value(text_of("said")) == TEXT
    assert await page.value(text_of("heard")) == ""


# Words at 0 to 1 s and 1 to 3 s; [what is before, is, and comes after] and what was heard.
SCRIPT = r"""(async () => {
  const { Script } = await import("./script.js");
  const script = new Script("\u{1f600} Well,\n\nthen go!");
  const told = [[0, "Well"], [0.6, "Well, then"], [9, "Well"], [9, "Well, then go!"]];
  const before = [script.at(1), script.heard(1), script.heard(1, "Well, then"), script.estimated];
  script.add([{ begin: 2, end: 7, start_s: 0, end_s: 1, estimated: false }]);
  script.add([{ begin: 9, end: 13, start_s: 1, end_s: 3, estimated: true }]);
  const at = [-1, 0.5, 1, 2.9, 3, Infinity].map((s) => script.at(s));
  return [before, at, told.map((each) => script.heard(...each)), script.estimated];
})()"""


async def test_the_text_by_what_was_heard_of_it(page: Page) -> None:
    before, at, told, estimated = await page.value(SCRIPT)
    text = "\U0001f600 Well,\n\nthen go!"
    assert before == [["", "", text], "", "Well, then", None]
    assert at == [
        ["", "", text],
        ["\U0001f600 ", "Well,", "\n\nthen go!"],
        ["\U0001f600 Well,\n\n", "then", " go!"],
        ["\U0001f600 Well,\n\n", "then", " go!"],
        ["\U0001f600 Well,\n\nthen", "", " go!"],
        ["\U0001f600 Well,\n\nthen", "", " go!"],
    ]
    # The server is not asked where a word is known that comes later.
    assert told == ["", "Well,", "Well, then", "Well, then go!"]
    assert estimated is True
