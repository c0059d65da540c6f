from typing import Any

import pytest

from tensorrt_tts.server.credentials import credentials, offered_scheme, without_keys


def scope(
    kind: str = "http", query: bytes = b"", subprotocols: list[str] | None = None, **headers: str
) -> dict[str, Any]:
    return {
        "type": kind,
        "query_string": query,
        "subprotocols": subprotocols or [],
        "headers": [
            (name.replace("_", "-").lower().encode(), value.encode())
            for name, value in headers.items()
        ],
    }


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        ({"Authorization": "Bearer K"}, [b"K"]),
        ({"Authorization": "bearer  K "}, [b"K"]),
        ({"Authorization": "Token K"}, [b"K"]),
        ({"Authorization": "TOKEN K"}, [b"K"]),
        ({"X_API_Key": "K"}, [b"K"]),
        ({"xi_api_key": " K "}, [b"K"]),
        ({"Authorization": "Bearer none", "X_API_Key": "K"}, [b"none", b"K"]),
        ({"Authorization": "Basic SzpL"}, []),
        ({"Authorization": "K"}, []),
        ({"Cookie": "api_key=K"}, []),
        ({}, []),
    ],
)
def test_headers(kind: str, headers: dict[str, str], keys: list[bytes]) -> None:
    assert list(credentials(scope(kind, **headers))) == keys


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (b"api_key=K", [b"K"]),
        (b"cartesia_version=2026-03-01&api_key=K", [b"K"]),
        (b"api_key=a%2Bb%20c", [b"a+b c"]),
        (b"api_key=", [b""]),
        (b"api_key=a+b", [b"a+b"]),
        (b"access_token=K&cartesia_version=2026-03-01", [b"K"]),
        (b"model_id=x&single_use_token=K", [b"K"]),
        (b"authorization=K", [b"K"]),
        (b"authorization=Bearer%20K", [b"K"]),
        (b"authorization=bearer+a%2Bb", [b"a+b"]),
        (b"api_key=no&access_token=K", [b"no", b"K"]),
        (b"my_api_key=K&key=K&apikey=K&token=K&Authorization=K", []),
    ],
)
def test_an_address_is_looked_at_where_browsers_have_nothing_else(
    query: bytes, keys: list[bytes]
) -> None:
    assert list(credentials(scope("websocket", query))) == keys
    assert list(credentials(scope("http", query))) == []


@pytest.mark.parametrize(
    ("offered", "scheme", "keys"),
    [
        (["token", "K"], "token", [b"K"]),
        (["bearer", "K"], "bearer", [b"K"]),
        (["token"], None, []),
        (["K", "token"], None, []),
        (["chat", "K"], None, []),
        (["token", "K", "more"], None, []),
        ([], None, []),
    ],
)
def test_subprotocols(offered: list[str], scheme: str | None, keys: list[bytes]) -> None:
    asked = scope("websocket", subprotocols=offered)
    assert offered_scheme(asked) == scheme
    assert list(credentials(asked)) == keys


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/ws/tts?api_key=tts_secret", "/ws/tts?api_key=…"),
        ("/tts/websocket?v=1&api_key=tts_secret&x=2", "/tts/websocket?v=1&api_key=…&x=2"),
        ("/a?access_token=tts_secret&x=2", "/a?access_token=…&x=2"),
        ("/a?x=2&single_use_token=tts_secret", "/a?x=2&single_use_token=…"),
        ("/a?authorization=Bearer%20tts_secret", "/a?authorization=…"),
        ("/a?api_key=", "/a?api_key="),
        ("/a?my_api_key=1", "/a?my_api_key=1"),
        (101, 101),
    ],
)
def test_what_a_log_may_show(given: object, shown: object) -> None:
    assert without_keys(given) == shown
