"""The stages in their order: each reads what the ones before it left. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import ENGLISH
from tensorrt_tts.text.spoken.patterns import lazy
from tensorrt_tts.text.spoken.result import Spoken, SpokenOptions
from tensorrt_tts.text.spoken.sentence_language import runs
from tensorrt_tts.text.spoken.stages.abbreviations import abbreviations, has_abbreviation
from tensorrt_tts.text.spoken.stages.codes import addresses, codes, versions
from tensorrt_tts.text.spoken.stages.dates import dates, spans, years
from tensorrt_tts.text.spoken.stages.digits import digits
from tensorrt_tts.text.spoken.stages.emoji import emoji
from tensorrt_tts.text.spoken.stages.fractions import fractions, powers
from tensorrt_tts.text.spoken.stages.markup import markup
from tensorrt_tts.text.spoken.stages.measures import measures, short_units
from tensorrt_tts.text.spoken.stages.money import money
from tensorrt_tts.text.spoken.stages.multiples import multiples
from tensorrt_tts.text.spoken.stages.numbers import numbers
from tensorrt_tts.text.spoken.stages.ordinals import ordinals
from tensorrt_tts.text.spoken.stages.phones import phones
from tensorrt_tts.text.spoken.stages.punctuation import punctuation
from tensorrt_tts.text.spoken.stages.ranges import products, ranges
from tensorrt_tts.text.spoken.stages.roman import roman
from tensorrt_tts.text.spoken.stages.sanitise import compose, sanitise
from tensorrt_tts.text.spoken.stages.serials import scales, serials
from tensorrt_tts.text.spoken.stages.structure import structure
from tensorrt_tts.text.spoken.stages.symbols import RUPEES_BEGUN, symbols
from tensorrt_tts.text.spoken.stages.tags import restore_tags, tags
from tensorrt_tts.text.spoken.stages.times import times
from tensorrt_tts.text.spoken.stages.web import web

Stage = Callable[[Draft], None]


def languages(draft: Draft) -> None:
    found = runs(draft.text, draft.options.language, draft.characters)
    if draft.options.numbers == "english":
        found = [(start, language and ENGLISH) for start, language in found]
    draft.set_languages(found)


_FIRST: tuple[Stage, ...] = (
    sanitise,
    markup,
    tags,
    structure,
    languages,
    emoji,
    web,
    digits,
    short_units,
    abbreviations,
    spans,
    roman,
)
_OF_NUMBERS: tuple[Stage, ...] = (
    addresses,
    codes,
    phones,
    dates,
    times,
    versions,
    products,
    multiples,
    money,
    measures,
    ordinals,
    scales,
    serials,
    years,
    fractions,
    powers,
    ranges,
    numbers,
)
"""For texts with digits in them, and all but one of them only while there are numbers."""
_LAST: tuple[Stage, ...] = (symbols, roman, abbreviations, punctuation, compose, restore_tags)


def stages(draft: Draft) -> Iterator[Stage]:
    """In order; asked for one after another."""
    yield from _FIRST
    if draft.has_some(_NUMERIC):
        for stage in _OF_NUMBERS:
            if stage is powers or draft.has_numbers():
                yield stage
    yield from _LAST


_NUMERIC = lazy(r"[\d²³¹¼-¾⁰-₟⅐-↋①-⓿]")
_UNUSUAL_CHARACTER = lazy(
    r"[^\w\s.,!?;:'\"()—…।॥\u0300-\u036f\u0900-\u0dff\u200c\u200d-]|[\d_²³¹¼-¾⁰-₟⅐-↋①-⓿]"
)
_UNUSUAL = (
    lazy(r"[.,!?;:।॥—(\n-](?:(?<=[.,])\w|[.,!?;:।॥—)]| [.,!?;:।॥—)'-]|(?<=[\n(-])\W)"),
    lazy(r" [.,;:!?।॥)'-]"),
    lazy(r" [IVX]{2,}(?!\w)"),
)
"""Marks as no sentence in words has them: what a stage left may be another one's to read."""


def _unusual(draft: Draft) -> bool:
    text = draft.text
    return (
        (not text[:1].isalnum() and text != "")
        or draft.has_some(_UNUSUAL_CHARACTER)
        or any(pattern.search(text) for pattern in _UNUSUAL)
        or any(sign in text for sign in RUPEES_BEGUN)
        or has_abbreviation(text)
    )


_PASSES = 6
"""More than any text has been seen to need: three. Each one leaves fewer signs."""


def speak(text: str, options: SpokenOptions) -> Spoken:
    draft = Draft(text, options)
    for _ in range(_PASSES):
        before = draft.text
        for stage in stages(draft):
            stage(draft)
        if draft.text == before or not _unusual(draft):
            break
    return Spoken(draft.text, tuple(draft.changes))


def trace(text: str, options: SpokenOptions) -> list[tuple[str, str]]:
    """What each stage that changed something made of the text, with the stage's name."""
    draft = Draft(text, options)
    found = []
    for stage in stages(draft):
        before = draft.text
        stage(draft)
        if draft.text != before:
            found.append((stage.__name__, draft.text))
    return found
