"""Words whose pronunciation is given."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.text.feed import ReadingRules, TextFeed
from tensorrt_tts.text.pronounced import PRONOUNCED, american, pronounced
from tensorrt_tts.text.spoken import SpokenOptions, speak_as

VOICE = SpokenOptions("en", "english", (), pronounced=True)


@pytest.mark.parametrize(
    ("ipa", "said"),
    [
        ("təˈmeɪtoʊ", "təmˈATO"),
        ("təˈmɑːtəʊ", "təmˈɑTO"),
        ("/ˈt͡ʃɒk.lət/", "ʧˈɑklət"),
        ("nuː ˈjɔɹk", "nˈu jˈɔɹk"),
        ("ˈbʌtn̩", "bˈʌtᵊn"),
        ("ˈwɔːtɚ", "wˈɔTəɹ"),
        ("bɝd", "bˈɜɹd"),
        ("ˌɪntɚˈnæʃənəl", "ˌɪntəɹnˈæʃənəl"),
        ("ðə", "ðə"),
        ("ʒaʁ.dɛ̃", "ʒˈɑɹdɛ"),
        ("tomato5", None),
        ("t@meItoU", None),
        ("నమస్తే", None),
        ("", None),
        ("ː.", None),
    ],
)
def test_ipa(ipa: str, said: str | None) -> None:
    assert american(ipa) == said


def test_every_sound_is_one_that_the_voice_that_ships_has() -> None:
    from demo_voice.lm.vocabulary import PHONEMES

    for code in (*range(0x61, 0x7B), *range(0xE6, 0xF9), *range(0x250, 0x2B0), 0x3B2, 0x3B8, 0x3C7):
        assert set(american(f"p{chr(code)}") or "") <= set(PHONEMES), chr(code)


def test_a_link_is_no_pronunciation() -> None:
    assert PRONOUNCED.fullmatch("[kids](/kˈɪdz/)")
    for link in ("[kids](/kids/)", "[a](/é/)", "[a](/ə)", "[](/ə/)", "[a](/ə/b/)", "[a](/ ə/)"):
        assert PRONOUNCED.search(link) is None, link


def test_word_by_word_where_there_are_as_many() -> None:
    assert pronounced("New  York", "nˈu jˈɔɹk") == "[New](/nˈu/) [York](/jˈɔɹk/)"
    assert pronounced("NYC", "nˈu jˈɔɹk") == "[NYC](/nˈu jˈɔɹk/)"
    assert pronounced("", "nˈu") == "[nˈu](/nˈu/)"


@pytest.mark.parametrize(
    ("text", "with_phonemes", "without"),
    [
        (
            'Say <phoneme alphabet="ipa" ph="təˈmɑːtəʊ">tomato</phoneme>, for $5.',
            "Say [tomato](/təmˈɑTO/), for five dollars.",
            "Say tomato, for five dollars.",
        ),
        (
            "<speak>In <PHONEME ph='nuː ˈjɔɹk' alphabet='ipa'>New York</PHONEME >.</speak>",
            "In [New](/nˈu/) [York](/jˈɔɹk/).",
            "In New York.",
        ),
        (
            'A <phoneme ph="&#x2c8;kæt">cat</phoneme> & a <phoneme ph="ˈdɔɡ"/>',
            "A [cat](/kˈæt/) and a [dˈɔɡ](/dˈɔɡ/)",
            "A cat and a",
        ),
        (
            '<phoneme alphabet="x-sampa" ph="t@">Dr. No</phoneme> came.',
            "Doctor No came.",
            "Doctor No came.",
        ),
        ('<phoneme ph="5!">Dr. No</phoneme> came.', "Doctor No came.", "Doctor No came."),
        ("<phoneme>Dr. No</phoneme> came.", "Doctor No came.", "Doctor No came."),
        ("A [pecan](/pɪkˈɑn/) [pie](/pie/).", "A [pecan](/pɪkˈɑn/) pie.", "A pecan pie."),
    ],
)
def test_in_a_text(text: str, with_phonemes: str, without: str) -> None:
    spoken = speak_as(text, VOICE)
    assert spoken.text == with_phonemes
    assert speak_as(with_phonemes, VOICE).text == with_phonemes
    assert speak_as(text, SpokenOptions("en")).text == without
    for link in re.finditer(r"\[\w+\]\(/[^/]*/\)", with_phonemes):
        start, end = spoken.origin(*link.span())
        assert text[start:end].startswith(("<", "["))


LONG = (
    "We ate and we drank and we sang until the sun went down over the hills, and then my friend "
    'asked for <phoneme alphabet="ipa" ph="ˌɪn.tɚˈnæʃ.ə.nəl">international</phoneme> food. '
    'It was <phoneme ph="ˈdɔɡ" alphabet="ipa">late</phoneme>.'
)


@given(st.lists(st.integers(0, len(LONG)), max_size=8))
def test_it_is_found_wherever_the_text_is_cut(places: list[int]) -> None:
    feed = TextFeed(ReadingRules(100, (), "en", VOICE))
    cuts = [0, *sorted(places), len(LONG)]
    given = [s for start, end in itertools.pairwise(cuts) for s in feed.feed(LONG[start:end])]
    text = " ".join(segment.text for segment in given + feed.end())
    assert "for [international](/ˌɪntəɹnˈæʃənəl/) food. It was [late](/dˈɔɡ/)." in text
    assert "phoneme" not in text
