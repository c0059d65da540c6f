from __future__ import annotations

import subprocess
import sys

import pytest

from tensorrt_tts import text as text_package
from tensorrt_tts.text.spoken import SpokenOptions, speak_as, spoken_form, trace
from tensorrt_tts.text.spoken.languages import ENGLISH, HINDI, TELUGU
from tensorrt_tts.text.spoken.sentence_language import runs, sentence_language


@pytest.mark.parametrize(
    ("sentence", "hint", "language"),
    [
        ("It costs $5.", None, ENGLISH),
        ("$5", "hi", HINDI),
        ("$5", "te-IN", TELUGU),
        ("$5", "de", None),
        ("EMI ₹500 दीजिए", "en", HINDI),
        ("Flipkart sale में ₹499 का T-shirt", None, HINDI),
        ("Swiggy లో ₹350 order చేశాను", None, TELUGU),
        ("He met नमस्ते दोस्तों in the town at 5", None, ENGLISH),
        ("I have 3 books and 2 pens with them", "hi", ENGLISH),
        ("mere paas 3 kitaben hain", "hi", HINDI),
        ("५", None, HINDI),
        ("౫", None, TELUGU),
        ("மொத்தம் 5", None, None),
        ("3시에", "en", None),
    ],
)
def test_the_language_of_a_sentence(sentence: str, hint: str | None, language: object) -> None:
    assert sentence_language(sentence, hint) is language


def test_each_sentence_has_its_own_language() -> None:
    text = "I paid $5 for it. मैंने ₹5 दिए। నేను ₹5 ఇచ్చాను.\nThen $5 more."
    assert [language for _, language in runs(text, None, text)] == [ENGLISH, HINDI, TELUGU, ENGLISH]
    assert spoken_form(text) == (
        "I paid five dollars for it. मैंने पाँच रुपए दिए। నేను ఐదు రూపాయలు ఇచ్చాను.\nThen five dollars more."
    )


@pytest.mark.parametrize(
    "text",
    [
        "I paid $5 for it. मैंने ₹5 दिए।",
        "The fee is Rs. 500 at 5 p.m. today. Dr. Rao has 2½ kg.",
        "See Chapter IV, p. 12. It is −5°C there.",
    ],
)
def test_a_sentence_does_not_depend_on_its_neighbours(text: str) -> None:
    alone = spoken_form(text)
    before, after = "कुछ नहीं। Nothing here. ", " No more. कुछ नहीं।"
    assert spoken_form(before + text + after) == before + alone + after


def test_english_numbers_in_every_language() -> None:
    options = SpokenOptions(numbers="english")
    assert speak_as("मेरा bill ₹1,23,456 है", options).text == (
        "मेरा bill one lakh twenty three thousand four hundred fifty six rupees है"
    )
    assert speak_as("ధర ₹500", options).text == "ధర five hundred rupees"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5లో ఉంది", "five లో ఉంది"),
        ("1990లో పుట్టాడు", "nineteen ninety లో పుట్టాడు"),
        ("2020-21లో జరిగింది", "twenty twenty to twenty one లో జరిగింది"),
        ("3-4గంటల పని", "three to four గంటల పని"),
        ("రూ.500కే లభిస్తుంది", "five hundred rupees కే లభిస్తుంది"),
        ("10%కి పెరిగింది", "ten percent కి పెరిగింది"),
        ("₹80में मिला", "eighty rupees में मिला"),
    ],
)
def test_what_is_written_on_an_english_number_stands_apart(text: str, said: str) -> None:
    assert speak_as(text, SpokenOptions(numbers="english")).text == said


@pytest.mark.parametrize(
    ("text", "tags", "said"),
    [
        ("Ha [laughs] yes", ("laugh", "sigh"), "Ha <laugh> yes"),
        ("Ha < LAUGH > yes", ("laugh",), "Ha <laugh> yes"),
        ("Ha (laughs) yes", ("laugh",), "Ha <laugh> yes"),
        ("Ha *sighs* yes", ("sigh",), "Ha <sigh> yes"),
        ("Ha [yawn] yes", ("laugh",), "Ha yes"),
        ("Ha <yawn> yes", (), "Ha yes"),
        ("Ha [note] yes", ("laugh",), "Ha note yes"),
        ("Ha [laughs harder] yes", ("[laughs harder]",), "Ha [laughs harder] yes"),
        ("Ha [laugh] yes", ("[laughs]",), "Ha [laughs] yes"),
        ("안녕 <한숨> 네", ("한숨",), "안녕 <한숨> 네"),
        ("Ha [laughs] yes", None, "Ha [laughs] yes"),
    ],
)
def test_tags_are_the_voices(text: str, tags: tuple[str, ...] | None, said: str) -> None:
    assert speak_as(text, SpokenOptions(tags=tags)).text == said
    assert speak_as(said, SpokenOptions(tags=tags)).text == said


def test_a_trace_names_the_stages_that_changed_something() -> None:
    steps = trace("Dr. Rao: 5%", SpokenOptions())
    assert steps == [("abbreviations", "Doctor Rao: 5%"), ("measures", "Doctor Rao: five percent")]
    assert trace("Nothing to do.", SpokenOptions()) == []


def test_the_package_exports_it_and_nothing_heavy_comes_with_it() -> None:
    assert text_package.spoken_form is spoken_form
    with pytest.raises(AttributeError, match="no attribute 'spoken_'"):
        text_package.spoken_  # noqa: B018
    script = (
        "import sys; from tensorrt_tts.text import spoken_form;"
        "print({'torch', 'numpy', 'transformers', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
