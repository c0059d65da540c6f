"""The test page in a browser: opened, written in, and what it gives to keep."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import av
import numpy as np
import pytest

from tests.support.backend_double import Behaviour
from tests.support.chromium import Page, chromium_page, find_chromium
from tests.support.server_thread import ServerThread

NEEDS_CHROMIUM = [
    pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)"),
    pytest.mark.timeout(300),
]
"""For `pytestmark`."""

FRAMES = 40
REAL_TIME = 82.03
TEXT = "Hello from the page."
PHONE = (360, 740)

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


async def spoken(page: Page, text: str, until: str = "Done") -> None:
    await write(page, text)
    await page.press("Enter", 13, modifiers=2)
    await page.until(f"{text_of('status')} === '{until}'")


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


def decode(content: bytes) -> np.ndarray:
    with av.open(io.BytesIO(content)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=24_000)
        frames = [*container.decode(audio=0), None]  # None: what the resampler still has
        parts = [part for frame in frames for part in resampler.resample(frame)]
    return np.concatenate([part.to_ndarray()[0] for part in parts])
