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
from tensorrt_tts.text.spoken.stages.symbols import symbols
from tensorrt_tts.text.spoken.stages.tags import restore_tags, tags
from tensorrt_tts.text.spoken.stages.times import times
from tensorrt_tts.text.spoken.stages.web import web

Stage = Callable[[Draft], None]

NUMBER_STAGES: tuple[Stage, ...] = (
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
"""For texts with digits in them."""


def stages(draft: Draft, options: SpokenOptions) -> Iterator[tuple[str, Stage]]:
    """With their names, in order."""

    def languages(draft: Draft) -> None:
        found = runs(draft.text, options.language)
        if options.numbers == "english":
            found = [(start, language and ENGLISH) for start, language in found]
        draft.set_languages(found)

    yield "sanitise", sanitise
    yield "markup", markup
    yield "tags", lambda draft: tags(draft, options.tags)
    yield "structure", structure
    yield "languages", languages
    yield "emoji", emoji
    yield "web", web
    yield "digits", digits
    yield "short_units", short_units
    yield "abbreviations", abbreviations
    yield "spans", spans
    yield "roman", roman
    if any(character.isnumeric() for character in draft.text):
        for stage in NUMBER_STAGES:
            yield stage.__name__, stage
    yield "symbols", symbols
    yield "roman", roman
    yield "abbreviations", abbreviations
    yield "punctuation", punctuation
    yield "compose", compose
    yield "tags kept", restore_tags


_UNUSUAL = (
    lazy(r"[^\w\s.,!?;:'\"()—…।॥\u0300-\u036f\u0900-\u0dff\u200c\u200d-]|[\d_²³¹¼-¾⁰-₟⅐-↋①-⓿]"),
    lazy(r"[.,!?;:।॥—(\n-](?:(?<=[.,])\w|[.,!?;:।॥—)]| [.,!?;:।॥—)'-]|(?<=[\n(-])\W)"),
    lazy(r" [.,;:!?।॥)'-]"),
    lazy(r" [IVX]{2,}(?!\w)|र[ुू]\.|రూ\."),
)
"""Marks as no sentence in words has them: what a stage left may be another one's to read."""


def _unusual(text: str) -> bool:
    return (
        (not text[:1].isalnum() and text != "")
        or any(pattern.search(text) for pattern in _UNUSUAL)
        or has_abbreviation(text)
    )


_PASSES = 6
"""More than any text has been seen to need: three. Each one leaves fewer signs."""


def speak(text: str, options: SpokenOptions) -> Spoken:
    draft = Draft(text)
    for _ in range(_PASSES):
        before = draft.text
        for _, stage in stages(draft, options):
            stage(draft)
        if draft.text == before or not _unusual(draft.text):
            break
    return Spoken(draft.text, tuple(draft.changes))


def trace(text: str, options: SpokenOptions) -> list[tuple[str, str]]:
    """What each stage that changed something made of the text, with the stage's name."""
    draft = Draft(text)
    found = []
    for name, stage in stages(draft, options):
        before = draft.text
        stage(draft)
        if draft.text != before:
            found.append((name, draft.text))
    return found
