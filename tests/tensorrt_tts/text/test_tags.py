import unicodedata

import pytest

from tensorrt_tts.families.orpheus.family import OrpheusSpec
from tensorrt_tts.families.orpheus.spec import ENGLISH, KOREAN, SPECS
from tensorrt_tts.text.tags import spell_tags


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
    assert spell_tags(text, ENGLISH.tags).text == spelled


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_every_tag_in_any_form(spec: OrpheusSpec) -> None:
    for tag in spec.tags:
        for form in (unicodedata.normalize("NFD", tag), tag.upper(), f" {tag} "):
            assert spell_tags(f"a <{form}> b", spec.tags).text == f"a <{tag}> b"


def test_a_tag_of_two_words() -> None:
    assert spell_tags("< 작은 웃음 >", KOREAN.tags).text == "<작은 웃음>"
