import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.backends.base import Finish
from tensorrt_tts.codecs.context import CodecContext
from tensorrt_tts.errors import BackendError, CapacityError, DrainingError, InputError
from tensorrt_tts.families.orpheus.frames import FrameCounts
from tensorrt_tts.server.context import Reason
from tensorrt_tts.server.protocols.wire import (
    CancelMessage,
    SentAudio,
    SpeakMessage,
    audio_headers,
    done_message,
    encode,
    error_message,
    parse,
    retry_after_header,
    timings,
    words_message,
)
from tensorrt_tts.speech import SegmentReport, SpeechReport, SpeechRequest
from tensorrt_tts.words import Word

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text() | JSON.map(json.dumps))
def test_anything_parses_or_is_an_input_error_of_one_line(raw: str) -> None:
    try:
        message = str(parse(raw).model_fields_set)
    except InputError as error:
        message = str(error)
    assert len(message.splitlines()) == 1


def test_every_setting_reaches_the_request() -> None:
    message = parse(
        '{"text": "Hi.", "voice": "leo", "temperature": 0, "top_p": 0.9, "top_k": 5, '
        '"repetition_penalty": 1.2, "max_tokens": 70, "seed": 3, "id": "x", "benchmark": true, '
        '"normalize": false, "return_normalized": true, "return_words": true}'
    )
    assert isinstance(message, SpeakMessage)
    assert message.request() == SpeechRequest("Hi.", "leo", 0, 0.9, 5, 1.2, 70, 3, normalize=False)
    assert (message.id, message.benchmark) == ("x", True)
    assert message.return_normalized
    assert message.return_words


def test_cancel_forms() -> None:
    assert parse('{"cancel": true}') == CancelMessage(cancel=True)
    assert parse('{"cancel": "x"}') == CancelMessage(cancel="x")


def _report() -> SpeechReport:
    segment = SegmentReport("Hi.", 9, 70, FrameCounts(accepted=9, concealed=1), Finish.STOP)
    return SpeechReport(
        24000, 0.1, 0.25, 0.3, 0.5, 24000, 2, decode_s=[0.01, 0.02], segments=[segment]
    )


def test_timings_count_from_arrival_and_rates_from_the_slot() -> None:
    assert timings(_report(), queue_s=1.0) == {
        "queue_ms": 1000.0,
        "ttft_ms": 1100.0,
        "ttfa_ms": 1250.0,
        "audible_onset_ms": 1300.0,
        "tokens": 70,
        "tokens_per_sec": 140.0,
        "frames": 10,
        "pause_samples": 0,
        "frames_per_sec": 20.0,
        "generation_time_s": 0.5,
        "real_time_factor": 0.5,
        "decode_times_ms": [10.0, 20.0],
    }


def test_timings_of_nothing_divide_by_nothing() -> None:
    empty = timings(SpeechReport(24000), 0.0)
    assert empty["ttfa_ms"] is None
    assert empty["tokens_per_sec"] is None
    json.loads(encode({"metrics": empty}))


SENT = SentAudio(24000, samples=3, chunks=1)


def _context(report: SpeechReport | None) -> Any:
    return SimpleNamespace(outcome=Reason.COMPLETED, report=report, queue_s=0.0)


def test_done_says_what_was_sent() -> None:
    assert done_message(_context(_report()), SENT) == {
        "done": True,
        "reason": "completed",
        "chunks": 1,
        "duration_s": 0.000125,
        "bytes": 6,
        "sample_rate": 24000,
    }


def test_what_was_left_out_is_told_where_anything_was() -> None:
    report = _report()
    assert "warnings" not in done_message(_context(report), SENT)
    report.warnings.append("left out नमस्ते")
    message = done_message(_context(report), SENT)
    assert message["warnings"] == ["left out नमस्ते"]
    assert json.loads(encode(message)) == message


def test_the_text_as_it_was_said_only_when_asked_for() -> None:
    report = _report()
    report.segments.append(SegmentReport("पाँच रुपए।"))
    asked = done_message(_context(report), SENT, return_normalized=True)
    assert asked["normalized"] == "Hi. पाँच रुपए।"
    assert "normalized" not in done_message(_context(report), SENT)
    assert "normalized" not in done_message(_context(None), SENT, return_normalized=True)


def test_metrics_only_when_asked_for_and_there_are_any() -> None:
    asked = done_message(_context(_report()), SENT, "x", benchmark=True)
    assert asked["metrics"]["tokens"] == 70
    assert asked["id"] == "x"
    assert "metrics" not in done_message(_context(None), SENT, benchmark=True)


def test_the_format_is_told_at_the_handshake() -> None:
    assert dict(audio_headers(CodecContext(16000, 320, 2, 0, 640))) == {
        b"x-audio-encoding": b"pcm_s16le",
        b"x-audio-sample-rate": b"16000",
        b"x-audio-channels": b"1",
        b"x-audio-samples-per-frame": b"640",
    }


def test_errors_carry_code_id_and_when_to_come_back() -> None:
    assert error_message(CapacityError("busy", retry_after=3), "x") == {
        "error": {"code": "overloaded", "message": "busy", "retry_after": 3},
        "id": "x",
    }
    assert error_message(BackendError("no")) == {
        "error": {"code": "backend_error", "message": "no"}
    }


def test_retry_after_header_is_a_whole_number_of_at_least_one() -> None:
    assert retry_after_header(CapacityError("busy", retry_after=0.2)) == {"Retry-After": "1"}
    assert retry_after_header(CapacityError("busy")) == {"Retry-After": "1"}
    draining = DrainingError("bye")
    draining.retry_after = 5
    assert retry_after_header(draining) == {"Retry-After": "5"}
    assert retry_after_header(BackendError("no")) == {}


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ('{"text": 3}', "field text is 3, not a string; correct it"),
        ('{"text": "a", "top_k": 2.5}', "field top_k is 2.5, not a whole number; correct it"),
        ('{"text": "a", "seed": true}', "field seed is True, not a whole number; correct it"),
        ('{"cancel": 3}', "field cancel is 3, which must be True; correct it"),
    ],
)
def test_a_wrong_field_is_told_in_our_words(message: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(message)
    assert str(raised.value) == says


def test_words_as_they_are_sent() -> None:
    word = Word("₹500,", 1 / 3, 2 / 3, 7, 12, estimated=True)
    told = {"text": "₹500,", "start_s": 0.333, "end_s": 0.667, "begin": 7, "end": 12}
    assert words_message([word]) == {"words": [{**told, "estimated": True}]}
    assert words_message([], "x") == {"words": [], "id": "x"}


def test_what_was_heard_is_said_where_it_is_asked_for() -> None:
    context = SimpleNamespace(**vars(_context(None)), heard=lambda: "He paid")
    assert done_message(context, SENT, return_words=True)["heard"] == "He paid"  # type: ignore[arg-type]
    assert "heard" not in done_message(context, SENT)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
def test_a_rate_that_may_be_asked_for(rate: int) -> None:
    message = parse(json.dumps({"text": "Hi.", "sample_rate": rate}))
    assert isinstance(message, SpeakMessage)
    assert message.sample_rate == rate
    assert message.request() == SpeechRequest("Hi.", words=False)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (7999, "sample_rate is 7999, which must be at least 8000"),
        (96000, "sample_rate is 96000, which must be at most 48000"),
        ("48khz", "sample_rate is '48khz', not a whole number"),
        (24000.5, "sample_rate is 24000.5, not a whole number"),
        (True, "sample_rate is True, not a whole number"),
    ],
)
def test_a_rate_that_may_not(rate: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(json.dumps({"text": "Hi.", "sample_rate": rate}))
