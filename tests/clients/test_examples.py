"""Every file in examples/ against a real server, as its own words say to run it."""

from __future__ import annotations

import asyncio
import http.server
import importlib.util
import itertools
import os
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.api_keys import digest
from tests.clients.conftest import SENTENCE_SAMPLES, SHORT, SPEAKING
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.chromium import chromium_page, find_chromium
from tests.support.server_thread import ServerThread, serving, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = SENTENCE_SAMPLES / 24_000
TESTED = {
    *("browser.html", "curl.sh", "livekit_agent.py", "openai_sdk.py", "pipecat_bot.py"),
    *("python_client.py", "python_client_async.py"),
}


def needs(package: str) -> pytest.MarkDecorator:
    parent = importlib.util.find_spec(package.partition(".")[0])
    found = parent is not None and importlib.util.find_spec(package) is not None
    return pytest.mark.skipif(not found, reason=f"needs {package}: make test-clients")


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = str(EXAMPLES / name)
    command = [path] if name.endswith(".sh") else [sys.executable, path]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, **environment},
    )


def samples(path: Path) -> int:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        return file.getnframes()


def test_all_of_them_are_tested_and_short() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == TESTED
    for name in TESTED:
        assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 66, name


def test_python_client(server: ServerThread, tmp_path: Path) -> None:
    output = tmp_path / "speech.wav"
    done = run("python_client.py", "Good morning!", "--url", server.url, "--output", str(output))
    assert done.stderr == ""
    *words, last = done.stdout.splitlines()
    assert [line.split()[-1] for line in words] == ["Good", "morning!"]
    assert last == f"{output}: {SECONDS:.2f} s, completed"
    assert samples(output) == SENTENCE_SAMPLES


def test_python_client_is_told_what_is_wrong(server: ServerThread, tmp_path: Path) -> None:
    output = str(tmp_path / "speech.wav")
    more = ("--url", server.url, "--output", output)
    done = run("python_client.py", "Good morning!", "--voice", "bob", *more)
    assert done.returncode == 1
    assert done.stderr.startswith("UnknownVoiceError: the server says unknown_voice: voice 'bob'")


def test_python_client_async(server: ServerThread) -> None:
    done = run("python_client_async.py", "One two.", "Three four.", "--url", server.url)
    assert done.stderr == ""
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == [
        f"completed after {SECONDS:.2f} s"
    ] * 2


def test_python_client_async_interrupts(server: ServerThread) -> None:
    server.backend.behaviour = SPEAKING
    more = ("--url", server.url, "--interrupt-after", "0.3")
    done = run("python_client_async.py", "This never ends.", *more)
    assert done.stderr == ""
    assert done.stdout.startswith("cancelled after ")
    wait_until(lambda: server.service.slots.active == 0)


@needs("openai")
def test_openai_sdk(server: ServerThread, tmp_path: Path) -> None:
    output = tmp_path / "speech.mp3"
    address = f"http://127.0.0.1:{server.port}/v1"
    done = run("openai_sdk.py", "Good!", "--base-url", address, "--output", str(output))
    assert decoded(output)[1] == "mp3"
    assert done.stdout.startswith(f"{output}: {output.stat().st_size} bytes in ")


@needs("pipecat.services.cartesia")
def test_pipecat_bot(server: ServerThread, tmp_path: Path) -> None:
    output = tmp_path / "speech.wav"
    address = f"ws://127.0.0.1:{server.port}/tts/websocket"
    done = run("pipecat_bot.py", "Good morning!", "--url", address, "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert "".join(done.stdout.split()) == "Goodmorning!"
    assert samples(output) >= SENTENCE_SAMPLES


@needs("livekit.plugins.cartesia")
def test_livekit_agent(server: ServerThread, tmp_path: Path) -> None:
    output = tmp_path / "speech.wav"
    address = f"http://127.0.0.1:{server.port}"
    done = run("livekit_agent.py", "Good morning!", "--url", address, "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert samples(output) >= SENTENCE_SAMPLES


@pytest.mark.parametrize("text", ["Good morning!", 'He said "hi" \\ twice.\nAnd\tleft.'])
def test_curl(server: ServerThread, tmp_path: Path, text: str) -> None:
    url = f"http://127.0.0.1:{server.port}"
    output = tmp_path / "speech.flac"
    with output.open("wb") as file:
        asked = [str(EXAMPLES / "curl.sh"), text, "flac"]
        environment = {**os.environ, "TTS_URL": url, "TTS_VOICE": "leo"}
        subprocess.run(asked, stdout=file, env=environment, check=True, timeout=240)
    assert decoded(output)[1] == "flac"
    assert len(decoded(output)[3]) >= SENTENCE_SAMPLES


def test_curl_ends_with_its_own_error(server: ServerThread) -> None:
    done = run("curl.sh", "Hi.", TTS_URL=f"http://127.0.0.1:{server.port}", TTS_VOICE="bob")
    assert (done.returncode, done.stdout) == (22, "")
    assert "400" in done.stderr
    assert "examples/curl.sh TEXT" in run("curl.sh").stderr


def test_a_key_from_the_environment(tmp_path: Path) -> None:
    backend = BackendDouble(behaviour=SHORT)
    with serving(backend, NullCodec(), api_keys=f"alice:{digest(b'tts_A')}") as server:
        url, key = f"http://127.0.0.1:{server.port}", {"TTS_API_KEY": "tts_A"}
        assert run("curl.sh", "Hi.", TTS_URL=url).returncode == 22
        command = [str(EXAMPLES / "curl.sh"), "Hi.", "pcm"]
        environment = {**os.environ, "TTS_URL": url, **key}
        pcm = subprocess.run(command, capture_output=True, env=environment, check=True).stdout
        assert len(pcm) == 2 * SENTENCE_SAMPLES
        for name in ("python_client.py", "python_client_async.py"):
            more = ("--output", f"{tmp_path}/x.wav") if name == "python_client.py" else ()
            assert run(name, "Hi.", "--url", server.url, *more).returncode != 0
            assert run(name, "Hi.", "--url", server.url, *more, **key).returncode == 0


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """The address of a web server of them."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


PLAYED = """
    window.played = [];
    const { start } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function (at) {
        played.push([at, this.buffer.duration]);
        return start.call(this, at);
    };
"""
"""What the page plays: when, and for how long, in seconds."""


@pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)")
async def test_browser(tmp_path: Path) -> None:
    said = "document.querySelector('p').textContent"
    whole = f"{said} === 'Good morning! ({SECONDS:.2f} s)'"
    with files(EXAMPLES) as site:
        backend = BackendDouble(behaviour=SHORT)
        with serving(backend, NullCodec(), slots=1, allowed_origins=site) as server:
            async with chromium_page(tmp_path) as page:
                address = f"{site}/browser.html?server=http://127.0.0.1:{server.port}"
                await page.open(address, before=PLAYED)
                await page.value("document.querySelector('button').focus()")
                await page.press("Enter", 13)
                await page.until(whole)
                played = await page.value("played")
                assert sum(seconds for _, seconds in played) == pytest.approx(SECONDS, abs=0.001)
                for (begun, seconds), (next_begun, _) in itertools.pairwise(played):
                    assert next_begun >= begun + seconds - 1e-6
                backend.behaviour = Behaviour(endless=True, rate=300)
                await page.press("Enter", 13)
                await asyncio.to_thread(wait_until, lambda: server.service.slots.active == 1)
                backend.behaviour = SHORT
                await page.press("Enter", 13)  # the one before falls silent
                await page.until(whole)
                assert page.problems == []
            server.assert_as_before()
