"""The test page in a real browser, its loudspeaker recorded sample by sample."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import pytest_asyncio

from benchmarks.null_codec import NullCodec
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import Behaviour
from tests.support.chromium import Page, chromium_page, find_chromium
from tests.support.codec_conformance import assert_same
from tests.support.server_thread import ServerThread, serving
from tests.support.tts_client import connected

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)"),
    pytest.mark.timeout(300),
]

FRAMES = 40
REAL_TIME = 82.03
TEXT = "Hello from the page."

# Taps what reaches the loudspeaker (the destination of the page's audio graph) into an array.
TAP = """
const recorder = `registerProcessor("tap", class extends AudioWorkletProcessor {
  process([[input]]) { if (input) this.port.postMessage(input.slice()); return true; } });`;
globalThis.heard = [];
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target === this.context.destination) {
    const url = URL.createObjectURL(new Blob([recorder], { type: "text/javascript" }));
    this.context.audioWorklet.addModule(url).then(() => {
      const tap = new AudioWorkletNode(this.context, "tap", { numberOfOutputs: 0 });
      tap.port.onmessage = ({ data }) => heard.push(...data);
      connect.call(this, tap);
    });
  }
  return connect.call(this, target, ...rest);
};
"""
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
# Keeps the rates of the audio graphs that the page builds.
RATES = """
globalThis.rates = [];
globalThis.AudioContext = class extends AudioContext {
  constructor(options) { super(options); rates.push(options.sampleRate); }
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
HEARD = """(() => { const pcm = new Int16Array(heard.map((x) => Math.round(x * 32768)));
let text = ""; for (const b of new Uint8Array(pcm.buffer)) text += String.fromCharCode(b);
return btoa(text); })()"""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    # A codec that takes no time: what is tested is the page, not how busy this machine is.
    with serving(codec=NullCodec()) as running:
        yield running


@pytest_asyncio.fixture
async def page(server: ServerThread, tmp_path: Path) -> AsyncIterator[Page]:
    async with opened_page(server, tmp_path, TAP) as page:
        yield page


@asynccontextmanager
async def opened_page(server: ServerThread, profile: Path, before: str) -> AsyncIterator[Page]:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=4 * REAL_TIME)
    prefix = quote(server.settings.root_path)
    async with chromium_page(profile) as page:
        await page.size(900, 760)
        await page.open(f"http://127.0.0.1:{server.port}{prefix}/test", before)
        await page.until("document.querySelectorAll('#voice option').length === 8")
        yield page
        assert page.problems == []


async def write(page: Page, text: str) -> None:
    await page.value("document.getElementById('text').focus()")
    await page.value("document.getElementById('text').select()")
    await page.type(text)


def text_of(name: str) -> str:
    return f"document.getElementById('{name}').textContent"


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


async def wav(page: Page) -> bytes:
    """What the page's own download holds."""
    coded = await page.value(
        """new Promise((resolve) => {
          const original = URL.createObjectURL;
          URL.createObjectURL = (blob) => {
            URL.createObjectURL = original;
            const reader = new FileReader();
            reader.onload = () => resolve(reader.result.split(",")[1]);
            reader.readAsDataURL(blob);
            return original.call(URL, blob);
          };
          document.getElementById("download").click();
        })"""
    )
    return base64.b64decode(coded)


async def downloaded(page: Page) -> np.ndarray:
    data = await wav(page)
    assert data[:4] == b"RIFF"
    assert len(data) == 44 + 2 * 2048 * FRAMES
    return np.frombuffer(data[44:], "<i2")


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
