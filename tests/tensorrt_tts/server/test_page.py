"""The test page in a real browser, its loudspeaker recorded sample by sample."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import av
import numpy as np
import pytest
import pytest_asyncio

from benchmarks.null_codec import NullCodec
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import Behaviour
from tests.support.chromium import Page, chromium_page, find_chromium
from tests.support.codec_conformance import assert_same
from tests.support.server_thread import ServerThread, serving, wait_until
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


async def saved(page: Page, how: str = "") -> tuple[str, bytes]:
    """Name and content of what the page's own download gives. how: the format that is chosen."""
    name, content = await page.value(
        """new Promise((resolve) => {
          const original = HTMLAnchorElement.prototype.click;
          HTMLAnchorElement.prototype.click = async function () {
            HTMLAnchorElement.prototype.click = original;
            const reader = new FileReader();
            reader.onload = () => resolve([this.download, reader.result.split(",")[1]]);
            reader.readAsDataURL(await (await fetch(this.href)).blob());
          };
          const format = document.getElementById("format");
          format.value = "HOW" || format.value;
          format.dispatchEvent(new Event("change"));
          document.getElementById("download").click();
        })""".replace("HOW", how)
    )
    return name, base64.b64decode(content)


async def wav(page: Page) -> bytes:
    name, content = await saved(page)
    assert name == "speech.wav"
    return content


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


async def spoken(page: Page, text: str, until: str = "Done") -> None:
    await write(page, text)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('status')} === '{until}'")


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


def decode(content: bytes) -> np.ndarray:
    with av.open(io.BytesIO(content)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=24_000)
        frames = [*container.decode(audio=0), None]  # None: what the resampler still has
        parts = [part for frame in frames for part in resampler.resample(frame)]
    return np.concatenate([part.to_ndarray()[0] for part in parts])


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


PHONE = (360, 740)
SMALL = """[...document.querySelectorAll("button, select, textarea, input, a")].map((element) =>
  [element.id, element.getBoundingClientRect(), getComputedStyle(element)]).filter(
  ([, box, style]) => box.height < 44 || box.width < 44 || parseFloat(style.fontSize) < 16
).map(([id]) => id)"""
OVER = "document.documentElement.scrollWidth - innerWidth"


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


SEVERAL = """
const askServer = fetch;
globalThis.fetch = async (address, options) => {
  const response = await askServer(address, options);
  if (!String(address).endsWith("/v1/audio/voices")) return response;
  const about = await response.json();
  about.voices = [{ name: "heart", language: "en" },
    { name: "hf_alpha", language: "hi", friendly_name: "Asha" },
    { name: "hm_psi", language: "hi", friendly_name: "Kabir" }];
  return { ok: true, status: 200, json: async () => about };
};
"""
TEXT_VALUE = "document.querySelector('#text').value"


def chooses(voice: str) -> str:
    return (
        f"(() => {{ const list = document.querySelector('#voice'); list.value = '{voice}'; "
        "list.dispatchEvent(new Event('change')); })()"
    )


async def test_voices_of_several_languages_are_grouped_and_offer_a_sentence(
    server: ServerThread, tmp_path: Path
) -> None:
    async with chromium_page(tmp_path) as page:
        await page.open(f"http://127.0.0.1:{server.port}/test", SEVERAL)
        await page.until("document.querySelectorAll('#voice option').length === 3")
        groups = "[...document.querySelectorAll('#voice optgroup')].map((group) => [group.label, "
        groups += "...[...group.children].map((option) => option.textContent)].join()).join(';')"
        assert (
            await page.value(groups) == "English,heart (English);Hindi,Asha (Hindi),Kabir (Hindi)"
        )
        english = await page.value(TEXT_VALUE)
        await page.value(chooses("hm_psi"))
        hindi = await page.value(TEXT_VALUE)
        assert {ord(letter) >> 7 for letter in hindi if letter.isalpha()} == {0x0900 >> 7}
        await page.value(chooses("heart"))
        assert await page.value(TEXT_VALUE) == english
        await write(page, "My own words.")
        await page.value(chooses("hf_alpha"))
        assert await page.value(TEXT_VALUE) == "My own words."
        assert page.problems == []


async def test_voices_of_one_language_are_a_plain_list(page: Page) -> None:
    assert await page.value("document.querySelectorAll('#voice optgroup').length") == 0
