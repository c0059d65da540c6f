from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from tensorrt_tts.backends.base import Grammar, Prompt
from tensorrt_tts.errors import SettingError, TextError, UnknownVoiceError
from tensorrt_tts.families.base import TextForm, Voice
from tensorrt_tts.prepared import MAX_WARNINGS, Preparation, PreparedSegment, check_request
from tensorrt_tts.request_text import WholeText, prepare_request
from tensorrt_tts.speech import SpeechRequest
from tensorrt_tts.text import phonemes
from tensorrt_tts.text.segment import Segment
from tensorrt_tts.text.sentences import Break
from tests.support.toy_family import GLOBALS, SPEC, Toy, toy_model

MODEL = toy_model()
ROOM = 4096
TEXT = "The first sentence is this one here. A second one follows it at once. And a third, too."
SENTENCES = [
    "The first sentence is this one here.",
    "A second one follows it at once. And a third, too.",
]


def prepared(**settings: object) -> list[PreparedSegment]:
    return prepare_request(SpeechRequest(TEXT, **settings), MODEL, ROOM)  # type: ignore[arg-type]


def test_each_segment_is_a_prompt() -> None:
    segments = prepared(voice="kai")
    assert [segment.text for segment in segments] == SENTENCES
    for segment in segments:
        assert segment.prompt.ids == (*segment.text.encode(), 258)
        assert segment.sampling.grammar == MODEL.family.grammar


def test_words_are_followed_unless_the_request_says_no() -> None:
    for followed, not_followed in zip(prepared(seed=1), prepared(seed=1, words=False), strict=True):
        assert [word.text for word in followed.words] == followed.text.split()
        prompt = replace(followed.prompt, text=range(0))
        assert not_followed == replace(followed, words=(), places=(), prompt=prompt)


def test_seeds_count_up_from_segment_to_segment() -> None:
    segments = prepared(seed=40)
    assert [segment.seed for segment in segments] == [40, 41]
    assert [segment.sampling.seed for segment in segments] == [40, 41]


def test_without_a_seed_the_backend_draws_and_the_codecs_follow_one_another() -> None:
    first, second = prepared()
    assert first.sampling.seed is second.sampling.seed is None
    assert second.seed == first.seed + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0.9), ("top_p", 0.5), ("top_k", 7), ("repetition_penalty", 1.3)],
)
def test_settings_are_the_requests_or_the_models(name: str, value: float) -> None:
    assert getattr(prepared(**{name: value})[0].sampling, name) == value
    assert getattr(prepared()[0].sampling, name) == getattr(MODEL.sampling, name)


def test_a_budget_fits_the_backend() -> None:
    length = len(SENTENCES[0]) + 1
    assert prepared(max_tokens=9)[0].sampling.max_tokens == 9
    assert prepared()[0].sampling.max_tokens == SPEC.budget.tokens(SENTENCES[0])
    for room, tokens in ((length + 5, 5), (length, 1), (3, 1)):
        tight = prepare_request(SpeechRequest(TEXT), MODEL, room)
        assert tight[0].sampling.max_tokens == tokens


@dataclass(frozen=True, slots=True)
class Remembering(Toy):
    """A voice once heard is named by as many ids as it has letters; one has none left to write."""

    def prompt(self, text: str, voice: Voice) -> Prompt:
        return Prompt((*text.encode(), *voice.name.encode()))

    def grammar_of(self, voice: Voice) -> Grammar:
        if voice.language == "heard":
            return Grammar(self.grammar.cycle, stops=self.grammar.stops)
        return self.grammar

    def keep(self, voice: Voice, text: str, ids: Sequence[int], most: int = 0) -> Voice:
        return Voice("x" * len(ids), "heard") if ids[:1] != [0] else voice


def test_a_voice_for_which_there_is_no_room() -> None:
    """An answer may be as long as it might have been; what was spared counts."""
    (first, *_) = prepared(max_tokens=50)
    heard, length = Voice("x" * 20, "heard"), len(SENTENCES[0]) + 20
    whole, less = (first.by(heard, Remembering(), length + room) for room in (50, 50 - GLOBALS))
    assert (whole.sampling.max_tokens, less.sampling.max_tokens) == (50, 50 - GLOBALS)
    assert whole.voice is less.voice is heard
    assert first.by(heard, Remembering(), length + 49 - GLOBALS) is first


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (SpeechRequest("Hi.", voice="nobody"), UnknownVoiceError),
        (SpeechRequest("Hi.", top_p=0), SettingError),
        (SpeechRequest("Hi.", seed=-1), SettingError),
    ],
)
def test_what_needs_no_text_is_refused_first(request_: SpeechRequest, error: type) -> None:
    for refuse in (
        lambda: check_request(request_, SPEC),
        lambda: Preparation(request_, MODEL, ROOM),
        lambda: prepare_request(request_, MODEL, ROOM),
    ):
        with pytest.raises(error):
            refuse()


def test_what_is_refused_takes_no_seed() -> None:
    preparation = Preparation(SpeechRequest("", seed=7), MODEL, ROOM)
    with pytest.raises(TextError, match="cannot read"):
        preparation.prepare([Segment("One."), Segment("", left_out="-"), Segment("Zwei für drei.")])
    assert preparation.warnings == []
    given = preparation.prepare([Segment("One."), Segment("Two.")])
    assert [segment.seed for segment in given] == [7, 8]


PHONEMES = replace(MODEL, family=Toy(replace(SPEC, text_form=TextForm.PHONEMES)))


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a converter was given that knows words of Latin letters."""
    read: list[str] = []

    def phonemize(text: str) -> str:
        read.append(" ".join(text.split()))
        letters = "".join(c for c in text if c.isascii() and (c.isalpha() or c == " "))
        return "+".join(letters.split())

    monkeypatch.setattr(phonemes, "phonemize", phonemize)
    return read


def test_phonemes_are_what_a_phoneme_model_reads(english: list[str]) -> None:
    (segment,) = prepare_request(SpeechRequest("Hello you."), PHONEMES, ROOM)
    assert segment.prompt.ids[:-1] == tuple(b"Hello+you")
    assert segment.sampling.max_tokens == SPEC.budget.tokens("Hello+you")
    with pytest.raises(TextError, match="no English word"):
        prepare_request(SpeechRequest("हम."), PHONEMES, ROOM)


@pytest.mark.parametrize(
    ("text", "read", "names"),
    [
        ("He met नमस्ते दोस्तों in the town", "He met in the town.", ["नमस्ते, दोस्तों"]),
        ("नमस्ते दोस्तों", "", ["नमस्ते, दोस्तों"]),
        ("Then నమస్కారం came", "Then came.", ["నమస్కారం"]),
        ("Pay ₹500 मेरा", "Pay five hundred rupees.", ["मेरा"]),
        ("She said 你好", "She said .", ["你好"]),
    ],
)
@pytest.mark.parametrize("neighbour", ["", "This is said before it, as it should be. "])
def test_words_a_voice_cannot_read_are_named(
    english: list[str], text: str, read: str, names: list[str], neighbour: str
) -> None:
    request = SpeechRequest(f"{neighbour}{text}. This is said behind it, as it is.")
    whole = WholeText(request, PHONEMES, ROOM)
    assert [warning.partition(":")[0] for warning in whole.warnings] == [
        f"left out {name}" for name in names
    ]
    assert not read or any(read.rstrip(".") in given for given in english)


class Reader(Toy):
    """It has an id for every letter, and says where they are."""

    def prompt(self, text: str, voice: Voice) -> Prompt:
        return Prompt(tuple(map(ord, text)), text=range(len(text)))


BOTH = replace(
    MODEL,
    family=Reader(
        replace(
            SPEC,
            text_form=TextForm.PHONEMES,
            voices=(Voice("ada", "en"), Voice("asha", "hi", also=("en",))),
            segment_characters=120,
        )
    ),
)


def test_what_is_read_follows_from_the_voice(english: list[str]) -> None:
    text = "मेरे phone में 2 photo हैं।"
    (segment,) = prepare_request(SpeechRequest(text, "asha"), BOTH, ROOM)
    assert segment.read == "मेरे phone में दो photo हैं."
    assert [word.text for word in segment.words] == text.split()
    assert [segment.read[start:stop] for start, stop in segment.places] == [
        *("मेरे", "phone", "में", "दो", "photo", "हैं")
    ]
    assert segment.sampling.max_tokens == BOTH.spec.budget.tokens(segment.read)
    assert english[:2] == ["phone", "photo"]

    whole = WholeText(SpeechRequest(text, "ada"), BOTH, ROOM)
    assert whole.segments[0].read == "phone+two+photo"
    assert whole.warnings == [
        f"left out मेरे, में, हैं: voice 'ada' of model {BOTH.name!r} speaks English only"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("घर నమస్కారం में है।", "నమస్కారం"),
        ("घर 日本 में है।", "日本"),
        ("घर Привет में है।", "Привет"),
    ],
)
def test_words_that_a_hindi_voice_cannot_read_are_named(
    english: list[str], text: str, words: str
) -> None:
    whole = WholeText(SpeechRequest(text, "asha"), BOTH, ROOM)
    assert [segment.read for segment in whole.segments] == ["घर में है."]
    assert [word.text for word in whole.segments[0].words] == ["घर", "में", "है।"]
    said = f"left out {words}: voice 'asha' of model {BOTH.name!r} speaks Hindi and English only"
    assert whole.warnings == [said]
    with pytest.raises(TextError, match="no Hindi or English word"):
        WholeText(SpeechRequest(words, "asha"), BOTH, ROOM)


def test_hindi_is_cut_where_its_voice_was_trained_no_longer(english: list[str]) -> None:
    text = "कल सुबह हम सब बच्चे नदी के किनारे घूमने जाएँगे, और फिर वहाँ बैठकर बहुत देर तक बातें करेंगे।"
    assert 90 < len(text) < 120
    found = prepare_request(SpeechRequest(text, "asha"), BOTH, ROOM)
    assert len(found) == 2
    assert all(len(segment.text) <= 90 for segment in found)
    assert all(segment.read[-1] == "." for segment in found)


@pytest.mark.parametrize("part", ["😀 👍", "* * *", "—", "<giggle>", "?!"])
def test_a_part_with_nothing_to_speak_is_left_out_with_a_warning(part: str) -> None:
    whole = WholeText(SpeechRequest(f"{TEXT}\n\n{part}\n\nThe end of it all."), MODEL, ROOM)
    assert whole.warnings == [f"left out {part!r}, which has nothing to speak"]
    assert [segment.text for segment in whole.segments] == [*SENTENCES, "The end of it all."]
    assert whole.segments[-1].before is Break.PARAGRAPH
    with pytest.raises(TextError, match="nothing to speak"):
        WholeText(SpeechRequest(part), MODEL, ROOM)


def test_warnings_are_not_without_end() -> None:
    text = "".join(f"{TEXT}\n\n{'-' * count}\n\n" for count in range(1, 40))
    warnings = WholeText(SpeechRequest(text), MODEL, ROOM, 50_000).warnings
    assert len(warnings) == MAX_WARNINGS + 1
    assert "more" in warnings[-1]


def test_numbers_are_put_in_words_unless_the_request_says_no() -> None:
    request = SpeechRequest("Pay $5 to Dr. Rao.")
    assert prepare_request(request, MODEL, ROOM)[0].text == "Pay five dollars to Doctor Rao."
    as_written = replace(request, normalize=False)
    assert prepare_request(as_written, MODEL, ROOM)[0].text == "Pay $5 to Dr. Rao."
    german = replace(request, voice="kai")
    assert prepare_request(german, MODEL, ROOM)[0].text == "Pay $5 to Dr. Rao."
