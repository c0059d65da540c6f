import pytest

from tensorrt_tts.text.scripts import without_foreign


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He met नमस्ते दोस्तों in the town", ["नमस्ते", "दोस्तों"]),
        ("నమస్కారం Tom", ["నమస్కారం"]),
        ("in 日本 they say はい.", ["日本", "はい"]),
        ("Привет, мир!", ["Привет", "мир"]),
        ("मेराbill", ["मेरा"]),
        ("क्\u200dष and क्\u200cष", ["क्\u200dष", "क्\u200cष"]),
        ("αβγ", ["αβγ"]),
        ("π is 3, 5 µm at 20 ℃", []),
        ("café naïve Łódź Nguyễn ﬁne Ｈｉ ʼtis", []),
        ("☂\ufe0f 😀 “x” — ₹5 …", []),
        ("", []),
    ],
)
def test_words_in_other_letters(text: str, words: list[str]) -> None:
    kept, found = without_foreign(text)
    assert found == words
    if words:
        assert (
            kept.split()
            == "".join(" " if not c.isascii() and c not in "☂" else c for c in text).split()
        )
    else:
        assert kept == text


@pytest.mark.parametrize(
    ("text", "kept", "words"),
    [
        ("He met नमस्ते दोस्तों, π", "He met नमस्ते दोस्तों, π", []),
        ("घर 日本 में", "घर   में", ["日本"]),
        ("क्\u200dष నమస్కారం", "क्\u200dष  ", ["నమస్కారం"]),
        ("हम૪ખ और", "हम૪  और", ["ખ"]),
    ],
)
def test_devanagari_may_be_read_too(text: str, kept: str, words: list[str]) -> None:
    assert without_foreign(text, devanagari=True) == (kept, words)
