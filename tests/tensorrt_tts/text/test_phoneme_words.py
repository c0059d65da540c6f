import re

import pytest

from tensorrt_tts.text.phoneme_words import phoneme_spans
from tensorrt_tts.text.phonemes import phonemize
from tensorrt_tts.text.written import WrittenWord


def spans(text: str, read: dict[str, str]) -> list[str]:
    """Each word's phonemes, where a converter reads `read`."""
    words = [WrittenWord(m[0], *m.span(), *m.span()) for m in re.finditer(r"\S+", text)]
    phonemes = read[text]
    found = phoneme_spans(text, words, phonemes, lambda word: read[word])
    return [phonemes[start:stop] for start, stop in found]


def test_word_by_word() -> None:
    text = "Oh, that dog."
    assert spans(text, {text: "ˈO, ðæt dˈɔɡ."}) == ["ˈO", "ðæt", "dˈɔɡ"]


@pytest.mark.parametrize(
    ("read", "found"),
    [
        ({"a USB": "ɐ jˌu ˌɛs bˈi.", "a": "ɐ.", "USB": "jˌu ˌɛs bˈi."}, ["ɐ", "jˌu ˌɛs bˈi"]),
        ({"of it": "ʌvɪt.", "of": "ʌv.", "it": "ɪt."}, []),
        ({"he — she": "hi — ʃi.", "he": "hi.", "she": "ʃi."}, []),
        ({"hm so": "sˌO.", "hm": "", "so": "sˌO."}, ["", "sˌO"]),
    ],
)
def test_words_that_are_read_as_none_or_several(read: dict[str, str], found: list[str]) -> None:
    assert spans(next(iter(read)), read) == found


def test_what_the_voice_leaves_out_has_no_phonemes() -> None:
    text = "He met नमस्ते — here."
    words = [WrittenWord("met", 3, 6, 3, 6), WrittenWord("here.", 17, 22, 16, 21)]
    assert phoneme_spans(text, words, "hi mˈɛt hˈɪɹ.", str) == [(3, 7), (8, 12)]


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog.",
        "Dr. Smith's dog, who was old, didn't bark at twenty-five past nine.",
        "A well-known U.S. firm e-mailed us; we said no!",
        "NASA, the BBC and Mr. O'Neill met at ten a.m. (or so).",
    ],
)
def test_every_word_has_phonemes_of_the_real_converter(text: str) -> None:
    words = [WrittenWord(m[0], *m.span(), *m.span()) for m in re.finditer(r"\S+", text)]
    phonemes = phonemize(text)
    found = phoneme_spans(text, words, phonemes, phonemize)
    assert len(found) == len(words)
    assert all(phonemes[start:stop].strip() for start, stop in found)
    assert found == sorted(found)
