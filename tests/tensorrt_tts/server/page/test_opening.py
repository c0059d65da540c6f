"""How the page gets its socket and its sound, and what it says where it gets none."""

from pathlib import Path

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import Behaviour
from tests.support.chromium import Page, chromium_page
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_page import (
    FRAMES,
    NEEDS_CHROMIUM,
    REAL_TIME,
    TAP,
    TEXT,
    opened_page,
    text_of,
    write,
)
from tests.support.tts_client import connected

pytestmark = NEEDS_CHROMIUM

# Counts what the page opens; the handshake takes 0.2 s, as on a mobile network.
COUNTED = """
globalThis.opened = { sockets: 0, contexts: 0 };
globalThis.WebSocket = class extends WebSocket {
  #since = performance.now();
  constructor(url) { super(url); opened.sockets += 1; }
  get #shaking() { return performance.now() - this.#since < 200; }
  get readyState() { return super.readyState === 1 && this.#shaking ? 0 : super.readyState; }
  set onopen(handler) { super.onopen = () => setTimeout(handler, 210); }
  send(data) { if (this.#shaking) throw new Error("sent while connecting"); super.send(data); }
};
globalThis.AudioContext = class extends AudioContext {
  constructor(options) { super(options); opened.contexts += 1; }
};
"""
# A browser that may not play never says so; its five seconds pass in 50 ms here.
MUTE = """
AudioContext.prototype.resume = () => new Promise(() => {});
const wait = setTimeout;
globalThis.setTimeout = (handler, ms) => wait(handler, ms / 100);
"""
# No socket opens; whoever asks why over HTTP gets the answer that a test puts in.
REFUSED = """
globalThis.WebSocket = class extends WebSocket { constructor() { super("ws://127.0.0.1:1/"); } };
const ask = fetch;
globalThis.fetch = (address) => String(address).endsWith("/ws/tts") ? ANSWER : ask(address);
"""


@pytest.mark.parametrize("prefix", ["/speech/my%20voice", "/test", "/ws/tts"])
async def test_speaks_below_a_prefix(tmp_path: Path, prefix: str) -> None:
    with serving(codec=NullCodec(), root_path=prefix) as server:
        async with opened_page(server, tmp_path, TAP) as page:
            await page.press("Enter", 13, modifiers=2)
            await page.until(f"{text_of('status')} === 'Done'")
            assert await page.value("location.pathname") == f"{prefix}/test/"
            await page.until("heard.some((x) => x !== 0)")


async def test_speak_twice_while_everything_is_still_opening(
    server: ServerThread, tmp_path: Path
) -> None:
    """The second one is heard, whole; the first one is not asked for."""
    async with opened_page(server, tmp_path, COUNTED) as page:
        begun = len(server.backend.started)
        await page.press("a", 65)  # browsers play nothing before a key or a click
        await page.value(
            """{ const form = document.getElementById("form"); form.requestSubmit();
            setTimeout(() => { document.getElementById("text").value = "The second one.";
              form.requestSubmit(); }, 100); }"""
        )
        await page.until(f"{text_of('status')} === 'Done'")
        assert await page.value(text_of("position")) == "3.4 s of 3.4 s"
        assert await page.value("opened") == {"sockets": 1, "contexts": 1}
        assert len(server.backend.started) == begun + 1


async def test_shows_an_error_that_names_no_request(page: Page) -> None:
    """Half a character makes the message unreadable, its id too."""
    await write(page, TEXT)
    await page.value("document.getElementById('text').value = 'Half \\ud83d'")
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('problem')} !== ''")
    assert "not JSON" in await page.value(text_of("problem"))
    assert await page.value(text_of("status")) == "Not spoken to the end"


async def test_says_that_the_browser_does_not_play(server: ServerThread, tmp_path: Path) -> None:
    begun = len(server.backend.started)
    async with opened_page(server, tmp_path, MUTE) as page:
        await page.press("a", 65)
        await page.value("document.getElementById('form').requestSubmit()")
        await page.until(f"{text_of('problem')} !== ''")
        assert "Allow sound for this page" in await page.value(text_of("problem"))
        assert await page.value("document.getElementById('stop').disabled")
    assert len(server.backend.started) == begun


async def refusal(server: ServerThread, profile: Path, before: str = "") -> str:
    """What the page says when it gets no socket."""
    async with chromium_page(profile) as page:
        await page.open(f"http://127.0.0.1:{server.port}/test", before)
        await page.until("document.querySelectorAll('#voice option').length === 8")
        await page.press("a", 65)
        await page.value("document.getElementById('form').requestSubmit()")
        await page.until(f"{text_of('problem')} !== ''")
        assert await page.value(text_of("status")) == "Not spoken to the end"
        assert not await page.value("document.getElementById('speak').disabled")
        return str(await page.value(text_of("problem")))


async def test_says_why_the_server_takes_no_more(tmp_path: Path) -> None:
    with serving(max_sockets=1) as full:
        async with connected(full.url):
            assert "1 sockets are open" in await refusal(full, tmp_path)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            'new Response("<html>", { status: 404 })',
            "No speech server answers at http://127.0.0.1:",
        ),
        ('new Response("", { status: 200 })', "(HTTP 200). Check the path and the proxy."),
        ('new Response("<html>", { status: 502 })', "takes no listeners now (HTTP 502)."),
        ('new Response("{}", { status: 503 })', "takes no listeners now (HTTP 503)."),
        ("Promise.reject(new TypeError())", "The server cannot be reached."),
    ],
)
async def test_says_why_no_socket_opens(
    server: ServerThread, tmp_path: Path, answer: str, says: str
) -> None:
    assert says in await refusal(server, tmp_path, REFUSED.replace("ANSWER", answer))


# In the page: a WebSocket that does what the test says, so that an old one can close late.
LATE_CLOSE = """(async () => {
  const { SpeechSocket } = await import("./speech-socket.js");
  const made = [];
  globalThis.WebSocket = class { static OPEN = 1; readyState = 0; sent = [];
    constructor() { made.push(this); }
    send(data) { this.sent.push(JSON.parse(data)); } };
  const said = [];
  const handler = (name) => ({ failed: (text) => said.push([name, text]), done: () => {} });
  const socket = new SpeechSocket("ws://x/");
  const open = async () => { const ready = socket.open();
    made.at(-1).readyState = 1; made.at(-1).onopen(); await ready; };
  await open();
  const first = socket.speak({}, handler("first"));
  made[0].readyState = 2;
  await open();
  socket.speak({}, handler("second"));
  socket.cancel(first);
  made[0].onclose({ code: 1012, reason: "draining" });
  return [said, made.map((each) => each.sent)];
})()"""


async def test_a_closed_socket_fails_its_own_requests_only(page: Page) -> None:
    said, sent = await page.value(LATE_CLOSE)
    assert said == [["first", "The server closed the connection (draining). Try again."]]
    assert sent == [[{"id": "1"}], [{"id": "2"}]]


KEYS = f"alice:{digest(b'tts_A-b_1')}"


async def test_a_key_behind_the_address(tmp_path: Path) -> None:
    with serving(codec=NullCodec(), api_keys=KEYS) as server:
        server.backend.behaviour = Behaviour(frames=FRAMES, rate=4 * REAL_TIME)
        async with chromium_page(tmp_path) as page:
            await page.open(f"http://127.0.0.1:{server.port}/test#key=tts_A-b_1")
            await page.until("document.querySelectorAll('#voice option').length === 8")
            await page.type(TEXT)
            await page.press("Enter", 13, modifiers=2)
            await page.until("!document.querySelector('#download').disabled")
            assert page.problems == []


@pytest.mark.parametrize(
    ("end", "says"), [("", "asks for an API key"), ("#key=wrong", "does not know the key")]
)
async def test_a_key_that_is_missing(tmp_path: Path, end: str, says: str) -> None:
    with serving(codec=NullCodec(), api_keys=KEYS) as server:
        async with chromium_page(tmp_path) as page:
            await page.open(f"http://127.0.0.1:{server.port}/test/{end}")
            await page.until("document.querySelector('#problem').textContent !== ''")
            problem = await page.value("document.querySelector('#problem').textContent")
            assert says in problem
            await page.value("location.hash = 'key=tts_A-b_1'")
            await page.until("document.querySelectorAll('#voice option').length === 8")
