import pytest

from tensorrt_tts.server.unknown_settings import unknown_settings

KNOWN = ("slots", "api_keys", "log_level")


def told(*given: str, keys: bool = False) -> list[str]:
    return list(unknown_settings(given, KNOWN, "TTS_", keys))


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("TTS_SLOT", "did you mean TTS_SLOTS?"),
        ("tts_slots_", "did you mean TTS_SLOTS?"),
        ("TTS_LOGLEVEL", "did you mean TTS_LOG_LEVEL?"),
        ("TTS_API_KEYZ", "did you mean TTS_API_KEYS?"),
        ("TTS_COLOUR", "`--help` lists those there are"),
    ],
)
def test_a_name_with_our_prefix(given: str, remedy: str) -> None:
    said = f"{given.upper()} is no setting of the server and has no effect; {remedy}"
    assert told(given, "TTS_SLOTS", "Tts_Log_Level") == [said]


@pytest.mark.parametrize(
    "given", ["TTS_SLOTS", "TTS_URL", "TTS_PUBLIC", "PORT", "TENSORRT_TTS_CACHE"]
)
def test_what_is_known_or_nobody_s(given: str) -> None:
    assert told(given) == []


def test_a_client_s_key_protects_no_server() -> None:
    (said,) = told("TTS_API_KEY")
    assert said.startswith("TTS_API_KEY is what a client sends, and this server asks for no key;")
    assert told("TTS_API_KEY", keys=True) == []
