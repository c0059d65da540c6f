"""`/with-timestamps` and `/stream/with-timestamps` on a real socket."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.protocols.elevenlabs_timestamps import ObjectFraming
from tests.support.altered_codecs import FailingCodec
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import BareRequest, Reply, send

SAMPLES = 8 * 2048
TEXT = "Hello there, 3 of you! "
PATHS = ("with-timestamps", "stream/with-timestamps")
PCM = "?output_format=pcm_24000"


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    with serving(BackendDouble(behaviour=Behaviour(frames=8)), NullCodec(), slots=1) as server:
        yield server


def ask(server: ServerThread, path: str, query: str = PCM, **fields: Any) -> Reply:
    content = json.dumps({"text": TEXT, **fields}).encode()
    return send(server.port, content, path=f"/v1/text-to-speech/tara/{path}{query}")


def parts(reply: Reply) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in reply.body.splitlines()]
    for part in found:
        assert set(part) == {"audio_base64", "alignment", "normalized_alignment"}
        assert part["alignment"] == part["normalized_alignment"]
    return found


def audio(reply: Reply) -> bytes:
    return b"".join(base64.b64decode(part["audio_base64"]) for part in parts(reply))


def times(reply: Reply) -> list[tuple[str, float, float]]:
    """Of each character."""
    found = [part["alignment"] for part in parts(reply) if part["alignment"] is not None]
    return [
        character
        for alignment in found
        for character in zip(
            alignment["characters"],
            alignment["character_start_times_seconds"],
            alignment["character_end_times_seconds"],
            strict=True,
        )
    ]


@pytest.mark.parametrize("path", PATHS)
def test_audio_and_the_times_of_every_character(server: ServerThread, path: str) -> None:
    reply = ask(server, path, seed=1)
    assert (reply.status, reply.whole) == (200, True)
    assert reply.headers["request-id"]
    plain = send(
        server.port,
        json.dumps({"text": TEXT, "seed": 1}).encode(),
        path=f"/v1/text-to-speech/tara{PCM}",
    )
    assert audio(reply) == plain.body
    said = times(reply)
    assert "".join(character for character, _, _ in said) == TEXT
    edges = [edge for _, start, end in said for edge in (start, end)]
    assert edges == sorted(edges)
    assert 0 <= edges[0] < edges[-1] <= SAMPLES / 24_000
    assert parts(reply)[-1]["alignment"]["estimated"] is True


@pytest.mark.parametrize(("path", "objects"), list(zip(PATHS, (1, 4), strict=True)))
def test_how_many_objects_it_is(server: ServerThread, path: str, objects: int) -> None:
    reply = ask(server, path)
    kinds = ("application/json", "application/x-ndjson")
    assert reply.headers["content-type"] == kinds[PATHS.index(path)]
    assert len(parts(reply)) == 1 if objects == 1 else len(parts(reply)) >= objects
    if objects == 1:
        json.loads(reply.body)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["mp3_44100_128", "opus_48000_64", "ulaw_8000"])
def test_every_format(server: ServerThread, path: str, name: str) -> None:
    reply = ask(server, path, f"?output_format={name}")
    if name == "ulaw_8000":
        assert len(audio(reply)) == pytest.approx(SAMPLES / 3, abs=2)
        return
    _, codec, rate, samples = decoded(audio(reply))
    assert codec == name.partition("_")[0]
    assert len(samples) / rate == pytest.approx(SAMPLES / 24_000, abs=0.1)


@pytest.mark.parametrize("path", PATHS)
def test_times_are_those_of_the_audio_that_is_sent(server: ServerThread, path: str) -> None:
    """Half as fast, each is heard twice as late."""
    plain = times(ask(server, path, seed=1))
    slow = times(ask(server, path, seed=1, voice_settings={"speed": 0.5}))
    assert [end for _, _, end in slow] == pytest.approx([2 * end for _, _, end in plain], abs=0.003)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "fields", "status", "code"),
    [
        ("?output_format=wma", {}, 400, "invalid_value"),
        (PCM, {"text": ""}, 400, "invalid_text"),
        (PCM, {"seed": "x"}, 400, "invalid_type"),
        (PCM, {"voice_settings": {"speed": 9}}, 400, "invalid_value"),
    ],
)
def test_mistakes(
    server: ServerThread, path: str, query: str, fields: dict[str, Any], status: int, code: str
) -> None:
    reply = ask(server, path, query, **fields)
    assert reply.status == status
    assert json.loads(reply.body)["detail"]["status"] == code


@pytest.mark.parametrize("path", PATHS)
def test_no_audio_has_a_status_of_its_own(server: ServerThread, path: str) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    reply = ask(server, path)
    assert (reply.status, json.loads(reply.body)["detail"]["status"]) == (500, "no_audio")


@pytest.mark.parametrize("path", PATHS)
def test_what_breaks_off_is_cut(path: str) -> None:
    codec = FailingCodec()
    with serving(codec=codec) as server:
        codec.left = 3
        reply = ask(server, path)
        assert (reply.status, reply.whole) == (200, False)
        if path == "with-timestamps":
            with pytest.raises(ValueError, match="Unterminated string"):
                json.loads(reply.body)


@pytest.mark.parametrize("path", PATHS)
def test_it_comes_while_it_is_made_and_whoever_leaves_frees_the_slot(
    server: ServerThread, path: str
) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    where = f"/v1/text-to-speech/tara/{path}{PCM}"
    with BareRequest(server.port, path=where, text="This never ends.") as request:
        while b"audio_base64" not in request.received:
            request.read_some()
        assert server.service.slots.active == 1
        request.vanish()
        wait_until(lambda: server.service.slots.active == 0)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 1), (4,), (3, 3), (7, 2, 5)])
def test_the_object_is_whole_however_the_audio_comes(sizes: tuple[int, ...]) -> None:
    framing = ObjectFraming("Hi.", 1.0)
    context: Any = SimpleNamespace(words=list)
    framing.headers(context)
    pieces = [bytes(range(size)) for size in sizes]
    body = b"".join([*map(framing.audio, pieces), framing.end(context)])
    told = json.loads(body)
    assert base64.b64decode(told["audio_base64"]) == b"".join(pieces)
    assert told["alignment"] is None
