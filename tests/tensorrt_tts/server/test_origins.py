import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server.origins import is_allowed, is_own, parse_origins
from tensorrt_tts.server.settings import read_settings


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://site.example", "https://site.example"),
        ("HTTPS://Site.Example/", "https://site.example"),
        ("https://site.example:443", "https://site.example"),
        ("http://site.example:80", "http://site.example"),
        ("http://site.example:443", "http://site.example:443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_origins_as_browsers_write_them(given: str, origin: str) -> None:
    assert parse_origins([given]) == (origin,)


@pytest.mark.parametrize(
    "given",
    [
        "site.example",
        "https://",
        "https://site.example/page",
        "https://*.example",
        "//a",
        "a:b",
        "https://a?b",
        "https://user@a",
        "**",
    ],
)
def test_what_is_no_origin(given: str) -> None:
    with pytest.raises(SettingError, match="is no origin; write scheme, host and port") as refused:
        read_settings(["--allowed-origins", given])
    assert "--allowed-origins or TTS_ALLOWED_ORIGINS" in str(refused.value)


@pytest.mark.parametrize(
    "written", ["https://a.example,http://b:1", "https://a.example  http://b:1"]
)
def test_a_list_as_people_write_it(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    wanted = ("https://a.example", "http://b:1")
    assert read_settings(["--allowed-origins", written]).allowed_origins == wanted
    monkeypatch.setenv("TTS_ALLOWED_ORIGINS", written)
    assert read_settings([]).allowed_origins == wanted
    monkeypatch.delenv("TTS_ALLOWED_ORIGINS")
    assert read_settings([]).allowed_origins == ()


@pytest.mark.parametrize(
    ("origin", "allowed", "expected"),
    [
        ("https://a.example", ("https://a.example",), True),
        ("https://A.example:443", ("https://a.example",), True),
        ("http://a.example", ("https://a.example",), False),
        ("https://a.example:8443", ("https://a.example",), False),
        ("https://a.example.evil", ("https://a.example",), False),
        ("https://evil-a.example", ("https://a.example",), False),
        ("null", ("https://a.example",), False),
        ("null", ("null",), True),
        ("https://any", ("*",), True),
        ("https://any", (), False),
    ],
)
def test_allowed(origin: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert is_allowed(origin, allowed) is expected


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://localhost:8000", "localhost:8000"),
        ("http://LOCALHOST:8000", "localhost:8000"),
        ("http://tts.localhost", "tts.localhost"),
        ("http://gpu-box:8000", "gpu-box:8000"),  # as Python's websocket-client says by itself
        ("http://tts.default.svc.cluster.local", "tts.default.svc.cluster.local"),
        ("http://192.168.1.7:8000", "192.168.1.7:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://127.0.0.1", "127.0.0.1:80"),
        ("https://speech.example", "speech.example"),
        ("https://speech.example", "speech.example:443"),
        ("https://speech.example:8443", "speech.example:8443"),
    ],
)
def test_the_servers_own_pages(origin: str, host: str) -> None:
    assert is_own(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "127.0.0.1:8000"),
        ("http://localhost:3000", "localhost:8000"),
        ("http://localhost", "127.0.0.1"),
        ("http://127.0.0.1.evil.example:8000", "127.0.0.1:8000"),
        ("https://speech.example:8443", "speech.example"),
        ("null", "127.0.0.1:8000"),
        ("null", ""),
        ("http://", ""),
        ("", ""),
        ("http://[", "["),
        ("http://:8000", ":8000"),
        ("http://evil.local.example:8000", "evil.local.example:8000"),
        ("ftp://127.0.0.1", "127.0.0.1"),
        ("chrome-extension://127.0.0.1", "127.0.0.1"),
        # DNS rebinding: the site's own name points here by now.
        ("http://evil.example:8000", "evil.example:8000"),
        ("http://localhost.evil.example:8000", "localhost.evil.example:8000"),
        ("http://1.2.3.evil.example:8000", "1.2.3.evil.example:8000"),
    ],
)
def test_pages_of_others(origin: str, host: str) -> None:
    assert not is_own(origin, host)
