import json
from typing import Any

import pytest

from tensorrt_tts.server.api_keys import digest
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_client import ask, send

ALICE = {"X-API-Key": "A"}
OPEN = ("/health/live", "/health/ready", "/v1/tts/health")
METRICS = ("/metrics", "/v1/tts/metrics")


def described(server: ServerThread) -> dict[str, Any]:
    about = json.loads(server.get("/openapi.json")[1])
    assert isinstance(about, dict)
    return about


def statuses(about: dict[str, Any], path: str, method: str) -> set[str]:
    return set(about["paths"][path][method]["responses"])


def test_without_keys_none_is_asked_for() -> None:
    with serving() as server:
        about = described(server)
    assert "securitySchemes" not in about.get("components", {})
    assert "security" not in json.dumps(about)
    assert "401" not in statuses(about, "/v1/audio/speech", "post")
    assert "402" not in statuses(about, "/v1/audio/speech", "post")
    assert "403" in statuses(about, "/v1/audio/speech", "post")
    assert "403" not in statuses(about, "/v1/models", "get")


@pytest.mark.parametrize("metrics", [False, True])
def test_with_keys_every_route_says_what_it_takes(metrics: bool) -> None:
    keys = f"alice:{digest(b'A')} streams=1 characters_per_minute=4"
    with serving(api_keys=keys, metrics_need_key=metrics) as server:
        about = described(server)
        schemes = about["components"]["securitySchemes"]
        assert schemes["bearer"] == {"type": "http", "scheme": "bearer"}
        headers = {scheme.get("name") for scheme in schemes.values()}
        assert headers == {None, "Authorization", "X-API-Key", "xi-api-key"}
        for path, operations in about["paths"].items():
            for method, operation in operations.items():
                needed = path not in OPEN and (metrics or path not in METRICS)
                told = "401" in statuses(about, path, method)
                assert (bool(operation.get("security")), told) == (needed, needed), path
                if method == "get":  # and it is true
                    assert (server.get(path)[0] == 401) == needed, path
        assert {"401", "403", "429"} <= statuses(about, "/v1/audio/speech", "post")
        documented = about["paths"]["/v1/audio/speech"]["post"]["responses"]
        assert documented["401"]["content"] == documented["400"]["content"]
        assert ask(server.port).status == 401
        content = b'{"model": "tts-1", "voice": "alloy", "input": "Hello"}'
        assert send(server.port, content, headers={**ALICE, "Origin": "null"}).status == 403
        assert [send(server.port, content, headers=ALICE).status for _ in range(2)] == [200, 429]


def test_with_an_accountant_every_route_that_speaks_may_answer_402() -> None:
    posts = {"/v1/audio/speech", "/v1/speak", "/tts/bytes", "/tts/sse", "/v1/tts/generate"}
    with serving(accountant="tests.support.accountants:poor") as server:
        about = described(server)
        found = {path for path in about["paths"] if "post" in about["paths"][path]}
        assert posts < found
        for path in found:
            told = about["paths"][path]["post"]["responses"]
            assert told["402"]["content"] == told["400"]["content"]
        content = b'{"model": "tts-1", "voice": "alloy", "input": "More than twenty characters."}'
        assert send(server.port, content).status == 402  # and it is true
