"""A second family goes through everything that the first one does: another grammar, a condition for
the codec, another rate and frame. Nothing outside a family or a codec knows which one it is."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.command_line import main as benchmark
from benchmarks.listener.exchange import Exchange
from benchmarks.listener.integrity import Fault, faults
from benchmarks.listener.measures import measure, timeline
from benchmarks.load.ws_endpoint import WebSocketEndpoint
from benchmarks.prompts import Prompt
from benchmarks.runs.recorder import Recorder
from benchmarks.runs.run_logger import RunLoggers
from benchmarks.runs.runlog import read
from tensorrt_tts.client.__main__ import main
from tensorrt_tts.codecs.lookahead import decode_offline
from tensorrt_tts.codecs.schedule import HopSchedule
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.stream_options import StreamOptions
from tests.support.backend_double import Behaviour
from tests.support.chromium import chromium_page, find_chromium
from tests.support.server_thread import ServerThread, serving
from tests.support.toy_family import (
    GLOBAL,
    GLOBALS,
    RATE,
    SEMANTIC,
    STEP,
    STOP,
    Toy,
    ToyCodec,
    ToyParser,
    toy_model,
    toy_synthesizer,
)

# Notes at which rate the page plays.
RATES = """
globalThis.rates = [];
globalThis.AudioContext = class extends AudioContext {
  constructor(options) { super(options); rates.push(this.sampleRate); }
};
"""

TEXT = "The first sentence is quite long enough to stand here alone. And so is the second one."
FRAMES = 20


def test_ids_before_and_after_the_prefix_have_their_own_places() -> None:
    grammar = Toy().grammar
    assert [grammar.legal(position)[0] for position in range(GLOBALS)] == [GLOBAL] * GLOBALS
    assert grammar.legal(GLOBALS) == (SEMANTIC, range(STOP, STOP + 1))
    parser = ToyParser()
    assert parser.push([SEMANTIC[0], *GLOBAL[:3]]) == []
    assert (parser.condition, parser.counts.stray) == (None, 1)
    assert parser.push([GLOBAL[3], SEMANTIC[5], GLOBAL[0], SEMANTIC[6]]) == [(5,), (6,)]
    assert (parser.condition, parser.counts.stray) == ((0, 1, 2, 3), 2)


@pytest.mark.parametrize("future", [0, 2])
async def test_streamed_speech_is_the_offline_decode_of_its_tokens(future: int) -> None:
    codec = ToyCodec(future)
    schedule = HopSchedule(lookahead=codec.context.lookahead, first_hop=3)
    options = StreamOptions(schedule, sentence_pause_s=0)
    synthesizer = toy_synthesizer(options=options, codec=codec)
    request = SpeechRequest(TEXT, "kai", seed=4)
    parts = [
        decode_offline(ids, ToyParser(), codec, segment.seed)
        for segment, ids in await synthesizer.generate_segments(request)
    ]
    pcm, report = await synthesizer.synthesize(request)
    await synthesizer.close()
    assert [len(part) for part in parts] == [FRAMES * STEP] * 2
    np.testing.assert_array_equal(pcm, np.concatenate(parts))
    assert (report.sample_rate, report.frames, report.tokens) == (RATE, 40, 2 * (GLOBALS + 20))
    conditions = {window.condition for batch in codec.batches for window in batch}
    assert len(conditions) == 2  # one for each segment, and never none
    assert None not in conditions


@pytest.mark.parametrize("future", [0, 2])
async def test_a_stream_waits_only_as_long_as_the_codec_says(future: int) -> None:
    """Where nobody chose a lookahead: a first hop of one step is heard with the first step."""
    codec = ToyCodec(future)
    options = StreamOptions(HopSchedule(hop=1))
    synthesizer = toy_synthesizer(options=options, codec=codec)
    pcm, _ = await synthesizer.synthesize(SpeechRequest(TEXT[:60], seed=4))
    await synthesizer.close()
    assert [len(window.steps) for window in codec.batches[0]] == [1]
    assert len(pcm) == FRAMES * STEP


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(codec=ToyCodec(), model=toy_model(), sentence_pause_s=0) as server:
        yield server


async def test_pauses_between_its_segments_are_counted_apart() -> None:
    with serving(codec=ToyCodec(), model=toy_model(), sentence_pause_s=0.5) as server:
        server.backend.behaviour = Behaviour(frames=FRAMES)
        exchange = await spoken(server)
    line = timeline(exchange)
    assert 0.9 < (line.pcm.size - 2 * FRAMES * STEP) / (0.5 * RATE) <= 1
    assert faults(exchange, line) == ()


@pytest.fixture(autouse=True)
def answer(request: pytest.FixtureRequest) -> None:
    if "server" in request.fixturenames:
        server: ServerThread = request.getfixturevalue("server")
        server.backend.behaviour = Behaviour(frames=FRAMES)


async def spoken(server: ServerThread, text: str = TEXT) -> Exchange:
    async with WebSocketEndpoint(server.url).open() as connection:
        return await connection.speak(Prompt("toy-01", text, "en"), "kai", 0.0)


async def test_the_benchmarks_client_measures_it(server: ServerThread) -> None:
    exchange = await spoken(server)
    assert exchange.error is None
    assert (exchange.sample_rate, exchange.samples_per_frame) == (RATE, STEP)
    line = timeline(exchange)
    assert line.pcm.size == 2 * FRAMES * STEP
    assert measure(exchange, line).audio_s == pytest.approx(2 * FRAMES * 0.02)
    assert faults(exchange, line) == ()


async def test_audio_that_is_missing_is_found(server: ServerThread) -> None:
    exchange = await spoken(server)
    lost = exchange.messages.pop()
    assert exchange.final is not None
    exchange.final["bytes"] -= len(lost.payload)
    exchange.final["chunks"] -= 1
    assert faults(exchange, timeline(exchange)) == (Fault.FRAMES,)


def test_a_whole_run_is_logged_and_drawn_at_its_rate(
    server: ServerThread, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["iterations", "--count", "2", "--text", TEXT, "--url", server.url, "--plot"]
    assert benchmark([*asked, "--voice", "ada", "--out", str(tmp_path)]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["requests"], last["failed"], last["faults"]) == (2, 0, {})
    assert last["audio_s"] == pytest.approx(2 * 0.8)
    assert {line.sample_rate for line in read(tmp_path / last["log"]).requests} == {RATE}
    assert (tmp_path / "iterations_report.html").is_file()


async def test_its_recording_and_its_log_have_its_rate(
    server: ServerThread, tmp_path: Path
) -> None:
    line = Recorder(RunLoggers(()), 0.0, tmp_path, "audio", "toy").add(await spoken(server))
    assert line.sample_rate == RATE
    with wave.open(str(tmp_path / str(line.audio))) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, 2 * FRAMES * STEP)


def test_the_client_writes_its_rate(server: ServerThread, tmp_path: Path) -> None:
    output = tmp_path / "toy.wav"
    assert main(["--url", server.url, "--text", TEXT, "--output", str(output)]) == 0
    with wave.open(str(output)) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, 2 * FRAMES * STEP)


@pytest.mark.skipif(find_chromium() is None, reason="needs chromium (apt install chromium)")
@pytest.mark.timeout(300)
async def test_the_page_plays_it_at_its_rate(server: ServerThread, tmp_path: Path) -> None:
    async with chromium_page(tmp_path) as page:
        await page.open(f"http://127.0.0.1:{server.port}/test", RATES)
        await page.until("document.querySelectorAll('#voice option').length === 2")
        await page.value(f"document.getElementById('text').value = {TEXT!r}")
        await page.press("a", 65)  # browsers play nothing before a key or a click
        await page.value("document.getElementById('form').requestSubmit()")
        await page.until("document.getElementById('status').textContent === 'Done'")
        position = await page.value("document.getElementById('position').textContent")
        assert position == "0.8 s of 0.8 s"
        assert await page.value("rates") == [RATE]
        assert page.problems == []


def test_the_server_says_what_it_is(server: ServerThread) -> None:
    _, about = server.get("/v1/audio/voices")
    assert f'"sample_rate":{RATE}' in about.replace(" ", "")
    assert "ada" in about
