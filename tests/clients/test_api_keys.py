"""Keys and their limits as the real `openai` package knows them. `make test-clients`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.doubles.null_codec import NullCodec
from tensorrt_tts.server.api_keys import digest
from tests.support.backend_double import BackendDouble, Behaviour
from tests.support.server_thread import ServerThread, serving

openai = pytest.importorskip("openai", reason="needs the openai package: make test-clients")

HELLO: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "Hello."}
KEYS = f"alice:{digest(b'tts_A')} characters_per_minute=10, bob:{digest(b'tts_B')}"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    backend = BackendDouble(behaviour=Behaviour(frames=8))
    with serving(backend, NullCodec(), api_keys=KEYS) as running:
        yield running


def client_of(server: ServerThread, key: str) -> Any:
    address = f"http://127.0.0.1:{server.port}/v1"
    return openai.OpenAI(base_url=address, api_key=key, max_retries=0)


def test_a_key_that_is_known(server: ServerThread) -> None:
    with client_of(server, "tts_B") as client:
        assert [model.id for model in client.models.list()]
        assert client.audio.speech.create(**HELLO).content


@pytest.mark.parametrize("key", ["tts_C", "none", "tts_b"])
def test_one_that_is_not(server: ServerThread, key: str) -> None:
    with client_of(server, key) as client:
        for ask in (client.models.list, lambda: client.audio.speech.create(**HELLO)):
            with pytest.raises(openai.AuthenticationError) as refused:
                ask()
            assert (refused.value.status_code, refused.value.code) == (401, "invalid_api_key")
            assert refused.value.request_id.startswith("req_")


def test_a_limit(server: ServerThread) -> None:
    with client_of(server, "tts_A") as client:
        answer = client.audio.speech.with_raw_response.create(**HELLO)
        assert answer.headers["x-ratelimit-remaining-characters"] == "4"
        with pytest.raises(openai.RateLimitError) as refused:
            client.audio.speech.create(**HELLO)
    assert (refused.value.status_code, refused.value.type) == (429, "rate_limit_error")
    assert int(refused.value.response.headers["retry-after"]) > 0
