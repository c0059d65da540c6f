import pytest

from tensorrt_tts.text.cuts import cut_place, divides_letter


def cut(text: str, limit: int) -> str:
    return text[: cut_place(text, 0, limit, lambda stop, begin: False)]


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        ("one, two three four five six", 16, "one, two three"),  # a stub of three on the left
        ("one two three, four five six", 20, "one two three,"),
        ("one two three four five six", 20, "one two three four"),
        ("one two three four five six", 13, "one two three"),
        ("今天天气很好，我们去公园吧", 10, "今天天气很好，"),
        ("今天天气很好我们去公园吧", 10, "今天天气很好我们去公"),
        ("价格大概是人民币123.50元", 11, "价格大概是人民币"),
        ("x" * 30, 20, "x" * 20),
        ("हम वह तर्रा" + "स्त्रीस्त्री", 14, None),
        ("हमलोगवहाँगयेथेक्ष्मी", 18, "हमलोगवहाँगयेथे"),
        ("అమ్మకుస్త్రీ", 9, "అమ్మకు"),
        ("ab 👩\u200d👩\u200d👧 cd efgh", 6, "ab "),
    ],
)
def test_where(text: str, limit: int, left: str | None) -> None:
    found = cut(text, limit)
    assert left is None or found == left
    assert not divides_letter(text, len(found))


def test_never_within_a_tag() -> None:
    text = "가나다라마바 사아자차카 <작은 웃음> 타파하"
    for limit in range(10, len(text)):
        found = cut(text, limit)
        assert found.count("<") == found.count(">"), limit


def test_never_within_a_tag_with_attributes() -> None:
    tag = '<phoneme alphabet="ipa" ph="ˌɪn.tɚ.næʃ.ə.nəl aɪ.ˈzeɪ.ʃən">'
    text = f"one two three four five six {tag}word</phoneme> seven eight nine"
    for limit in range(30, len(text)):
        found = cut(text, limit)
        assert found.count("<") == found.count(">"), limit
    assert cut("one two three if four < five and six seven", 36) == (
        "one two three if four < five and six"
    )


def test_what_is_inside_is_cut_only_where_nothing_else_can_be() -> None:
    text = "we paid one lakh twenty three thousand and left"
    number = range(text.index("one"), text.index(" and"))

    def inside(stop: int, begin: int) -> bool:
        return stop in number and begin in number

    assert text[: cut_place(text, 0, 30, inside)] == "we paid one lakh twenty three"
    text = "and so all of us paid one lakh twenty three thousand"
    number = range(text.index("one"), len(text))
    assert text[: cut_place(text, 0, 40, inside)] == "and so all of us paid"


@pytest.mark.parametrize(
    "letter", ["e\u0301", "क्ष", "स्त्री", "క్ష", "\u1112\u1161\u11ab", "👍🏽", "☂\ufe0f", "क्\u200dष"]
)
def test_one_letter_is_not_divided(letter: str) -> None:
    assert all(divides_letter(letter, place) for place in range(1, len(letter)))
    assert not divides_letter("a" + letter, 1)
