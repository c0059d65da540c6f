import hashlib
import hmac
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tensorrt_tts.errors import SettingError
from tensorrt_tts.server import api_keys
from tensorrt_tts.server.api_keys import LOOK_EVERY_S, ApiKeys, digest, new_key, parse_keys
from tensorrt_tts.server.identity import KeyLimits
from tensorrt_tts.server.settings import ServerSettings

ALICE, BOB = b"tts_alice", b"tts_bob"


def line(name: str, key: bytes, more: str = "") -> str:
    return f"{name}:{hashlib.sha256(key).hexdigest()}{more}\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Keys:
    """A key file, and the keys as a server has them."""

    def __init__(self, path: Path, content: str, **settings: Any) -> None:
        self.path, self.clock = path, Clock()
        path.write_text(content, encoding="utf-8")
        self.keys = ApiKeys(settings_of(api_key_file=path, **settings), self.clock)

    def find(self, *given: bytes) -> str | None:
        found = self.keys.find(given)
        return found and found.name

    def later(self) -> None:
        self.clock.now += LOOK_EVERY_S


def settings_of(**changes: Any) -> ServerSettings:
    return ServerSettings(_env_file=None, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_new_key_is_256_bits_that_fit_anywhere() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        assert len(key) == len("tts_") + 43
        assert key.replace("-", "").replace("_", "").isalnum()
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_says_who_may_ask(path: Path) -> None:
    keys = Keys(path, f"# ours\n\n{line('alice', ALICE)}{line('bob', BOB, '  # the bot')}")
    assert (keys.find(ALICE), keys.find(BOB)) == ("alice", "bob")
    assert keys.find(b"nothing", BOB) == "bob"
    for wrong in (b"", b"tts_alic", b"tts_alice ", b"TTS_ALICE", digest(ALICE).encode(), b"\xff"):
        assert keys.find(wrong) is None
    assert keys.find() is None
    assert keys.keys.needed


def test_the_environment_says_it_too(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    bob = f"bob:{digest(BOB).upper()} streams=2"
    monkeypatch.setenv("TTS_API_KEYS", f"{line('alice', ALICE).strip()}, {bob}")
    path.write_text(line("carol", b"c"), encoding="utf-8")
    keys = ApiKeys(settings_of(api_key_file=path))
    found = [keys.find([key]) for key in (ALICE, BOB, b"c")]
    assert [key and key.name for key in found] == ["alice", "bob", "carol"]
    assert found[1] is not None
    assert found[1].limits.streams == 2


def test_no_keys_is_open() -> None:
    keys = ApiKeys(settings_of())
    assert not keys.needed
    assert keys.find([b"any"]) is None


def test_every_known_key_is_compared_in_constant_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(path, line("alice", ALICE) + line("bob", BOB))
    compared, safe = [], hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return safe(one, other)

    monkeypatch.setattr(api_keys.hmac, "compare_digest", compare)
    assert keys.find(ALICE) == "alice"
    assert compared == [(digest(ALICE), digest(ALICE)), (digest(BOB), digest(ALICE))]


LIMITED = [
    ("", KeyLimits(3, 1000)),
    (" streams=8", KeyLimits(8, 1000)),
    (" characters_per_minute=60000", KeyLimits(3, 60_000)),
    (" streams=unlimited", KeyLimits(None, 1000)),
    (" characters_per_minute=unlimited streams=1", KeyLimits(1, None)),
]


@pytest.mark.parametrize(("own", "limits"), LIMITED)
def test_a_key_has_the_limits_of_the_settings_but_for_its_own(
    path: Path, own: str, limits: KeyLimits
) -> None:
    content = line("alice", ALICE, own) + line("bob", BOB)
    keys = Keys(path, content, key_streams=3, key_characters_per_minute=1000)
    alice, bob = keys.keys.find([ALICE]), keys.keys.find([BOB])
    assert alice is not None
    assert bob is not None
    assert (alice.limits, bob.limits) == (limits, KeyLimits(3, 1000))


WRONG = {
    "no name": (f":{digest(ALICE)}", "line 2: name '' is not 1 to 64 letters"),
    "a hash alone": (digest(ALICE), "no SHA-256 of 64 hexadecimal digits follows a name and ':'"),
    "a key alone": ("tts_secret", "no SHA-256"),
    "a key before its hash": (f"tts_secret {digest(ALICE)}", "no SHA-256"),
    "the other way round": ("tts_secret:alice", "no SHA-256"),
    "a space in the name": (f"a b:{digest(ALICE)}", "no SHA-256"),
    "an odd name": (f"a/b:{digest(ALICE)}", "name 'a/b' is not 1 to 64 letters"),
    "no hash": ("alice", "no SHA-256"),
    "the key itself": ("alice:tts_secret", "NAME:SHA256 a line, as .*, and never the key itself"),
    "half a hash": (f"alice:{digest(ALICE)[:32]}", "no SHA-256"),
    "an unknown limit": (
        f"alice:{digest(ALICE)} sockets=1",
        "limit 'sockets' is unknown; the limits are: streams, characters_per_minute",
    ),
    "no number": (f"alice:{digest(ALICE)} streams=many", "streams is 'many'; use a whole number"),
    "zero": (f"alice:{digest(ALICE)} streams=0", "streams is '0'; use a whole number from 1 on"),
    "another digit": (f"alice:{digest(ALICE)} streams=٣", "streams is '٣'; use a whole number"),
    "twice": (line("alice", ALICE) + line("bob", ALICE), "line 3: bob has the key of alice"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_line_is_named(path: Path, name: str) -> None:
    content, says = WRONG[name]
    with pytest.raises(SettingError, match=says) as refused:
        Keys(path, f"# keys\n{content}")
    assert str(refused.value).startswith(f"api_key_file '{path}', line ")
    assert "tts_secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_wrong_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_API_KEYS", "alice:short")
    with pytest.raises(SettingError, match="api_keys, line 1: no SHA-256"):
        ApiKeys(settings_of())


@pytest.mark.parametrize("content", ["", "\n", "# nobody yet\n"])
def test_a_file_without_a_key_does_not_open_the_server(path: Path, content: str) -> None:
    with pytest.raises(SettingError, match="has no key in it; write one NAME:SHA256 a line"):
        Keys(path, content)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nothing' is not there; make it with .* >> "):
        ApiKeys(settings_of(api_key_file=tmp_path / "nothing"))
    with pytest.raises(SettingError, match="is a folder, not a file"):
        ApiKeys(settings_of(api_key_file=tmp_path))
    (tmp_path / "latin").write_bytes(b"# caf\xe9\n")
    with pytest.raises(SettingError, match="is not UTF-8: byte 5 is 0xe9"):
        ApiKeys(settings_of(api_key_file=tmp_path / "latin"))


@pytest.mark.parametrize("limit", ["key_streams", "key_characters_per_minute"])
def test_limits_of_keys_without_keys(limit: str) -> None:
    with pytest.raises(SettingError, match=r"there are none; set --api-key-file"):
        ApiKeys(settings_of(**{limit: 3}))


# Read again


def test_a_changed_file_is_read_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = Keys(path, line("alice", ALICE))
    path.write_text(line("bob", BOB), encoding="utf-8")
    assert keys.find(ALICE) == "alice"  # not looked at yet
    keys.later()
    with caplog.at_level(logging.INFO):
        assert (keys.find(ALICE), keys.find(BOB)) == (None, "bob")
    assert "was read again: 1 keys" in caplog.text


def test_one_that_did_not_change_is_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(path, line("alice", ALICE))
    monkeypatch.setattr(api_keys, "read_text", lambda *_: pytest.fail("was read"))
    for _ in range(3):
        keys.later()
        assert keys.find(ALICE) == "alice"


def test_a_link_that_is_turned_to_another_file(tmp_path: Path) -> None:
    """As Kubernetes replaces what it mounts; of the same size and date."""
    for name, key in (("one", b"1"), ("other", b"2")):
        (tmp_path / name).write_text(line("alice", key), encoding="utf-8")
        os.utime(tmp_path / name, (1, 1))
    link = tmp_path / "keys"
    link.symlink_to("one")
    clock = Clock()
    keys = ApiKeys(settings_of(api_key_file=link), clock)
    link.unlink()
    link.symlink_to("other")
    clock.now += LOOK_EVERY_S
    assert keys.find([b"1"]) is None
    assert keys.find([b"2"]) is not None


@pytest.mark.parametrize("broken", ["alice:oops\n", None])
def test_while_the_file_is_broken_the_keys_before_stay_good(
    path: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keys(path, line("alice", ALICE))
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken, encoding="utf-8")
    for _ in range(3):
        keys.later()
        assert keys.find(ALICE) == "alice"
    assert caplog.text.count("the keys read before stay good") == 1
    path.write_text(line("bob", BOB), encoding="utf-8")
    keys.later()
    assert (keys.find(ALICE), keys.find(BOB)) == (None, "bob")


def test_a_file_that_becomes_empty_lets_nobody_in(path: Path) -> None:
    keys = Keys(path, line("alice", ALICE))
    path.write_text("", encoding="utf-8")
    keys.later()
    assert keys.find(ALICE) is None
    assert keys.keys.needed


def test_two_keys_of_one_name(path: Path) -> None:
    """While one replaces the other."""
    keys = Keys(path, line("alice", ALICE) + line("alice", BOB))
    assert (keys.find(ALICE), keys.find(BOB)) == ("alice", "alice")


def test_the_source_is_named() -> None:
    with pytest.raises(SettingError, match=r"^there, line 3: "):
        parse_keys(["", "", "x"], "there", KeyLimits())
