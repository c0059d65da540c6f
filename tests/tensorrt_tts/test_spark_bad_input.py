"""What is wrong with a Spark voice, a recording or a request, by every road that it may come: one
line that names the field, the value and what to do."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tensorrt_tts.cli import main as tensorrt_tts
from tensorrt_tts.loading import open_synthesizer
from tensorrt_tts.server.__main__ import main as server_main
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.server_thread import ServerThread
from tests.support.speech_client import send
from tests.support.tiny_bicodec import voice
from tests.support.tiny_encoder import humming, write_cloning_spark, write_wav
from tests.support.tiny_spark import write_spark
from tests.support.tts_client import ask as ask_socket
from tests.support.tts_client import connected

CODES = list(voice(5))
REFERENCE = {"transcript": "So. ", "semantics": [4, 5, 6]}
FILE = {"family": "spark", "name": "Asha", "language": "hi", "globals": CODES}
SPEAKERS: dict[str, Any] = {
    "name": "mine",
    "template": {"content": "{voice}: {text}"},
    "max_tokens": 100,
    "voices": [{"name": "Asha", "language": "hi", "globals": CODES}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spark(tmp_path_factory.mktemp("spark"), speakers=SPEAKERS)


def line(capsys: pytest.CaptureFixture[str]) -> str:
    """The error's, which is one and the last: what was going on may be said before it."""
    said = [one for one in capsys.readouterr().err.splitlines() if "error: " in one]
    assert len(said) == 1
    return said[0]


VOICE_FILES: dict[str, tuple[dict[str, Any], str]] = {
    "a code too few": ({"globals": CODES[:31]}, "globals: 31 codes, and a speaker has 32; give"),
    "a code too many": ({"globals": [*CODES, 1]}, "globals: 33 codes, and a speaker has 32; give"),
    "no codes": ({"globals": []}, "globals is missing: a speaker's codes are what"),
    "a code below": ({"globals": [*CODES[1:], -1]}, "globals.31 is -1, which must be at least 0"),
    "a code beyond": (
        {"globals": [*CODES[1:], 4096]},
        "globals of voice 'Asha' has 4096, and this checkpoint's codes end at 4095",
    ),
    "a code in words": ({"globals": [*CODES[1:], "7"]}, "globals.31 is '7', not a whole number"),
    "a fraction": ({"globals": [*CODES[1:], 7.5]}, "globals.31 is 7.5, not a whole number"),
    "a reference that says nothing": (
        {"reference": REFERENCE | {"semantics": []}},
        "reference.semantics is [], too short",
    ),
    "a reference beyond": (
        {"reference": REFERENCE | {"semantics": [8192]}},
        "reference.semantics of voice 'Asha' has 8192, and this checkpoint's codes end at 8191",
    ),
    "a reference without words": (
        {"reference": REFERENCE | {"transcript": ""}},
        "reference.transcript is '', too short",
    ),
    "another family's": ({"family": "orpheus"}, "family is 'orpheus', which must be 'spark'"),
}


@pytest.mark.parametrize("road", ["speak", "server"])
@pytest.mark.parametrize("what", VOICE_FILES)
def test_a_voice_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, road: str
) -> None:
    change, says = VOICE_FILES[what]
    path = tmp_path / "asha.json"
    path.write_text(json.dumps(FILE | change))
    model = ["--model", str(folder), "--spec", "spark"]
    if road == "speak":
        code = tensorrt_tts(["speak", "Hello.", *model, "--voice-file", str(path)])
    else:
        code = server_main([*model, "--port", "0", "--voice-files", str(path)])
    assert code == 2
    assert says in line(capsys)


@pytest.mark.parametrize("road", ["speak", "server"])
def test_a_fine_tune_without_a_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], road: str
) -> None:
    content = {name: value for name, value in SPEAKERS.items() if name != "template"}
    folder = write_spark(tmp_path, speakers=content)
    model = ["--model", str(folder), "--spec", "spark"]
    if road == "speak":
        code = tensorrt_tts(["speak", "Hello.", *model])
    else:
        code = server_main([*model, "--port", "0"])
    assert code != 0
    assert "template is missing; see families/spark/sets for the form" in line(capsys)


RECORDINGS: dict[str, tuple[np.ndarray, int, str]] = {
    "too short": (humming(0.9), 16_000, "lasts 0.90 s; give at least 1 s of one person's speech"),
    "silent": (np.zeros(32_000), 16_000, "is silent but for 0.00 s of 2.00 s; give at least 0.5 s"),
    "clipped": (np.clip(20 * humming(2), -1, 1), 16_000, "% of its samples"),
    "of a telephone's half": (humming(2, 6_000), 6_000, "has 6000 Hz; give one of 8000 Hz or more"),
    "of one sample": (humming(2)[:1], 16_000, "lasts 0.00 s; give at least 1 s"),
}


@pytest.fixture(scope="module")
def cloning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cloning_spark(tmp_path_factory.mktemp("cloning"))


@pytest.mark.parametrize("transcript", [[], ["--reference-text", "So it goes. "]])
@pytest.mark.parametrize("what", RECORDINGS)
def test_a_recording(
    cloning: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
    transcript: list[str],
) -> None:
    """A server takes none. What was to be written is not."""
    monkeypatch.setenv("TENSORRT_TTS_CACHE", str(tmp_path / "cache"))
    samples, rate, says = RECORDINGS[what]
    path, out = write_wav(tmp_path / "asha.wav", samples, rate=rate), tmp_path / "out.wav"
    asked = ["speak", "Hello.", "--model", str(cloning), "--spec", "spark", "-o", str(out)]
    saved = ["--save-voice", str(tmp_path / "saved.json")]
    assert tensorrt_tts([*asked, *saved, "--reference", str(path), *transcript]) == 2
    said = line(capsys)
    assert f"reference '{path}' " in said
    assert says in said
    assert not out.exists()
    assert not (tmp_path / "saved.json").exists()


class SparkServer(ServerThread):
    """The real server around the real model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(BackendDouble(), settle_voices=False)
        self._folder = folder

    def _open(self) -> Synthesizer:
        return open_synthesizer(str(self._folder), spec="spark")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[SparkServer]:
    server = SparkServer(folder)
    server.start()
    yield server
    server.stop()


ROADS: dict[str, tuple[str, str]] = {
    "/v1/audio/speech": ("input", "voice"),
    "/v1/tts/generate": ("text", "speaker"),
    "/ws/tts": ("text", "voice"),
}
"""How each calls a text and who speaks it."""


async def refused(server: SparkServer, road: str, **fields: Any) -> str:
    """What is said to whoever asks for that, and speaks the next one."""
    text, who = ROADS[road]
    if road == "/ws/tts":
        async with connected(server.url) as peer:
            answer = await ask_socket(peer, **fields)
            return str(answer.final["error"]["message"])
    body = {text: "Hello.", who: "Asha", "model": "tts-1", **fields}
    if road == "/v1/tts/generate":
        del body["model"]
    reply = send(server.port, json.dumps(body).encode(), path=road)
    assert reply.status in (400, 404)
    return str(json.loads(reply.body)["error"]["message"])


@pytest.mark.parametrize("name", ["Mitra", "", "As ha", "Asha" * 40, "-1"])
@pytest.mark.parametrize("road", ROADS)
async def test_a_speaker_nobody_knows(server: SparkServer, road: str, name: str) -> None:
    said = await refused(server, road, **{ROADS[road][1]: name})
    assert "\n" not in said
    assert "Asha" in said  # who there is
    assert len(said) < 300


@pytest.mark.parametrize("name", ["Mitra", "", "As ha"])
def test_a_speaker_nobody_knows_on_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    asked = ["speak", "Hello.", "--model", str(folder), "--spec", "spark", "--voice", name]
    assert tensorrt_tts(asked) == 2
    assert f"voice {name!r} is not one of mine's; choose one of: Asha" in line(capsys)


@pytest.mark.parametrize(
    ("road", "field", "value"),
    [
        ("/v1/audio/speech", "sample_rate", 7_999),
        ("/v1/audio/speech", "sample_rate", 48_001),
        ("/v1/audio/speech", "sample_rate", "16k"),
        ("/ws/tts", "sample_rate", 7_999),
        ("/ws/tts", "sample_rate", 48_001),
        ("/ws/tts", "sample_rate", 16_000.5),
        ("/v1/tts/generate", "output", "44khz"),
        ("/v1/tts/generate", "output", 16_000),
        ("/v1/tts/generate", "output", "16kHz"),
    ],
)
async def test_a_rate_that_is_not_offered(
    server: SparkServer, road: str, field: str, value: object
) -> None:
    said = await refused(server, road, **{field: value})
    assert f"{field} is {value!r}" in said
    assert any(words in said for words in ("8000", "48000", "8khz", "whole number", "string"))


@pytest.mark.parametrize("rate", ["7999", "48001", "0", "-16000"])
def test_a_rate_that_is_not_offered_on_the_command_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rate: str
) -> None:
    out = tmp_path / "out.wav"
    asked = ["speak", "Hello.", "--model", str(folder), "--spec", "spark", "-o", str(out)]
    assert tensorrt_tts([*asked, "--sample-rate", rate]) == 2
    said = line(capsys)
    assert f"--sample-rate {rate}" in said
    assert "8000" in said
    assert not out.exists()


def test_good_input_is_spoken(folder: Path, tmp_path: Path) -> None:
    """What every row above is a change of."""
    path, out = tmp_path / "asha.json", tmp_path / "out.wav"
    path.write_text(json.dumps(FILE | {"reference": REFERENCE}))
    asked = ["speak", "Hello.", "--model", str(folder), "--spec", "spark", "-o", str(out)]
    assert tensorrt_tts([*asked, "--voice-file", str(path), "--sample-rate", "8000"]) == 0
    with wave.open(str(out)) as file:
        assert file.getframerate() == 8_000
        assert file.getnframes() > 0
