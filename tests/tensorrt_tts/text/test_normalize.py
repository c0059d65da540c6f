import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.normalize import _UNDECIDED, Normalizer, _composes, normalize


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
        ("Hello. -", "Hello."),
        ("wait--", "wait."),
        ("wait ,; – —", "wait."),
        ("wait--what", "wait--what."),
        ('He said "no", —', 'He said "no"'),
        ("है। —", "है।"),
        ("好。 ,", "好。"),
        ("..…and then….", "…and then…"),
        ("Go\u037e \u037e now; ;", "Go; now."),
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


def test_a_character_that_composes_with_nothing_before_it_is_a_safe_place_to_cut() -> None:
    """For each character there is: what may be its second half, what it begins with, what it is."""
    for character in map(chr, range(sys.maxunicode + 1)):
        if not unicodedata.decomposition(character) and not "가" <= character <= "힣":
            continue
        parts = unicodedata.normalize("NFD", character)
        composed = unicodedata.normalize("NFC", character)
        if len(parts) > 1 and composed == character:
            assert all(_composes(part) for part in parts[1:]), ascii(character)
            assert parts[0] not in _UNDECIDED, ascii(character)
            assert not parts[0].isspace(), ascii(character)
        assert _composes(character) or not _composes(parts[0]), ascii(character)
        if composed in _UNDECIDED or composed.isspace():
            assert character in _UNDECIDED or character.isspace(), ascii(character)


RUNS = st.text(
    st.sampled_from(
        'ab .…!?।,;:-–—\u037e\n\r"“<>e\u0301\u0338\u0323\u1112\u1161\u11ab\u0928\u093c。'
    ),
    max_size=40,
)


@given(RUNS)
def test_the_whole_at_once_reads_the_same(typed: str) -> None:
    """Without regard to where it may be cut: one step after the other over all of the text."""
    text = unicodedata.normalize("NFC", typed).translate(str.maketrans("“", '"'))
    text = " ".join(text.split())
    text = re.sub(r"[.…]{2,}", "…", text)
    text = re.sub(r"([!?।,;:])( ?\1)+", r"\1", text).rstrip(" ,;:-–—")
    normalizer = Normalizer()
    read = normalizer.feed(typed) + normalizer.end()
    assert read == text + ("" if text[-1:] in ".!?।…\"')>。" else ".")


@given(RUNS, RUNS)
def test_what_is_given_no_continuation_changes(typed: str, more: str) -> None:
    whole = Normalizer()
    read = whole.feed(typed + more) + whole.end()
    in_pieces = Normalizer()
    first = "".join(map(in_pieces.feed, typed))
    assert read.startswith(first)
    assert first + "".join(map(in_pieces.feed, more)) + in_pieces.end() == read


@given(st.text(max_size=200) | RUNS)
def test_reading_twice_changes_nothing(typed: str) -> None:
    try:
        once = normalize(typed)
    except TextError:
        return
    assert normalize(once) == once
