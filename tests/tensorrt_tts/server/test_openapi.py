"""`/openapi.json` is true: Schemathesis asks every route for what the document allows, and for what
it does not, and holds each answer against it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import Behaviour
from tests.support.examples import examples
from tests.support.server_thread import ServerThread, serving, wait_until
from tests.support.speech_client import BareRequest

SPEECH = {
    "/v1/audio/speech": "input",
    "/tts/bytes": "transcript",
    "/tts/sse": "transcript",
    "/v1/speak": "text",
    "/v1/text-to-speech/{voice}": "text",
    "/v1/text-to-speech/{voice}/stream": "text",
    "/v1/text-to-speech/{voice}/with-timestamps": "text",
    "/v1/text-to-speech/{voice}/stream/with-timestamps": "text",
    "/v1/tts/generate": "text",
}
"""Paths that speak, and the field of the text."""

ASKED = (
    "/v1/models",
    "/v1/audio/voices",
    "/v1/voices",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/v1/tts/health",
    "/v1/tts/metrics",
)

NAMES = {"voice": "tara", "model": "tara", "speaker": "tara"}

quick = settings(max_examples=examples(10), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(codec=NullCodec(), slots=2) as server:
        server.backend.behaviour = Behaviour(frames=1)
        yield server
        server.assert_as_before()


def operation(server: ServerThread, path: str) -> APIOperation:
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    return schemathesis.openapi.from_url(address)[path]["POST" if path in SPEECH else "GET"]


def with_known_names(case: Case) -> Case:
    """No schema says which voices and models there are; what is made up gets no further."""
    if "voice" in case.path_parameters:
        case.path_parameters["voice"] = NAMES["voice"]
    if "model" in case.query:
        case.query["model"] = NAMES["model"]
    if isinstance(case.body, dict):
        own = {"model": "tts-1"} if "input" in case.body else {}
        case.body.update({k: v for k, v in {**NAMES, **own}.items() if k in case.body})
    return case


def hold(case: Case, *, failing: bool = False, headers: dict[str, str] | None = None) -> int:
    """Ask, and hold the answer against the document; its status. failing: the server is meant to
    fail."""
    response = case.call(headers=headers)
    # Whether a text can be spoken, and which rate goes with which format, no schema says either.
    excluded = [positive_data_acceptance, *([not_a_server_error] if failing else [])]
    case.validate_response(response, excluded_checks=excluded)
    return response.status_code


def spoken(server: ServerThread, path: str) -> Case:
    """What is answered with audio."""
    body: dict[str, object] = {SPEECH[path]: "Hello."}
    if path == "/v1/audio/speech":
        body |= {"model": "tts-1", "voice": "tara"}
    elif path.startswith("/tts/"):
        raw = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
        body |= {"voice": "tara", "output_format": raw}
    elif path == "/v1/tts/generate":
        body |= {"speaker": "tara"}
    place = {"voice": "tara"} if "{" in path else {}
    return operation(server, path).Case(
        path_parameters=place, body=body, media_type="application/json"
    )


def test_these_are_all(server: ServerThread) -> None:
    described = json.loads(server.get("/openapi.json")[1])["paths"]
    assert {(path, method) for path, methods in described.items() for method in methods} == {
        *((path, "post") for path in SPEECH),
        *((path, "get") for path in ASKED),
    }


@pytest.mark.parametrize("path", ASKED)
def test_what_is_asked_without_a_body(server: ServerThread, path: str) -> None:
    assert hold(operation(server, path).Case()) == 200


@pytest.mark.parametrize("path", SPEECH)
def test_what_the_document_allows(server: ServerThread, path: str) -> None:
    seen: Counter[int] = Counter()

    @quick
    @given(operation(server, path).as_strategy(), st.booleans())
    def each(case: Case, can_be_spoken: bool) -> None:
        if can_be_spoken:
            case.query.clear()
            case.body.update(spoken(server, path).body)
        seen[hold(with_known_names(case))] += 1

    each()
    assert set(seen) <= {200, 400}
    assert seen[200] >= 2


@pytest.mark.parametrize("path", SPEECH)
def test_what_the_document_does_not_allow(server: ServerThread, path: str) -> None:
    @quick
    @given(operation(server, path).as_strategy(GenerationMode.NEGATIVE))
    def each(case: Case) -> None:
        assert hold(case) in (400, 404, 415)  # no names put in: those made up may be what is wrong

    each()


@pytest.mark.parametrize("path", SPEECH)
def test_what_fails_has_a_documented_answer(server: ServerThread, path: str) -> None:
    server.backend.behaviour = Behaviour(frames=0)
    try:
        assert hold(spoken(server, path), failing=True) == 500
        case = spoken(server, path)
        case.body[SPEECH[path]] = "x" * 2_000_000
        assert hold(case) == 413
    finally:
        server.backend.behaviour = Behaviour(frames=1)
    assert hold(spoken(server, path)) == 200


def test_a_draining_server_has_documented_answers() -> None:
    with serving(codec=NullCodec()) as server:
        asked = [spoken(server, path) for path in SPEECH]
        asked += [operation(server, path).Case() for path in ASKED]
        server.backend.behaviour = Behaviour(endless=True, rate=300)
        with BareRequest(server.port):
            wait_until(lambda: server.service.slots.active == 1)
            server.signal()
            wait_until(lambda: server.service.health.draining)
            told = {case.path: hold(case, failing=True) for case in asked}
        alive = set(ASKED) - {"/health/ready", "/v1/tts/health"}
        assert told == {path: 200 if path in alive else 503 for path in (*SPEECH, *ASKED)}


def test_keys_limits_and_origins_have_documented_answers() -> None:
    limits = "streams=1 characters_per_minute=10"
    keys = ",".join(f"n{n}:{digest(b'%d' % n)} {limits}" for n in range(len(SPEECH)))
    with serving(codec=NullCodec(), api_keys=keys) as server:
        server.backend.behaviour = Behaviour(frames=1)
        for number, path in enumerate(SPEECH):
            case, own = spoken(server, path), {"X-API-Key": str(number)}
            assert hold(case) == 401
            assert hold(case, headers={**own, "Origin": "https://elsewhere.example"}) == 403
            assert [hold(case, headers=own) for _ in range(2)] == [200, 429]
