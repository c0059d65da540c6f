"""What is said on the client's side of a socket, without one."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts import errors
from tensorrt_tts.client.conversation import UNSAID_RATE, Answer, Conversation, SpeechFields
from tensorrt_tts.client.handshake import opening
from tensorrt_tts.codecs.snac.config import SNAC_24KHZ
from tensorrt_tts.words import Word


@pytest.fixture
def talk() -> Conversation:
    return Conversation("ws://a/ws/tts", None, 1.0)


def asked(talk: Conversation, **fields: Any) -> Answer:
    answer = Answer(talk, talk.name())
    talk.request(answer, "Hello.", SpeechFields(**fields))  # type: ignore[typeddict-item]
    return answer


def say(talk: Conversation, **content: Any) -> None:
    talk.hear(json.dumps(content))


def done(talk: Conversation, name: str | None = None, **more: Any) -> None:
    say(talk, done=True, reason="completed", **({"id": name} if name else {}), **more)


def audio(answer: Answer) -> bytes:
    return b"".join(answer._arrived())


def test_a_request_has_what_was_given_and_a_name(talk: Conversation) -> None:
    first, second = Answer(talk, talk.name()), Answer(talk, talk.name())
    said = talk.request(first, "Grüße!", {"voice": None, "seed": 0, "return_words": True})
    assert json.loads(said) == {"text": "Grüße!", "seed": 0, "return_words": True, "id": "1"}
    assert "Grüße" in said
    assert json.loads(talk.request(second, "x", {})) == {"text": "x", "id": "2"}


@pytest.mark.parametrize("fields", [{}, {"voice": "caf\udce9"}])
def test_what_is_no_text_is_not_sent(talk: Conversation, fields: SpeechFields) -> None:
    text = "Hello." if fields else "caf\udce9"
    with pytest.raises(errors.InputError, match="text or voice is not valid UTF-8"):
        talk.request(Answer(talk, talk.name()), text, fields)
    done(talk)  # of nobody


def test_audio_is_the_first_one_s_until_it_has_ended(talk: Conversation) -> None:
    first, second = asked(talk), asked(talk)
    talk.hear(b"ab")
    done(talk, "1")
    talk.hear(b"cd")
    talk.hear(b"ef")
    assert (audio(first), audio(second)) == (b"ab", b"cdef")
    assert first.report is not None
    assert second.report is None


def test_a_refusal_finds_its_own_before_its_turn(talk: Conversation) -> None:
    first, second, third = asked(talk), asked(talk), asked(talk)
    say(talk, error={"code": "unknown_voice", "message": "no"}, id="2")
    with pytest.raises(errors.UnknownVoiceError):
        second._goes_on()
    talk.hear(b"ab")
    done(talk, "1")
    talk.hear(b"cd")
    assert (audio(first), audio(third)) == (b"ab", b"cd")


def test_a_refusal_without_a_name_is_of_the_newest(talk: Conversation) -> None:
    first, second = asked(talk), asked(talk)
    say(talk, error={"code": "invalid_request", "message": "no"})
    with pytest.raises(errors.InputError):
        second._goes_on()
    assert first._goes_on()


def test_an_end_without_a_name_is_of_the_one_that_speaks(talk: Conversation) -> None:
    first, second = asked(talk), asked(talk)
    done(talk)
    assert first.report is not None
    assert second._goes_on()


def test_audio_that_came_before_a_failure_is_heard(talk: Conversation) -> None:
    answer = asked(talk)
    talk.hear(b"ab")
    say(talk, error={"code": "backend_stalled", "message": "hm"}, id="1")
    assert answer._goes_on()
    assert audio(answer) == b"ab"
    with pytest.raises(errors.StalledError):
        answer._goes_on()


def test_nobody_s_audio_is_kept(talk: Conversation) -> None:
    first, second = asked(talk), asked(talk)
    talk.hear(b"ab")
    first._drop()
    talk.hear(b"cd")
    assert (audio(first), first._goes_on()) == (b"", False)
    done(talk, "1")
    talk.hear(b"ef")
    assert audio(second) == b"ef"


def test_a_cancel_that_is_too_late(talk: Conversation) -> None:
    answer = asked(talk)
    assert json.loads(talk.cancellation(answer) or "") == {"cancel": "1"}
    done(talk, "1")
    assert talk.cancellation(answer) is None


def test_words_even_of_a_later_server_s(talk: Conversation) -> None:
    answer = asked(talk)
    times = {"start_s": 0.1, "end_s": 0.5, "begin": 0, "end": 2, "estimated": True}
    say(talk, words=[{"text": "Hi", **times, "loudness": 3}], id="1")
    assert answer.words == [Word("Hi", 0.1, 0.5, 0, 2, True)]


def test_a_report(talk: Conversation) -> None:
    answer = asked(talk)
    metrics = {"ttft_ms": 3.5}
    done(talk, "1", duration_s=0.5, warnings=["x"], heard="Hi", normalized="hi", metrics=metrics)
    report = answer.report
    assert report is not None
    assert (report.reason, report.duration_s, report.warnings) == ("completed", 0.5, ["x"])
    assert (report.heard, report.normalized, report.metrics) == ("Hi", "hi", metrics)
    assert "id" not in report.message


def test_a_report_that_says_little(talk: Conversation) -> None:
    answer = asked(talk)
    done(talk)
    report = answer.report
    assert report is not None
    assert (report.warnings, report.heard, report.normalized, report.metrics) == (
        [],
        None,
        None,
        {},
    )


@pytest.mark.parametrize("code", sorted(errors.by_code()))
def test_every_error_is_the_one_of_the_tree(talk: Conversation, code: str) -> None:
    answer = asked(talk)
    say(talk, error={"code": code, "message": "why", "retry_after": 2.5}, id="1")
    with pytest.raises(errors.TTSError) as raised:
        answer._goes_on()
    assert (type(raised.value), raised.value.retry_after) == (errors.by_code()[code], 2.5)
    assert str(raised.value) == f"the server says {code}: why"


@pytest.mark.parametrize("said", ["oh", "[1]", '{"words": [{}]}', '{"words": [1]}', '{"words": 1}'])
def test_what_no_server_of_ours_says_is_the_end(talk: Conversation, said: str) -> None:
    first, second = asked(talk), asked(talk)
    told = "does not answer as a speech server"
    with pytest.raises(errors.BackendError, match=told), talk.connected():
        talk.hear(said)
    for lost in (first, second):
        with pytest.raises(errors.BackendError, match="does not answer"):
            lost._goes_on()
    with pytest.raises(errors.BackendError, match="does not answer"), talk.connected():
        pass
    assert talk.cancellation(first) is None


SAID = st.one_of(
    st.binary(max_size=4),
    st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(("id", "done", "error", "words", "sample_rate", "reason")),
        st.one_of(
            st.none(),
            st.booleans(),
            st.sampled_from(("1", "2", 1, 24_000, [], {}, [{}], {"code": "overloaded"})),
        ),
    ).map(json.dumps),
)


@given(st.lists(SAID, max_size=12))
def test_whatever_a_server_says_is_taken_or_ends_the_connection(said: list[str | bytes]) -> None:
    """In one way."""
    talk = Conversation("ws://a/ws/tts", None, 1.0)
    answers = [asked(talk), asked(talk)]
    for message in said:
        try:
            with talk.connected():
                talk.hear(message)
        except errors.BackendError:
            break
    for answer in answers:
        answer._drop()
        with contextlib.suppress(errors.TTSError):
            assert not answer._goes_on()
        assert not answer._lacks()


@pytest.mark.parametrize("asking", [False, True])
def test_a_request_that_was_interrupted_ends_the_connection(
    talk: Conversation, asking: bool
) -> None:
    """Nobody knows then whether it was heard. Anything else may be interrupted."""
    answer = asked(talk)
    with pytest.raises(KeyboardInterrupt), talk.connected(asking):
        raise KeyboardInterrupt
    if asking:
        with pytest.raises(errors.BackendError, match="connect again"):
            answer._goes_on()
    else:
        assert answer._goes_on()


def test_the_rate_of_a_server_that_says_none() -> None:
    assert SNAC_24KHZ.sampling_rate == UNSAID_RATE


@pytest.mark.parametrize("key", ["", "a b", "schlüssel", "a\nb", "a\rX: 1"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(errors.SettingError, match="the API key is empty, or has spaces") as raised:
        opening("ws://a/", key, None, 1.0)
    assert not key or key not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"), [("a b", "1"), ("A", "é"), ("A", "1\r\nB: 2"), ("", "1")]
)
def test_what_is_no_header(name: str, value: str) -> None:
    with pytest.raises(errors.SettingError, match=r"^header .* cannot send") as raised:
        opening("ws://a/", None, {name: value}, 1.0)
    assert "\n" not in str(raised.value)


def test_headers_and_a_key() -> None:
    asked = opening("ws://a/", "tts_x", {"Modal-Key": "wk:1"}, 3.0)
    assert asked["additional_headers"] == {"Modal-Key": "wk:1", "Authorization": "Bearer tts_x"}
    assert asked["open_timeout"] == 3.0
