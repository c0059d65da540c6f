import re

from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.text.segment import _WIDE_MARKS, SHORT, Segmenter, _abbreviated, segment


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


def sentences(text: str) -> list[str]:
    found, start = [], 0
    for match in re.finditer(r"""(?<=[.!?।…])["')\]]*\s+|(?<=[。！？])["')\]」』）]*\s*""", text):
        head = text[start : match.end()].rstrip()
        if not _abbreviated(head):
            found.append(head)
            start = match.end()
    return found + [text[start:]] * bool(text[start:])


def pieces_of(sentence: str, limit: int) -> list[str]:
    if len(sentence) <= limit:
        return [sentence]
    for breath in (r"(?<=[,;:–—])\s+|(?<=[，、；：])\s*", r"\s+"):
        cuts = [m.span() for m in re.finditer(breath, sentence) if m.start() <= limit]
        cuts = [cut for cut in cuts if cut[0] >= min(SHORT, limit // 2)]
        if cuts:
            return [sentence[: cuts[-1][0]], *pieces_of(sentence[cuts[-1][1] :], limit)]
    return [sentence[:limit], *pieces_of(sentence[limit:], limit)]


def with_all_known(text: str, limit: int) -> list[str]:
    """All sentences, then all pieces, then what joins: the parts as they are meant."""
    parts: list[str] = []
    for piece in (piece for sentence in sentences(text) for piece in pieces_of(sentence, limit)):
        short = parts and (len(parts[-1]) < SHORT or len(piece) < SHORT)
        if short and len(parts[-1]) + 1 + len(piece) <= limit:
            parts[-1] += ("" if parts[-1][-1] in _WIDE_MARKS else " ") + piece
        else:
            parts.append(piece)
    return parts


@given(
    pieces=st.lists(
        st.tuples(
            st.sampled_from(
                ["The", "children", "Dr.", "(J.", "e.g.", "बारिश", "మధ్యాహ్నానికి", "孩子们放学"]
            )
            | words,
            st.sampled_from(
                [" "] * 8 + [", ", ". ", "? ", ".) ", '!" ', "; ", "। ", "。", "。」", "，"]
            ),
        ),
        min_size=1,
        max_size=40,
    ),
    limit=st.sampled_from([48, 60, 90, 120, 220]),
)
def test_parts_are_those_of_the_text_with_all_known(
    pieces: list[tuple[str, str]], limit: int
) -> None:
    text = "".join(word + mark for word, mark in pieces).strip()
    assert segment(text, limit) == with_all_known(text, limit)


def test_an_abbreviation_is_judged_by_its_part_where_a_long_word_was_cut() -> None:
    """The one thing that differs from the text with all known: "Dr." at the head of the part."""
    text = "x" * 30 + "Dr. Smith is here today, you know."
    assert segment(text, 30) == ["x" * 30, "Dr. Smith is here today,", "you know."]
    assert with_all_known(text, 30) == ["x" * 30, "Dr.", "Smith is here today, you know."]


def test_a_segmenter_begins_anew_after_the_end() -> None:
    segmenter = Segmenter(120)
    assert segmenter.feed("Oh") == []
    assert segmenter.end() == ["Oh"]
    assert segmenter.end() == []
    assert segmenter.feed("No") + segmenter.end() == ["No"]
