"""Text in pieces: the segments of the whole text, each as soon as it is certain."""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import sentencex
from hypothesis import assume, given
from hypothesis import strategies as st

from tensorrt_tts.errors import TextError
from tensorrt_tts.text import cuts, normalize, sentences, spacing, tags
from tensorrt_tts.text import pieces as pieces_module
from tensorrt_tts.text.cuts import SHORT
from tensorrt_tts.text.feed import ReadingRules, TextFeed
from tensorrt_tts.text.segment import Segment
from tensorrt_tts.text.spoken import SpokenOptions

TAGS = ("laugh", "sigh", "작은 웃음")
WORDS = (  # noqa: SIM905
    "The rain had stopped by noon Were children home already Dr. Mr. J. e.g. U.S. 3.5 1,200 I a "
    "बारिश दोपहर तक रुक गई थी। है॥ నమస్కారం ఎలా ఉన్నారు 孩子们放学回家之前雨已经停了， "
    "妈妈在厨房里做饭。 爸爸！ 「好」 “好。” e\u0301 cafe\u0301 \u1112\u1161\u11ab 각 \u0928\u093c "
    '<laugh> <\u00a0Laugh\u3000> <la <작은 <작은\u00a0웃음> <giggle> > "quoted." (so) ‘x’. '
    "well... 😀 ʼ ☂ <custom_token_ <|eot Rs. Jan. No. Ph.D. डॉ. रु. कि.मी. "
    "आर. के. వచ్చారు. డా. 1. 2) 5 - • [laugh] [giggle (see ) "
    "[ ] p.m. ₹1,23,456 98765 43210 a.b@example.com एक| वाक्य॥ 好.我们 "
    "Why.Then said […] [1] 👍🏽 \" ' '' Bahnhofstr. <작은\n웃음> \u00ad\u200b क्ष्म"
).split(" ")
MARKS = (  # noqa: SIM905
    ", |. |? |! |; |: | — |… |。|，|！|\n|\r\n|\t|  |?!|! !|...|. . .|.…|-|--| -| ,|)|”|;;"
    "|\u0301|\u037e||\n\n|\n \n|\u2029|\n- |\n2. |.[1] |. [2] | '' |: |/|\"|'"
).split("|") + [" "] * 12
TEXTS = st.lists(
    st.builds(str.__add__, st.sampled_from(WORDS), st.sampled_from(MARKS)), min_size=1, max_size=40
).map("".join)
LIMITS = st.sampled_from([20, 30, 31, 47, 48, 60, 90, 91, 120, 220, 221])
FIRST_CLAUSES = st.sampled_from([None, None, 1, 8, SHORT, 40])


@st.composite
def pieces(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> list[str]:
    text = draw(texts)
    if draw(st.booleans()):
        return list(text)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)))))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def new_feed(limit: int, first_clause: int | None = None, **settings: Any) -> TextFeed:
    spoken = SpokenOptions(tags=TAGS) if limit % 2 else None
    return TextFeed(ReadingRules(limit, TAGS, "en", spoken), first_clause=first_clause, **settings)


def fed(feed: TextFeed, texts: Iterable[str]) -> list[Segment]:
    return [given for text in texts for given in feed.feed(text)]


def segments(texts: Iterable[str], limit: int, first_clause: int | None = None) -> list[str]:
    feed = new_feed(limit, first_clause)
    return [part.text for part in fed(feed, texts) + feed.end() if part.text]


def outcome(
    texts: Iterable[str], limit: int, first_clause: int | None = None
) -> list[Segment] | str:
    feed = new_feed(limit, first_clause)
    try:
        return fed(feed, texts) + feed.end()
    except TextError as error:
        return str(error)


@given(pieces(), LIMITS, FIRST_CLAUSES)
def test_any_pieces_give_the_segments_of_the_whole(
    texts: list[str], limit: int, first_clause: int | None
) -> None:
    assert outcome(texts, limit, first_clause) == outcome(["".join(texts)], limit, first_clause)


@given(pieces(), pieces(), LIMITS, FIRST_CLAUSES)
def test_what_was_given_no_continuation_changes(
    texts: list[str], more: list[str], limit: int, first_clause: int | None
) -> None:
    given_first = fed(new_feed(limit, first_clause), texts)
    whole = outcome(["".join(texts + more)], limit, first_clause)
    assert isinstance(whole, str) or whole[: len(given_first)] == given_first


@given(st.lists(pieces(), min_size=1, max_size=5), LIMITS)
def test_a_flush_divides_texts_that_know_nothing_of_one_another(
    turns: list[list[str]], limit: int
) -> None:
    alone = [outcome(["".join(texts)], limit) for texts in turns]
    spoken = [part for found in alone if not isinstance(found, str) for part in found if part.text]
    assume(spoken)
    feed = new_feed(limit)
    given = [part for turn in turns for part in fed(feed, turn) + feed.flush()]
    assert [part for part in given if part.text] == spoken
    assert feed.end() == []


@given(st.lists(pieces(), min_size=1, max_size=5), LIMITS, FIRST_CLAUSES)
def test_any_pieces_between_the_same_flushes(
    turns: list[list[str]], limit: int, first_clause: int | None
) -> None:
    in_pieces, whole = (new_feed(limit, first_clause) for _ in range(2))
    for turn in turns:
        found = fed(in_pieces, turn) + in_pieces.flush()
        assert found == whole.feed("".join(turn)) + whole.flush()


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["Dr", ". Smith met J. ", "Brown in the old garden."], None),
        (["Dr.", " Smith is not at home today."], None),
        (["Were the children home already?", "! They were not at home."], None),
        (["It was as quiet as it gets.", ".", ". Then someone laughed out loud."], None),
        (["They laughed <la", "ugh> and went home.\r", "\nIt was late by then, very late."], None),
        (["Un cafe", "\u0301 noir."], ["Un café noir."]),
        (["\u1112", "\u1161", "\u11ab", "국어."], ["한국어."]),
        (["क", "\u093c", "लम"], ["क\u093cलम."]),
        (["雨已经停了。", "」孩子们放学回家。"], None),
        (["Wait", ",", " "], ["Wait."]),
        (["Wait", ",", " ", "what?"], ["Wait, what?"]),
        (["< Lau", "gh", " > Good."], ["<laugh> Good."]),
        (["", "Hello", "", "  "], ["Hello."]),
        (["  ", "\n", "Hello"], ["Hello."]),
    ],
)
def test_where_it_is_cut(texts: list[str], found: list[str] | None) -> None:
    whole = segments(["".join(texts)], 60)
    assert segments(texts, 60) == whole
    assert found is None or whole == found


def when(text: str, limit: int = 120, first_clause: int | None = None) -> list[tuple[str, str]]:
    """For each segment the text that had been fed, character by character, when it came."""
    feed = new_feed(limit, first_clause)
    came = [
        (text[: end + 1], part.text)
        for end, character in enumerate(text)
        for part in feed.feed(character)
    ]
    return came + [("end", part.text) for part in feed.end()]


RAIN = "The rain had stopped by noon. Were the children home already? They came at last, all three."


def test_a_sentence_comes_once_the_next_one_is_too_long_to_join_it() -> None:
    first, second, third = re.split(r"(?<=[.?]) ", RAIN)
    assert when(RAIN) == [
        (f"{first} {second[:SHORT]}", first),
        (f"{first} {second} {third[:SHORT]}", second),
        ("end", third),
    ]


def test_a_short_sentence_waits_for_its_neighbour() -> None:
    text = "Oh. I see what you mean and would have done the same. Yes."
    assert when(text) == [("end", text)]
    # Until that is known not to fit.
    assert when(f"Oh. {'x' * 80}", limit=68)[0] == (f"Oh. {'x' * 68}x", "Oh.")
    first, second = "Oh. " + "x" * 40, "y" * 40 + "."
    assert [part for _, part in when(f"{first} {second}", limit=68)] == [first, second]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "雨已经停了，路上还有很多水，孩子们还没有放学回家呢。",
            "妈妈在厨房里做饭，爸爸在客厅看报纸，一家人都在等孩子们回来。",
        ),
        (
            "बारिश दोपहर तक रुक गई थी और सब बाहर आ गए।",
            " बच्चे शाम को स्कूल से घर वापस आए थे और सब",
        ),
        ("వర్షం మధ్యాహ్నానికి ఆగిపోయింది మరి.", " పిల్లలు సాయంత్రం బడి నుంచి ఇంటికి తిరిగి"),
        (
            "비가 정오에 그쳤고 아이들은 아직 학교에서 오지 않았다.",
            " 어머니는 부엌에서 밥을 하고 아버지는 거실에서 신문을",
        ),
    ],
)
def test_other_scripts_come_as_early(first: str, second: str) -> None:
    came, part = when(first + second)[0]
    assert part == first
    assert len(came) - len(first) - second.startswith(" ") == SHORT


def test_a_long_sentence_is_cut_as_soon_as_it_is_too_long() -> None:
    text = "when the rain had stopped at last, " * 4
    clause = text[:34]
    assert when(text, 80)[0] == (text[: 70 + SHORT], f"{clause} {clause}")


def test_what_may_be_a_tag_waits_no_longer_than_a_tag_is_long() -> None:
    words = "They had been laughing for a while by now and went on so until noon came "
    assert when(f"{words} <{'x' * 80}", 80)[0] == (f"{words} <{'x' * 41}", words.rstrip())
    assert when(f"{words} <laugh> and went home.", 78)[0][1] == words.rstrip()


def test_a_tag_at_the_limit_stays_whole() -> None:
    for tag in ("<작은 웃음>", "[작은 웃음]", "< 작은 웃음 >"):
        for length in range(40, 60):
            text = f"{'가나다 ' * 20}"[:length].strip() + f" {tag} 그리고 집으로 돌아갔어요 오늘은."
            parts = segments([text], 60)
            assert sum("작은 웃음" in part for part in parts) == 1
            assert segments(text, 60) == parts


@pytest.mark.parametrize(
    ("first", "seen", "later"),
    [
        ("I would have liked to come,", " b", "ut the rain did not stop before noon."),
        ("Yes, of course. Well, let me see:", " i", "t is noon, and I am late."),
        ("Were the children home already?", " No", ", not yet."),
        ("It costs 1,200,300,400,500,600 rupees —", " n", "o more."),
        ("妈妈今天早上在厨房里给我们所有人做好吃的早饭了呢，", "爸", "爸在客厅看报纸。"),
        ("మా అమ్మ ఈ రోజు ఉదయం వంటగదిలో,", " న", "ాన్న హాలులో ఉన్నారు."),
    ],
)
def test_the_first_segment_may_end_at_a_clause(first: str, seen: str, later: str) -> None:
    came = when(first + seen + later, first_clause=SHORT)
    assert came[0] == (first + seen, first)
    assert [part for _, part in came[1:]] == segments([seen + later], 120)


def test_only_the_first_segment_ends_early() -> None:
    text = "I would have liked to come, but the rain did not stop, and the bus was late, as ever."
    assert segments([text], 120, first_clause=SHORT) == [text[:27], text[28:]]
    assert segments([text], 120) == [text]


def test_a_flush_ends_the_segment_in_progress() -> None:
    feed = new_feed(120)
    assert feed.feed("Yes") == []
    assert feed.flush() == [Segment("Yes.")]
    assert feed.flush() == []
    assert feed.feed("No, ") == []
    assert feed.flush() == [Segment("No.")]
    assert [part.left_out for part in feed.feed(" - ") + feed.flush()] == ["-"]
    assert feed.end() == []


def test_a_segment_with_nothing_to_speak_is_left_out() -> None:
    sentence = "The rain had stopped by noon."
    assert segments([f"{sentence} {'*' * 30} {sentence}"], 30) == [sentence, sentence]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["Hello ", "the\are"], r"U\+0007 at position 9; remove it"),
        (["Hello ", "", "\ud83d", "\ude00"], "not valid UTF-8 at position 6; convert it first"),
        (["Say <custom_tok", "en_", "5", "> now"], "'<custom_token_5>' at position 4, which is"),
        (["Say <", "|eot", "_id|", ">"], r"'<\|eot_id\|>' at position 4, which"),
        (["a <b> c ", "<sp", "k_ka", "vya>"], "'<spk_kavya>' at position 8, which"),
        (["x" * 4999, "y", "z" * 3], "5003 characters, the limit is 5000; send it in parts"),
    ],
)
def test_what_is_refused_in_pieces(texts: list[str], says: str) -> None:
    feed = new_feed(120)
    fed(feed, texts[: len(texts) - 1 - ("\ude00" in texts)])
    with pytest.raises(TextError, match=says):
        fed(feed, texts[-1 - ("\ude00" in texts) :])
    with pytest.raises(TextError, match=says):  # the whole says the same
        new_feed(120).feed("".join(texts))


def test_positions_count_on_over_a_flush() -> None:
    feed = new_feed(120, max_characters=20)
    feed.feed("Hello <custom_token_")
    feed.flush()
    with pytest.raises(TextError, match="21 characters, the limit is 20"):
        feed.feed("5")
    feed = new_feed(120)
    feed.feed("Hello <custom_token_")
    feed.flush()
    feed.feed("5>")  # two segments: no token in either
    with pytest.raises(TextError, match="at position 25"):
        feed.feed("and\a")


def test_a_refused_piece_is_not_taken_in() -> None:
    feed = new_feed(120)
    given = feed.feed(RAIN[:60])
    assert [part.text for part in given] == ["The rain had stopped by noon."]
    for refused in ("bell\a", "<|eot_id|>", "x" * 5000):
        with pytest.raises(TextError):
            feed.feed(refused)
    rest = feed.feed(RAIN[60:]) + feed.end()
    assert [part.text for part in rest] == segments([RAIN], 120)[1:]


@pytest.mark.parametrize("texts", [[], [""], [" ", "\n"], ["?", "!"], ["—"], ["😀"]])
def test_nothing_to_speak(texts: list[str]) -> None:
    feed = new_feed(120)
    assert not any(part.text for part in fed(feed, texts) + feed.flush())
    with pytest.raises(TextError, match="nothing to speak"):
        feed.end()


class Counted:
    """A pattern that counts the characters it is shown."""

    shown = 0

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def search(self, text: str) -> re.Match[str] | None:
        Counted.shown += len(text)
        return self.pattern.search(text)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        Counted.shown += 1  # a word or less is all that is looked for
        return self.pattern.match(text, start)

    fullmatch = match

    def sub(self, replacement: Any, text: str) -> str:
        Counted.shown += len(text)
        return self.pattern.sub(replacement, text)

    def findall(self, text: str) -> list[Any]:
        Counted.shown += len(text)
        return self.pattern.findall(text)

    def finditer(self, text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[Any]:
        Counted.shown += max(0, min(end, len(text)) - start)
        return self.pattern.finditer(text, start, end)


@pytest.mark.parametrize(
    "unit",
    [
        RAIN + " ",
        "x",
        " ",
        "\n",
        "-",
        ".",
        ",",
        ". ",
        "a. ",
        "Dr. ",
        '"',
        ' "',
        ".' ",
        "(",
        ")",
        ". (",
        "[",
        "[1]",
        ". [1] ",
        "।",
        "|",
        "。",
        "」",
        "<",
        ">",
        "<a",
        "1",
        "1 ",
        "1, ",
        "😀",
        ". 😀",
        "क्",
        "\u0301",
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_the_work_grows_with_the_length_alone(
    monkeypatch: pytest.MonkeyPatch, unit: str, whole: bool
) -> None:
    for module in (cuts, normalize, pieces_module, sentences, spacing, tags):
        for name, value in vars(module).copy().items():
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counted(value))
    judged: list[int] = []
    monkeypatch.setattr(
        sentencex, "segment", lambda language, text: (judged.append(len(text)), [text])[1]
    )
    work = []
    for length in (1000, 2000):
        text = "a." + unit * (length // len(unit)) + "a"
        Counted.shown = 0
        judged.clear()
        feed = new_feed(120)
        fed(feed, [text] if whole else text)
        feed.end()
        work.append(Counted.shown + sum(judged))
    assert work[0] >= 1000
    assert work[1] <= 2.2 * work[0] + 1000


def joined(texts: Iterable[str], limit: int) -> list[str]:
    spoken = SpokenOptions(tags=TAGS) if limit % 2 else None
    feed = TextFeed(ReadingRules(limit, TAGS, "en", spoken, joined=True))
    return [segment.text for segment in fed(feed, texts) + feed.end() if segment.text]


@given(pieces(), LIMITS)
def test_joined_segments_are_those_of_the_whole_too(texts: list[str], limit: int) -> None:
    try:
        whole = joined(["".join(texts)], limit)
    except TextError:
        assume(False)
    assert joined(texts, limit) == whole
    apart = segments(texts, limit)
    assert "".join("".join(whole).split()) == "".join("".join(apart).split())
    assert len(whole) <= len(apart)
    assert max(map(len, whole)) <= max(limit, *map(len, apart))


@pytest.mark.parametrize(
    ("texts", "limit", "found"),
    [
        (["One is here, and it is long. Two is here, and it is long."], 120, 1),
        (["One is here, and it is long.\n\nTwo is here, and it is long."], 120, 1),
        (["One is here, and it is long. Two is here, and it is long."], 40, 2),
        (["One. Two. Three.\n\nFour."], 120, 1),
    ],
)
def test_as_few_as_the_limit_allows(texts: list[str], limit: int, found: int) -> None:
    assert len(joined(texts, limit)) == found
