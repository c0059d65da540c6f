"""What a voice reads of a text."""

import re

import pytest

from tensorrt_tts.text import phonemes
from tensorrt_tts.text.reading import AsWritten, EnglishPhonemes, HindiSpelling, Reading
from tensorrt_tts.text.written import WrittenWord

TEXT = "मेरा phone, नहीं है।"


@pytest.fixture(autouse=True)
def converter(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that knows the words of Latin letters."""

    def phonemize(text: str) -> str:
        read = re.findall("[a-z]+", text)
        return "".join(" ".join(word.upper() for word in read)) + "." * bool(read)

    monkeypatch.setattr(phonemes, "phonemize", phonemize)


@pytest.mark.parametrize(
    ("reading", "read", "foreign"),
    [
        (AsWritten(), TEXT, []),
        (EnglishPhonemes(), "PHONE.", ["मेरा", "नहीं", "है"]),
        (HindiSpelling(), "मेरा PHONE, नहीं है.", []),
    ],
)
def test_what_is_read_and_what_is_left_out(reading: Reading, read: str, foreign: list[str]) -> None:
    text, found = reading.without_foreign(TEXT)
    assert found == foreign
    assert reading.read(text) == read


def test_each_word_is_found_in_what_is_read() -> None:
    text = "रुको — A4में phone-call, है।".replace("A4", "a")
    words = [WrittenWord(m[0], *m.span(), *m.span()) for m in re.finditer(r"\w[^\s—]*", text)]
    read = HindiSpelling().read(text)
    spans = HindiSpelling().spans(text, words, read)
    assert [read[start:stop] for start, stop in spans] == ["रुको", "A में", "PHONE CALL", "है"]
    assert AsWritten().spans(text, words, text) == [(w.start, w.stop) for w in words]


@pytest.mark.parametrize("reading", [EnglishPhonemes(), HindiSpelling()])
def test_a_word_whose_phonemes_are_given_is_foreign_to_nobody(reading: Reading) -> None:
    text, foreign = reading.without_foreign("met [నమస్తే](/nəmˈʌstA/) and నమస్తే")
    assert foreign == ["నమస్తే"]
    assert "(/nəmˈʌstA/)" in text


def test_words_of_other_scripts_have_no_place() -> None:
    text = "घर నమస్కారం है."
    words = [WrittenWord(m[0], *m.span(), *m.span()) for m in re.finditer(r"\S+", text)]
    read = HindiSpelling().read(HindiSpelling().without_foreign(text)[0])
    spans = HindiSpelling().spans(text, words, read)
    assert [read[start:stop] for start, stop in spans] == ["घर", "", "है"]
