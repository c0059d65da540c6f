"""Which words of the text each segment says, in the spelling that was sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.errors import TextError
from tensorrt_tts.text.feed import ReadingRules, TextFeed
from tensorrt_tts.text.segment import Segment
from tensorrt_tts.text.spoken import SpokenOptions
from tensorrt_tts.text.written import WrittenText
from tests.tensorrt_tts.text.test_feed import FIRST_CLAUSES, LIMITS, TAGS, TEXTS, new_feed, pieces


def said(text: str, *, spoken: bool = True, limit: int = 220) -> list[tuple[str, str]]:
    """Each word as it was sent, and what is said for it."""
    rules = ReadingRules(limit, TAGS, "en", SpokenOptions(tags=TAGS) if spoken else None)
    feed = TextFeed(rules)
    segments = feed.feed(text) + feed.end()
    words = [(segment, word) for segment in segments for word in segment.words]
    assert all(text[word.begin : word.end] == word.text for _, word in words)
    return [(word.text, segment.text[word.start : word.stop].strip()) for segment, word in words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He paid.", [("He", "He"), ("paid.", "paid.")]),
        ("Pay  ₹1,50,000 \t now", [
            ("Pay", "Pay"), ("₹1,50,000", "one lakh fifty thousand rupees"), ("now", "now."),
        ]),
        ("₹1,23,456 का।", [("₹1,23,456", "एक लाख तेईस हज़ार चार सौ छप्पन रुपए"), ("का।", "का।")]),
        ("2½ cups", [("2½", "two and a half"), ("cups", "cups.")]),
        ("See https://a.b/c now", [
            ("See", "See"), ("https://a.b/c", "a dot b slash c"), ("now", "now."),
        ]),
        ("a **bold** “word”", [("a", "a"), ("**bold**", "bold"), ("“word”", '"word".')]),
        ("Dr. Who so\u00adft", [("Dr.", "Doctor"), ("Who", "Who"), ("so\u00adft", "soft.")]),
        ("rain — sun 😀 fun", [("rain", "rain"), ("sun", "sun"), ("fun", "fun.")]),
        ("rain — sun & fun.", [("rain", "rain"), ("sun", "sun"), ("&", "and"), ("fun.", "fun.")]),
        ("rain ... sun.", [("rain", "rain"), ("sun.", "sun.")]),
        ("“One” - two  three.", [
            ("“One”", '"One"'), ("two", "two"), ("three.", "three."),
        ]),
        ("न चाय, न कॉफ़ी।", [("न", "न"), ("चाय,", "चाय,"), ("न", "न"), ("कॉफ़ी।", "कॉफ़ी।")]),
        ("東京 へ go.", [("東", "東"), ("京", "京"), ("へ", "へ"), ("go.", "go.")]),
        ("cafe\u0301 <Laugh> ok", [
            ("cafe\u0301", "café"), ("<Laugh>", "<laugh>"), ("ok", "ok."),
        ]),
        ("雨停了，「好」 ok.", [
            ("雨", "雨"), ("停", "停"), ("了，", "了，"), ("「好」", "「好」"), ("ok.", "ok."),
        ]),
        ("Why.Then more", [("Why.", "Why."), ("Then", "Then"), ("more", "more.")]),
    ],
)  # fmt: skip
def test_what_is_said_for_each_word(text: str, words: list[tuple[str, str]]) -> None:
    assert said(text) == words


def test_what_is_said_for_several_words_is_divided_among_them() -> None:
    assert said("on 5 March 2024, she") == [
        ("on", "on"),
        ("5", "fifth"),
        ("March", "March"),
        ("2024,", "twenty twenty four,"),
        ("she", "she."),
    ]
    amount = said("only Rs. 500 more")
    assert [word for word, _ in amount] == ["only", "Rs.", "500", "more"]
    assert " ".join(part for _, part in amount) == "only five hundred rupees more."


def test_nothing_is_said_for_what_is_left_out() -> None:
    assert said("One. ** — ** Two.") == [("One.", "One."), ("Two.", "Two.")]
    assert said("*** !!! ok", spoken=False) == [("ok", "ok.")]


def test_words_of_a_long_sentence_go_with_its_parts() -> None:
    text = "when the rain had stopped at last, " * 5 + "they left."
    feed = TextFeed(ReadingRules(80))
    segments = feed.feed(text) + feed.end()
    assert len(segments) > 2
    for segment in segments:
        assert " ".join(word.text for word in segment.words) == segment.text
        assert all(segment.text[word.start : word.stop] == word.text for word in segment.words)


def words_of(texts: list[str], limit: int, first_clause: int | None) -> list[object] | str:
    feed = new_feed(limit, first_clause)
    try:
        segments = [part for text in texts for part in feed.feed(text)] + feed.end()
    except TextError as error:
        return str(error)
    return [word for segment in segments for word in segment.words]


@given(pieces(), LIMITS, FIRST_CLAUSES)
def test_the_words_do_not_depend_on_the_pieces(
    texts: list[str], limit: int, first_clause: int | None
) -> None:
    assert words_of(texts, limit, first_clause) == words_of(["".join(texts)], limit, first_clause)


@given(TEXTS, LIMITS)
def test_words_are_verbatim_in_order_and_within_their_segments(text: str, limit: int) -> None:
    feed = new_feed(limit)
    try:
        segments = feed.feed(text) + feed.end()
    except TextError:
        return
    position = 0
    for segment in segments:
        spoken = 0
        for word in segment.words:
            assert position <= word.begin < word.end
            assert text[word.begin : word.end] == word.text
            assert spoken <= word.start < word.stop <= len(segment.text)
            position, spoken = word.end, word.stop


LETTERS = st.text(st.characters(categories=("L", "N", "P", "Z"), codec="utf-8"), max_size=80)


@given(st.one_of(TEXTS, LETTERS), LIMITS.map(lambda limit: limit + limit % 2))
def test_every_letter_and_digit_is_in_a_word_where_nothing_is_put_in_words(
    text: str, limit: int
) -> None:
    feed = new_feed(limit)
    try:
        segments: list[Segment] = feed.feed(text) + feed.end()
    except TextError:
        return
    covered = {
        place
        for segment in segments
        for word in segment.words
        for place in range(word.begin, word.end)
    }
    assert not {
        place
        for place, character in enumerate(text)
        if unicodedata.category(character)[0] in "LN" and place not in covered
    }


@given(pieces(), LIMITS)
def test_positions_count_on_over_a_flush(texts: list[str], limit: int) -> None:
    feed = new_feed(limit)
    whole, segments = "", []
    for text in texts:
        try:
            segments += feed.feed(text) + feed.flush()
        except TextError:
            return
        whole += text
    for segment in segments:
        for word in segment.words:
            assert whole[word.begin : word.end] == word.text


def test_a_piece_is_found_again_whatever_its_white_space_was() -> None:
    written = WrittenText()
    written.feed("  One \u00a0two.\n\n")
    written.feed("Thr")
    assert [(word.begin, word.text) for word in written.take("One two.")] == [
        (2, "One"),
        (7, "two."),
    ]
    written.feed("ee")
    assert [(word.begin, word.text) for word in written.take("Three")] == [(13, "Three")]
