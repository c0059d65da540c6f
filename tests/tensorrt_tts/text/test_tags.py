import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorrt_tts.families.orpheus.family import OrpheusSpec
from tensorrt_tts.families.orpheus.spec import ENGLISH, KOREAN, SPECS
from tensorrt_tts.text.tags import TagSpeller, spell_tags


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Oh <laugh> no.", "Oh <laugh> no."),
        ("Oh <Laugh> no <SIGH>.", "Oh <laugh> no <sigh>."),
        ("Oh < laugh > no.", "Oh <laugh> no."),
        ("Oh <giggle> no.", "Oh <giggle> no."),
        ("2 < 3 > 1 <laugh>", "2 < 3 > 1 <laugh>"),
        ("<<laugh>>", "<<laugh>>"),
        ("<>", "<>"),
    ],
)
def test_english(text: str, spelled: str) -> None:
    assert spell_tags(text, ENGLISH.tags) == spelled


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_every_tag_in_any_form(spec: OrpheusSpec) -> None:
    for tag in spec.tags:
        for form in (unicodedata.normalize("NFD", tag), tag.upper(), f" {tag} "):
            assert spell_tags(f"a <{form}> b", spec.tags) == f"a <{tag}> b"


def test_a_tag_of_two_words() -> None:
    assert spell_tags("< 작은 웃음 >", KOREAN.tags) == "<작은 웃음>"


@given(
    st.lists(
        st.sampled_from(["<", ">", " ", "Laugh", "sigh", "작은", "웃음", "a", "x" * 20, "l"]),
        max_size=12,
    )
)
def test_pieces_are_spelled_as_the_whole(pieces: list[str]) -> None:
    text, tags = re.sub(" +", " ", "".join(pieces)), ("laugh", "sigh", "작은 웃음")
    speller = TagSpeller(tags)
    assert "".join(map(speller.feed, text)) + speller.end() == spell_tags(text, tags)


def test_the_longest_tag_is_waited_for_and_no_longer() -> None:
    tag = "a" * 40
    speller = TagSpeller((tag,))
    assert speller.feed(f"Oh < {tag.upper()} ") == "Oh "
    assert speller.feed("> no") == f"<{tag}> no"
    assert speller.feed(f"< {tag} ") == ""
    assert speller.feed("b") == f"< {tag} b"
    assert TagSpeller(()).feed("a < b") == "a < b"  # nothing to wait for
