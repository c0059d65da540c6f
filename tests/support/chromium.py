"""Headless Chromium over its DevTools protocol: one page, real key presses and clicks."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class NavigatedError(AssertionError):
    """The page went elsewhere before it could answer."""


class Page:
    """One tab. Every wait polls: the protocol's events are not kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.problems: list[str] = []  # exceptions and console errors, as text

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        wanted = next(self._ids)
        await self._socket.send(json.dumps({"id": wanted, "method": method, "params": params}))
        while True:
            message = json.loads(await self._socket.recv())
            if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.problems.append(json.dumps(message["params"]))
            if message.get("id") == wanted:
                if "navigated" in message.get("error", {}).get("message", ""):
                    raise NavigatedError
                assert "error" not in message, message
                return dict(message["result"])

    async def open(self, url: str, before: str = "") -> None:
        """before: script that runs ahead of the page's own."""
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def value(self, expression: str) -> Any:
        result = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, expression: str, timeout_s: float = 60.0) -> None:
        async with asyncio.timeout(timeout_s):
            while True:
                with contextlib.suppress(NavigatedError):  # asked while the page was being left
                    if await self.value(expression):
                        return
                await asyncio.sleep(0.03)

    async def type(self, text: str) -> None:
        """Into whatever has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, code: int, modifiers: int = 0, repeats: int = 0) -> None:
        """modifiers: 2 is Ctrl, 8 is Shift. repeats: as the keyboard sends while a key is held."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        text = {"text": "\r"} if key == "Enter" else {}
        for count in range(1 + repeats):
            await self.call(
                "Input.dispatchKeyEvent", type="keyDown", autoRepeat=count > 0, **common, **text
            )
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def tap(self, name: str) -> None:
        """A finger on the element of that id; for a page whose `size` is a phone's."""
        middle = f"""(() => {{ const element = document.getElementById("{name}");
            element.scrollIntoView({{ block: "nearest" }});
            const box = element.getBoundingClientRect();
            return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()"""
        point = await self.value(middle)
        await self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
        await self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def size(self, width: int, height: int, mobile: bool = False) -> None:
        """mobile: a phone's screen, and fingers."""
        await self.call("Emulation.setTouchEmulationEnabled", enabled=mobile)
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2,
            mobile=mobile,
        )

    async def dark(self, on: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def screenshot(self, path: Path) -> None:
        result = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(result["data"]))


@asynccontextmanager
async def chromium_page(profile: Path) -> AsyncIterator[Page]:
    """profile: an empty folder for the browser's own files."""
    browser = _launch(profile)
    try:
        url = await asyncio.to_thread(_page_url, profile)
        async with connect(url, max_size=None, proxy=None) as socket:
            yield Page(socket)
    finally:
        browser.terminate()
        try:
            await asyncio.to_thread(browser.wait, 20)
        except subprocess.TimeoutExpired:  # a busy machine: no fault of what is tested
            browser.kill()
            browser.wait()


def _launch(profile: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            str(find_chromium()),
            "--headless=new",
            "--no-sandbox",  # as root in containers
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _page_url(profile: Path) -> str:
    """Of the tab's DevTools socket. Waits for the browser to write its port down."""
    written = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while not written.is_file() or "\n" not in written.read_text():
        assert time.monotonic() < deadline, "chromium did not start"
        time.sleep(0.05)
    port = int(written.read_text().splitlines()[0])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=30) as reply:
        targets = json.load(reply)
    return next(str(t["webSocketDebuggerUrl"]) for t in targets if t["type"] == "page")
