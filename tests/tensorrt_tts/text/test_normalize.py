import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.normalize import TextCheck, check_text, closed, typeset


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  Hello   there ", "Hello there."),
        ("Stop!!! Now!!", "Stop! Now!"),
        ("Well... maybe", "Well… maybe."),
        ("“Quoted” isn’t it?", '"Quoted" isn\'t it?'),
        ("line one\nline two", "line one line two."),
        ('He said "no"', 'He said "no".'),
        ("He said “no”", 'He said "no".'),
        ("It was (as ever) late (or not)", "It was (as ever) late (or not)."),
        ('"Is it so?"', '"Is it so?"'),
        ("(It is.)", "(It is.)"),
        ("उसने कहा “नहीं”", 'उसने कहा "नहीं".'),
        ("यह श्लोक है॥", "यह श्लोक है॥"),
        ("Great job! 👍🏽", "Great job! 👍🏽"),
        ("Great job 👍", "Great job 👍."),
        ("नमस्ते। आप कैसे हैं", "नमस्ते। आप कैसे हैं."),
        ("నమస్కారం", "నమస్కారం."),
        ("wait,", "wait."),
        ("a < b and b > c", "a < b and b > c."),
        ("<laugh> Good one.", "<laugh> Good one."),
        ("Hello. -", "Hello."),
        ("wait--", "wait."),
        ("wait ,; – —", "wait."),
        ("wait--what", "wait--what."),
        ('He said "no", —', 'He said "no".'),
        ("है। —", "है।"),
        ("好。 ,", "好。"),
        ("..…and then….", "…and then…"),
        ("Go\u037e \u037e now; ;", "Go; now."),
    ],
)
def test_what_is_read(typed: str, read: str) -> None:
    assert closed(typeset(typed).text) == read


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
        check_text(typed)


@given(st.text(max_size=200) | st.text(st.sampled_from('ab .…!?।,;:-"“<>e\u0301\n'), max_size=40))
def test_reading_twice_changes_nothing(typed: str) -> None:
    once = closed(typeset(typed).text)
    assert closed(typeset(once).text) == once


@given(st.text(st.sampled_from("a<>|_custom_token_5 spk"), max_size=60), st.integers(1, 9))
def test_pieces_are_checked_as_the_whole(text: str, size: int) -> None:
    def outcome(*pieces: str) -> str | None:
        check = TextCheck()
        try:
            for piece in pieces:
                check.feed(piece)
        except TextError as error:
            return str(error)
        return None

    assert outcome(*[text[i : i + size] for i in range(0, len(text), size)]) == outcome(text)
