"""Whatever the text: no error, nothing more to say at a second time, and a way back in order."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorrt_tts.text.spoken import SpokenOptions, speak_as, spoken_form

_PIECES = """
    5 12 1,23,456 3.5 2024 9876543210 ₹ $ Rs. % / - – — : . , ; ! ? ( ) [ ] < > * ** _ ` # @ & + = ×
    ° ½ ² ' " | ~ ^ km kg am pm Dr. No. St. Jan IV a the in of नमस्ते रु. बजे में कि.मी. డా. గంటలకు లో
    रूं वीं వ है। ५ १२ ౫ http:// www. a@b.com #tag @h [laugh] <laugh> <b> </b> <break/> &amp; 🎉 👍
    \u200b \u00ad \u0301 é 中文 한국 தமிழ் ① 10x k cr लाख లక్షలు U.S. 1. i.e. 5th 2x2 COVID-19 10:30
    5/6 1/2/2024 2-3 +91 కి లకు కోట్లతో /- *123# a.pdf ఉ. म.नं. भा.ज.पा. FY2024-25 vs 9.30 m³ अरब
""".split()  # noqa: SIM905
TEXTS = st.one_of(
    st.lists(st.sampled_from([*_PIECES, "\n", " "]), max_size=12).map(" ".join),
    st.lists(st.one_of(st.sampled_from(_PIECES), st.characters()), max_size=12).map("".join),
)
LANGUAGES = st.sampled_from([None, "en", "hi", "te", "de"])
_INDIC_LETTERS = re.compile(r"[\u0904-\u0939\u0958-\u0961\u0972-\u097f\u0c05-\u0c39\u0c58-\u0c61]")


@given(text=TEXTS, language=LANGUAGES)
@settings(max_examples=300, deadline=None)
def test_it_never_raises_and_gives_composed_text(text: str, language: str | None) -> None:
    said = spoken_form(text, language)
    assert unicodedata.is_normalized("NFC", said)
    assert said == said.strip()


@given(text=TEXTS, language=LANGUAGES, numbers=st.sampled_from(["sentence", "english"]))
@settings(max_examples=300, deadline=None)
def test_the_way_back_is_in_order_and_inside(text: str, language: str, numbers: str) -> None:
    spoken = speak_as(text, SpokenOptions(language, numbers, tags=("laugh",)))  # type: ignore[arg-type]
    before = (0, 0)
    for position in range(len(spoken.text)):
        start, end = spoken.origin(position, position + 1)
        assert 0 <= start <= end <= len(text)
        assert before[0] <= start
        assert before[1] <= end
        before = start, end


WORDS = st.lists(
    st.text(st.characters(min_codepoint=0x905, max_codepoint=0x94D), min_size=2, max_size=9)
    | st.text(st.characters(min_codepoint=0xC05, max_codepoint=0xC4D), min_size=2, max_size=9)
    | st.sampled_from(["मेरा", "क्षमा", "है।", "సాఫ్ట్‌వేర్", "coffee", "the", "దుఃఖం,", "ज़्यादा", "हूँ?"]),
    max_size=10,
)


@given(words=WORDS, language=LANGUAGES)
@settings(max_examples=300, deadline=None)
def test_every_indic_letter_stays(words: list[str], language: str | None) -> None:
    text = unicodedata.normalize("NFC", " ".join(words))
    said = spoken_form(text, language)
    assert _INDIC_LETTERS.findall(said) == _INDIC_LETTERS.findall(text)


@given(text=TEXTS)
@settings(max_examples=200, deadline=None)
def test_no_digit_is_left_in_a_spoken_language(text: str) -> None:
    said = spoken_form(text, "en")
    another_script = re.search(r"[^\x00-\u036f\u0900-\u097f\u0c00-\u0c7f]", text)
    if not another_script:
        assert not re.search(r"[0-9०-९౦-౯½²]", said)


@pytest.mark.parametrize("language", [None, "hi"])
def test_a_second_time_changes_nothing(language: str | None) -> None:
    """Over every pair of pieces, joined and apart: what one stage leaves, no other one reads."""
    for first in _PIECES[::2]:
        for second in _PIECES[::6]:
            for text in (first + second, f"{first} {second}"):
                said = spoken_form(text, language)
                assert spoken_form(said, language) == said, text
