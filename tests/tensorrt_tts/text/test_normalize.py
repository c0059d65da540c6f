import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.normalize import normalize


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  Hello   there ", "Hello there."),
        ("Stop!!! Now!!", "Stop! Now!"),
        ("Well... maybe", "Well… maybe."),
        ("“Quoted” isn’t it?", '"Quoted" isn\'t it?'),
        ("line one\nline two", "line one line two."),
        ("नमस्ते। आप कैसे हैं", "नमस्ते। आप कैसे हैं."),
        ("నమస్కారం", "నమస్కారం."),
        ("wait,", "wait."),
        ("a < b and b > c", "a < b and b > c."),
        ("<laugh> Good one.", "<laugh> Good one."),
    ],
)
def test_what_is_read(typed: str, read: str) -> None:
    assert normalize(typed) == read


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "nothing to speak"),
        ("  \n\t ", "nothing to speak"),
        ("?!…", "nothing to speak"),
        ("a" * 5001, "5001 characters, the limit is 5000; send it in parts"),
        ("bell\a", r"U\+0007 at position 4; remove it"),
        ("lone \ud800 surrogate", "not valid UTF-8 at position 5"),
        ("say <custom_token_28> now", "'<custom_token_28>' at position 4"),
        ("<|eot_id|>", "special token"),
        ("<spk_kavya> hello", "special token"),
    ],
)
def test_what_is_refused(typed: str, says: str) -> None:
    with pytest.raises(TextError, match=says):
        normalize(typed)


@given(st.text(max_size=200))
def test_reading_twice_changes_nothing(typed: str) -> None:
    try:
        once = normalize(typed)
    except TextError:
        return
    assert normalize(once) == once
