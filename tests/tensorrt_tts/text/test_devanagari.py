import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.text.devanagari import (
    LETTERS,
    NUKTA,
    english_words,
    is_english,
    read_hindi,
    spell,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("घर चलो।", "घर चलो."),
        ("धीरे-धीरे, आओ!", "धीरे धीरे, आओ!"),
        ("रुको… फिर ;चलो", "रुको. फिर, चलो"),
        ("क्या ?? हाँ ।।", "क्या? हाँ."),
        ("मेरा phone charge नहीं है।", "मेरा phone charge नहीं है."),
        ("«वाह» (सच)", "वाह, सच"),
        ("क\u200dष", "कष"),
        ("", ""),
    ],
)
def test_marks_and_spaces_are_plain(text: str, expected: str) -> None:
    assert spell(text) == expected


@pytest.mark.parametrize("consonant", sorted(NUKTA))
def test_a_dotted_consonant_is_one_character_however_it_is_written(consonant: str) -> None:
    apart = consonant + "\u093c"
    whole = NUKTA[consonant]
    assert spell(apart + "ा") == spell(whole + "ा") == whole + "ा"
    assert unicodedata.normalize("NFC", whole) == apart


def test_a_dot_on_another_letter_is_dropped() -> None:
    assert spell("य\u093cह") == "यह"


def test_letters_are_devanagari_and_single() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert all("\u0900" <= letter <= "\u097f" for letter in LETTERS)


def test_latin_words() -> None:
    assert [is_english(word) for word in ("phone,", "है", "I'm", ".", "बाज़ार", "25", "é")] == [
        True,
        False,
        True,
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A4में 3री 25किताबें", "A4 में 3 री 25 किताबें"),
        ("'वाह' dogs' don't", "वाह dogs don't"),
        ("ऱाम ने ऩ ळ ॐ कहा", "राम ने न ल ओम कहा"),
        ("café में ÷ नमस्ते", "café में नमस्ते"),
        ("रामोऽस्ति, १२ బ", "रामोस्ति, १२"),
    ],
)
def test_what_is_typed_becomes_what_was_trained(text: str, expected: str) -> None:
    assert spell(text) == expected


def shout(text: str) -> str:
    """A converter that reads words of Latin letters, as `phonemes.phonemize` ends what it reads."""
    read = [word.upper() for word in text.split() if any(map(str.isalnum, word))]
    return " ".join(read) + "." if read else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("मेरा phone charge नहीं है।", "मेरा PHONE CHARGE नहीं है."),
        ("phone, तो phone है", "PHONE, तो PHONE है."),
        ("चलो,", "चलो."),
        ("? चलो !", "चलो!"),
        ("A4में रखो?", "A4 में रखो?"),
        ("hm", "HM."),
        ("।", ""),
        ("", ""),
    ],
)
def test_what_a_prompt_has(text: str, expected: str) -> None:
    assert read_hindi(text, shout) == expected


def test_words_that_are_read_as_several_or_none_keep_to_themselves() -> None:
    read = {"USB hm": "jˌu ˌɛs bˈi.", "USB": "jˌu ˌɛs bˈi.", "hm": ""}
    assert english_words(["USB", "hm"], read.__getitem__) == ["jˌuˌɛsbˈi", ""]
    assert read_hindi("hm घर", lambda text: "") == "घर."


def test_given_phonemes_stay() -> None:
    text = "मेरा [data](/dˈATə/), फिर [route sixty](/ɹˈut sˈɪksti/)। वह data"
    assert read_hindi(text, shout) == "मेरा dˈATə, फिर ɹˈut sˈɪksti. वह DATA."
    assert read_hindi("मेरा [data](/data/) है", shout) == "मेरा DATA, DATA, है."


texts = st.text(st.sampled_from(f"{LETTERS}\u093c।॥…-'’(); ,.?!abé१3\u200dऱ"), max_size=40)


@given(texts)
def test_what_is_spelled_stays_so(text: str) -> None:
    spelled = spell(text)
    assert spell(spelled) == spelled
    assert set(spelled) <= {*LETTERS, *"abé१3'.,?! "}


@given(texts)
def test_a_prompt_has_letters_phonemes_and_one_mark_at_its_end(text: str) -> None:
    read = read_hindi(text, shout)
    assert not read or read[-1] in ".?!"
    assert read == " ".join(read.split())
    assert "'" not in "".join(word for word in read.split() if not is_english(word))
    assert read_hindi(read, lambda words: words) == read


def test_every_training_sentence_is_read_as_its_training_prompt() -> None:
    pytest.importorskip("hibari")
    from demo_voice.hindi.corpus import TARGET
    from demo_voice.hindi.pronounce import pronounce
    from demo_voice.sentences import read_sentences
    from tensorrt_tts.text.phonemes import phonemize

    for _, text in read_sentences(TARGET)[:400]:
        prompt = " ".join(word.prompt for word in pronounce(text, str))
        assert read_hindi(text, phonemize) == prompt
