import pytest

from benchmarks.prompts import LANGUAGES, load, single_sentences
from tensorrt_tts.errors import SettingError
from tensorrt_tts.text.normalize import check_text
from tensorrt_tts.text.segment import segment


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_set_has_22_different_texts_from_6_to_460_characters_shortest_first(language):
    prompts = load(language)
    sizes = [prompt.characters for prompt in prompts]
    assert len({prompt.text for prompt in prompts}) == 22
    assert len({prompt.id for prompt in prompts}) == 22
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (6, 460)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_one_the_toolkit_takes_as_it_is(language):
    for prompt in load(language):
        check_text(prompt.text, 5000)
        assert prompt.text == prompt.text.strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_single_sentences_are_those_that_are_generated_in_one_piece(language):
    found = single_sentences(load(language))
    assert len(found) >= 15
    assert all(segment(prompt.text, 100_000) == [prompt.text] for prompt in found)
    assert load(language)[-1] not in found


def test_hindi_is_written_in_devanagari():
    letters = [c for prompt in load("hi") for c in prompt.text if c.isalpha()]
    assert all("\u0900" <= c <= "\u097f" for c in letters)


def test_an_unknown_language_names_the_known_ones():
    with pytest.raises(SettingError, match=r"'xx'.*en, hi"):
        load("xx")
