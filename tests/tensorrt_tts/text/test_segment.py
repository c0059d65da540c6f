from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.text.segment import segment


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
