"""The variants of the Orpheus family as data: voices, tags and sampling of released checkpoints.

A variant is one `OrpheusSpec`; Veena and the voice that ships are specs in the same form. Sources:
canopyai/Orpheus-TTS (Apache-2.0) for voices and sampling; the release pages of the multilingual
models for theirs; the Veena model card for Veena.
"""

from __future__ import annotations

from tensorrt_tts.families.base import SamplingDefaults, TextForm, Voice
from tensorrt_tts.families.orpheus.family import OrpheusSpec, budget
from tensorrt_tts.families.orpheus.prompt import VEENA_PROMPT


def _voices(language: str, *names: str) -> tuple[Voice, ...]:
    return tuple(Voice(name, language) for name in names)


ENGLISH_TAGS = ("laugh", "chuckle", "sigh", "cough", "sniffle", "groan", "yawn", "gasp")

ENGLISH = OrpheusSpec(
    "orpheus-english",
    _voices("en", "tara", "leah", "jess", "leo", "dan", "mia", "zac", "zoe"),
    tags=ENGLISH_TAGS,
)
HINDI = OrpheusSpec("orpheus-hindi", _voices("hi", "ऋतिका"))
FRENCH = OrpheusSpec(
    "orpheus-french",
    _voices("fr", "pierre", "amelie", "marie"),
    tags=("chuckle", "cough", "gasp", "groan", "laugh", "sigh", "sniffle", "whimper", "yawn"),
)
GERMAN = OrpheusSpec("orpheus-german", _voices("de", "jana", "thomas", "max"), tags=ENGLISH_TAGS)
KOREAN = OrpheusSpec(
    "orpheus-korean",
    _voices("ko", "유나", "준서"),
    budget=budget(seconds_per_character=0.32),  # a syllable a character, 6 a second
    segment_characters=90,
    tags=("한숨", "헐", "헛기침", "훌쩍", "하품", "낄낄", "신음", "작은 웃음", "기침", "으르렁"),
)
MANDARIN = OrpheusSpec(
    "orpheus-mandarin",
    _voices("zh", "长乐", "白芷"),
    budget=budget(seconds_per_character=0.44),  # a syllable a character, 4.5 a second
    segment_characters=60,
    tags=("嬉笑", "轻笑", "呻吟", "大笑", "咳嗽", "抽鼻子", "咳"),
)
SPANISH_ITALIAN = OrpheusSpec(
    "orpheus-spanish-italian",
    _voices("es", "javi", "sergio", "maria") + _voices("it", "pietro", "giulia", "carlo"),
    tags=(
        "groan",
        "chuckle",
        "gasp",
        "resoplido",
        "laugh",
        "yawn",
        "cough",
        "sigh",
        "sniffle",
        "gemito",
    ),
)
VEENA = OrpheusSpec(
    "veena",
    _voices("hi", "kavya", "agastya", "maitri", "vinaya"),
    prompt=VEENA_PROMPT,
    sampling=SamplingDefaults(temperature=0.4, top_p=0.9, repetition_penalty=1.05),
    # The card caps generations at 700 tokens (8.5 s): the checkpoint's context is 2048 and its
    # training clips are short.
    budget=budget(ceiling=701),
    segment_characters=90,
)
DEMO = OrpheusSpec(
    "demo",
    _voices("en", "heart"),
    text_form=TextForm.PHONEMES,
    saved_sampling=True,
    segment_characters=120,  # its training sentences have 4 to 20 words
    replaceable=True,
)
"""What ships in demo_voice/, whose config.json may name other voices."""

SPECS = {
    spec.name: spec
    for spec in (
        ENGLISH,
        HINDI,
        FRENCH,
        GERMAN,
        KOREAN,
        MANDARIN,
        SPANISH_ITALIAN,
        VEENA,
        DEMO,
    )
}
