"""`/v1/text-to-speech/{voice}` on a real socket, and what only ElevenLabs' WebSockets have."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from benchmarks.doubles.null_codec import NullCodec
from tests.support.audio_files import decoded
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import Reply, send
from tests.support.text_sockets import MULTI, hear, tell
from tests.support.tts_client import connected

FRAMES = 8
SAMPLES = FRAMES * 2048
SECONDS = SAMPLES / 24000
ID = "21m00Tcm4TlvDq8ikWAM"


@pytest.fixture(scope="module")
def shared() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=FRAMES))
    with serving(backend, NullCodec(), max_pending=3) as server:
        yield server


def ask(server: ServerThread, path: str = f"{ID}?output_format=pcm_24000", **fields: Any) -> Reply:
    content = json.dumps({"text": "Hello.", **fields}).encode()
    return send(server.port, content, path=f"/v1/text-to-speech/{path}")


def error(reply: Reply) -> str:
    detail = json.loads(reply.body)["detail"]
    assert set(detail) == {"status", "message"}
    assert reply.headers["request-id"]
    return f"{detail['status']} {detail['message']}"


@pytest.mark.parametrize(
    ("name", "content_type", "codec", "rate"),
    [
        ("mp3_22050_32", "audio/mpeg", "mp3", 22050),
        ("mp3_44100_192", "audio/mpeg", "mp3", 44100),
        ("opus_48000_32", "audio/ogg", "opus", 48000),
        ("opus_48000_192", "audio/ogg", "opus", 48000),
        ("wav_44100", "audio/wav", "pcm_s16le", 44100),
    ],
)
@pytest.mark.parametrize("path", ["", "/stream"])
def test_every_format(
    server: ServerThread, path: str, name: str, content_type: str, codec: str, rate: int
) -> None:
    reply = ask(server, f"{ID}{path}?output_format={name}")
    assert (reply.status, reply.whole) == (200, True)
    assert reply.headers["content-type"] == content_type
    _, found, hz, samples = decoded(reply.body)
    assert (found, hz) == (codec, rate)
    assert len(samples) / hz == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(
    ("name", "bytes_a_second"),
    [("pcm_8000", 16000), ("pcm_48000", 96000), ("ulaw_8000", 8000), ("alaw_8000", 8000)],
)
def test_every_format_without_a_header(
    server: ServerThread, name: str, bytes_a_second: int
) -> None:
    reply = ask(server, f"{ID}?output_format={name}")
    assert len(reply.body) / bytes_a_second == pytest.approx(SECONDS, abs=0.001)


def test_mp3_is_the_default(server: ServerThread) -> None:
    reply = ask(server, "tara")
    assert decoded(reply.body)[1:3] == ("mp3", 44100)


TAKEN: dict[str, dict[str, Any]] = {
    "a voice's settings": {"voice_settings": {"stability": 0.5, "use_speaker_boost": True}},
    "no settings": {"voice_settings": None, "seed": None, "apply_text_normalization": None},
    "what has no effect": {"previous_text": "Well.", "pronunciation_dictionary_locators": []},
    "a seed": {"seed": 4294967295},
    "another model": {"model_id": "eleven_v9", "language_code": "de"},
}


@pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN)
def test_what_is_taken(server: ServerThread, fields: dict[str, Any]) -> None:
    assert len(ask(server, **fields).body) == 2 * SAMPLES


def test_speed(server: ServerThread) -> None:
    assert len(ask(server, voice_settings={"speed": 0.5}).body) == 4 * SAMPLES


def test_a_seed_says_the_same_again(server: ServerThread) -> None:
    assert ask(server, seed=3).body == ask(server, seed=3).body != ask(server, seed=4).body


WRONG: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "voice": ("bob", {}, 404, "unknown_voice voice_id 'bob' is unknown"),
    "format": (f"{ID}?output_format=pcm", {}, 400, "use one of mp3, opus, pcm"),
    "no bit rate": (f"{ID}?output_format=mp3_44100", {}, 400, "mp3 and opus have a bit rate"),
    "a bit rate": (f"{ID}?output_format=pcm_8000_16", {}, 400, "and the others none"),
    "rate": (f"{ID}?output_format=ulaw_16000", {}, 400, "ulaw takes 8000 Hz"),
    "high rate": (f"{ID}?output_format=pcm_96000", {}, 400, "8000 to 48000 Hz"),
    "high bit rate": (f"{ID}?output_format=opus_48000_512", {}, 400, "8 to 256 kbit/s"),
    "speed": (ID, {"voice_settings": {"speed": 5}}, 400, "voice_settings.speed is 5"),
    "settings": (ID, {"voice_settings": 5}, 400, "voice_settings is 5, not an object"),
    "seed": (ID, {"seed": -1}, 400, "seed is -1"),
    "text": (ID, {"text": None}, 400, "text is None, not a string"),
    "nothing": (ID, {"text": " "}, 400, "invalid_text"),
}


@pytest.mark.parametrize(("path", "fields", "status", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake(
    server: ServerThread, path: str, fields: dict[str, Any], status: int, said: str
) -> None:
    reply = ask(server, path, **fields)
    assert reply.status == status
    assert said in error(reply)


def test_the_voices(server: ServerThread) -> None:
    voices = json.loads(server.get("/v1/voices")[1])["voices"]
    assert voices[0] == {
        "voice_id": "tara",
        "name": "tara",
        "category": "premade",
        "labels": {"language": "en"},
    }
    assert ask(server, f"{voices[1]['voice_id']}?output_format=pcm_24000").status == 200


def test_a_wrong_method_is_told_in_their_words(server: ServerThread) -> None:
    status, body = server.get("/v1/text-to-speech/tara")
    assert status == 405
    assert "POST" in json.loads(body)["detail"]["message"]


def test_the_description_is_true(server: ServerThread) -> None:
    paths = json.loads(server.get("/openapi.json")[1])["paths"]
    for path in ("/v1/text-to-speech/{voice}", "/v1/text-to-speech/{voice}/stream"):
        about = paths[path]["post"]
        assert {parameter["name"] for parameter in about["parameters"]} == {
            "voice",
            "output_format",
        }
        assert "$ref" not in json.dumps(about["requestBody"])


# On the WebSockets


def url(server: ServerThread, query: str = "", name: str = "multi-stream-input") -> str:
    query = f"?output_format=pcm_24000&seed=1{query}"
    return f"ws://127.0.0.1:{server.port}/v1/text-to-speech/{ID}/{name}{query}"


async def test_several_contexts_speak_at_once(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        for piece in ("Hello ", "there."):
            await tell(peer, *({"text": piece, "context_id": name} for name in "ab"))
        await tell(peer, {"close_socket": True})
        audio = {"a": b"", "b": b""}
        finals = []
        async for raw in peer:
            message = json.loads(raw)
            assert message["contextId"] == message["context_id"]
            audio[message["contextId"]] += base64.b64decode(message.get("audio") or "")
            finals += [message["contextId"]] if message.get("isFinal") else []
    assert sorted(finals) == ["a", "b"]
    assert audio["a"] == audio["b"]
    assert len(audio["a"]) == 2 * SAMPLES
    assert peer.close_code == 1000


async def test_closing_twice_stops_and_closing_late_is_no_error(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(endless=True, rate=300)
    async with connected(url(server)) as peer:
        await tell(peer, MULTI.say("Hello."), MULTI.end)
        await peer.recv()
        await tell(peer, MULTI.end, MULTI.end, {"context_id": "other", "close_context": True})
        heard = await hear(peer, MULTI.over)
        assert [message for message in heard.said if "error" in message] == []
        server.backend.behaviour = Behaviour(frames=FRAMES)
        await tell(peer, MULTI.say("Hello."), MULTI.end)
        assert len((await hear(peer, MULTI.over)).audio) == 2 * SAMPLES


async def test_one_context_s_failure_leaves_the_others(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=100)
    async with connected(url(server)) as peer:
        await tell(peer, {"text": "Hello. ", "context_id": "good"})
        await tell(peer, {"text": "Bad \a.", "context_id": "bad"})
        await tell(peer, {"context_id": "bad", "close_context": True})
        failed = await hear(peer, lambda message: message.get("contextId") == "bad")
        assert failed.said[-1]["error"] == "invalid_text"
        await tell(peer, {"context_id": "good", "close_context": True})
        final = {"isFinal": True, "contextId": "good", "context_id": "good"}
        assert (await hear(peer, lambda message: message == final)).code is None


@pytest.mark.parametrize("flush", [{}, {"flush": True}, {"flush": False}, {"flush": None}])
async def test_an_empty_text_is_the_end_whatever_else_is_said(
    server: ServerThread, flush: dict[str, bool | None]
) -> None:
    async with connected(url(server, name="stream-input")) as peer:
        await tell(peer, {"text": " "}, {"text": "Hello", "flush": True}, {"text": "", **flush})
        heard = await hear(peer)
    assert (heard.code, heard.said[-1]) == (1000, {"isFinal": True})
    assert len(heard.audio) == 2 * SAMPLES


async def test_a_flush_alone_is_not_the_end(server: ServerThread) -> None:
    async with connected(url(server, name="stream-input")) as peer:
        await tell(peer, {"text": "Hello"}, {"flush": True}, {"text": "Hi."}, {"text": ""})
        heard = await hear(peer)
    assert (heard.code, len(heard.audio) > 2 * SAMPLES) == (1000, True)


async def test_text_behind_the_end_is_told(server: ServerThread) -> None:
    server.backend.behaviour = Behaviour(frames=FRAMES, rate=100)
    async with connected(url(server)) as peer:
        await tell(peer, MULTI.say("Hello."), MULTI.end, MULTI.say("More."))
        heard = await hear(peer, MULTI.over)
    assert heard.said[0]["error"] == "invalid_value"
    assert "takes no more text" in heard.said[0]["message"]
    assert len(heard.audio) == 2 * SAMPLES


async def test_keep_alives_keep_a_context_and_open_none() -> None:
    with serving(codec=NullCodec(), slots=1, text_timeout_s=600) as server:
        async with connected(url(server, "&inactivity_timeout=0.5")) as peer:
            await tell(peer, {"text": ""}, {"text": "", "context_id": "a"})
            await tell(peer, {"text": " ", "context_id": "b"})
            final = await hear(peer, MULTI.over)
            assert final.said == [{"isFinal": True, "contextId": "b", "context_id": "b"}]
        server.assert_as_before()


@pytest.mark.parametrize("sync", [False, True])
async def test_alignment_says_the_text_as_it_was_sent(server: ServerThread, sync: bool) -> None:
    text = "It costs ₹500, today. And that is all of it. "
    async with connected(url(server, f"&sync_alignment={str(sync).lower()}")) as peer:
        for piece in (text[:7], text[7:20], text[20:]):
            await tell(peer, {"text": piece, "context_id": "a"})
        await tell(peer, MULTI.end)
        chars, clock, audio = "", 0, 0
        async for raw in peer:
            message = json.loads(raw)
            audio += len(base64.b64decode(message.get("audio") or ""))
            if message.get("isFinal"):
                break
            if (alignment := message.get("alignment")) is None:
                continue
            assert message["normalizedAlignment"] == alignment
            assert alignment["estimated"] is True
            starts, lasts = alignment["charStartTimesMs"], alignment["charDurationsMs"]
            assert starts[0] == (clock if sync else 0)
            chars += "".join(alignment["chars"])
            clock = starts[-1] + lasts[-1] + (0 if sync else clock)
    assert chars == text
    assert clock <= 1000 * audio / 48000 + 1


async def test_a_wrong_speed_ends_the_only_text(server: ServerThread) -> None:
    async with connected(url(server, name="stream-input")) as peer:
        await tell(peer, {"text": " ", "voice_settings": {"speed": 9}})
        heard = await hear(peer)
    assert (heard.said[-1]["error"], heard.code) == ("invalid_value", 1008)


async def test_a_wrong_parameter_refuses_the_handshake(server: ServerThread) -> None:
    for query in ("&output_format=pcm", "&inactivity_timeout=999", "&seed=x"):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(url(server, query)):
                pass
        assert refused.value.response.status_code == 400
        assert json.loads(refused.value.response.body)["detail"]["status"] == "invalid_value"


async def test_speed_holds_for_a_context(server: ServerThread) -> None:
    async with connected(url(server)) as peer:
        await tell(peer, {"text": " ", "context_id": "a", "voice_settings": {"speed": 2.0}})
        await tell(peer, MULTI.say("Hello."), MULTI.end)
        assert len((await hear(peer, MULTI.over)).audio) == SAMPLES
    wait_until(lambda: not server.service.callers)
