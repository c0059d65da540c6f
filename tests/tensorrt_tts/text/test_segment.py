import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.text.feed import ReadingRules, TextFeed
from tensorrt_tts.text.segment import Segment, segment
from tensorrt_tts.text.sentences import Break
from tensorrt_tts.text.spoken import SpokenOptions, speak_as


def spoken(text: str, limit: int = 120) -> list[Segment]:
    feed = TextFeed(ReadingRules(limit, spoken=SpokenOptions("en")))
    return feed.feed(text) + feed.end()


def test_sentences() -> None:
    text = "The rain had stopped by noon. Were the children home already? They came at last!"
    assert segment(text, 120) == [
        "The rain had stopped by noon.",
        "Were the children home already? They came at last!",  # the last one alone is short
    ]


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert segment("Dr. Smith met J. Brown in the old garden.", 120) == [
        "Dr. Smith met J. Brown in the old garden."
    ]


def test_hindi_full_stop() -> None:
    first = "बारिश दोपहर तक रुक गई थी और सब बाहर आ गए।"
    second = "बच्चे शाम को स्कूल से घर वापस आए थे।"
    assert segment(f"{first} {second}", 120) == [first, second]


def test_chinese_needs_no_space_after_its_marks() -> None:
    first, second = (
        "孩子们放学回家之前雨已经停了，路上还有很多水。",
        "妈妈在厨房里做饭，爸爸在客厅看报纸！",
    )
    assert segment(first + second, 30) == [first, second]
    parts = segment((first + second) * 3, 16)
    assert "".join(parts) == (first + second) * 3
    assert all(part[-1] in "，。！" for part in parts)


def test_short_sentences_join_their_neighbours() -> None:
    assert segment("Oh. Yes. I see what you mean.", 120) == ["Oh. Yes. I see what you mean."]


def test_long_sentences_are_cut_where_one_breathes() -> None:
    text = "when the rain had stopped at last, " * 5 + "they left."
    parts = segment(text, 80)
    assert all(len(part) <= 80 for part in parts)
    assert all(part.endswith(",") for part in parts[:-1])


words = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=30)
marks = st.sampled_from([" ", ". ", "? ", ", ", "! ", "; ", "। ", "。", "，", "！"])


@given(
    pieces=st.lists(st.tuples(words, marks), min_size=1, max_size=40), limit=st.integers(20, 200)
)
def test_nothing_is_lost_and_nothing_is_too_long(pieces: list[tuple[str, str]], limit: int) -> None:
    text = "".join(word + mark for word, mark in pieces).strip()
    parts = segment(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_lists_and_titles() -> None:
    assert spoken("Bread\nMilk\nEggs") == [Segment("Bread. Milk. Eggs.")]
    assert spoken("A title\n\nThe text begins here.") == [
        Segment("A title."),
        Segment("The text begins here.", Break.PARAGRAPH),
    ]


def test_what_is_between_segments() -> None:
    first, second = "The rain had stopped by noon.", "Were the children home already?"
    clause = "when the rain had stopped at last, " * 3
    found = spoken(f"{first} {second}\n{first}\n\n{second} {clause}they left.", 80)
    assert [(part.text[:8], part.before) for part in found] == [
        ("The rain", Break.NONE),
        ("Were the", Break.SENTENCE),
        ("The rain", Break.SENTENCE),
        ("Were the", Break.PARAGRAPH),
        ("when the", Break.SENTENCE),
        ("when the", Break.NONE),
    ]


def test_what_has_nothing_to_speak_is_named_and_its_break_kept() -> None:
    assert spoken("The rain had stopped.\n\n* * *\n\nThey came.") == [
        Segment("The rain had stopped."),
        Segment("", Break.PARAGRAPH, "* * *"),
        Segment("They came.", Break.PARAGRAPH),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The whole sum of all that we have ever paid for it by now is ₹1,23,456 and no more.",
        "Please ring us up in the morning, if you can, on +91 98765 43210 or come over.",
        "Of all the dates that there were in the diary she liked January 5, 2024 the best.",
        "मैंने आज सुबह बाज़ार में सब मिलाकर ₹1,23,456 का सामान ख़रीदा और घर आया।",
        "నేను ఈ రోజు ఉదయం బజారులో మొత్తం ₹1,23,456 ఖర్చు చేసి ఇంటికి వచ్చాను మరి.",
    ],
)
def test_no_number_is_cut_in_its_words(text: str) -> None:
    """Nor is one cut as it was written: it would not be read as one."""
    whole = speak_as(text, SpokenOptions("en")).text
    for limit in range(88, len(whole) + 1):
        parts = [part.text for part in spoken(text, limit)]
        assert all(len(part) <= limit for part in parts)
        assert " ".join(parts).split() == whole.split()
        for number in NUMBERS.findall(whole):
            assert sum(number in part for part in parts) == 1, (limit, parts)


NUMBERS = re.compile(
    "one lakh twenty three thousand four hundred fifty six rupees|January fifth, twenty twenty four"
    "|plus nine one|nine eight seven six five, four three two one zero"
    "|एक लाख तेईस हज़ार चार सौ छप्पन रुपए"
)


def test_short_ones_are_not_joined_over_a_paragraph() -> None:
    assert [part.text for part in spoken("Oh.\n\nYes.\nI see.")] == ["Oh.", "Yes. I see."]
