"""The Orpheus family as data: prompt forms, voices, tags and sampling of its released checkpoints.

A variant is one `OrpheusSpec`; Veena and the voice that ships are specs in the same form. Sources:
canopyai/Orpheus-TTS (Apache-2.0) for ids, prompt, voices and sampling; the release pages of the
multilingual models for theirs; the Veena model card for Veena.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tensorrt_tts.errors import UnknownVoiceError
from tensorrt_tts.families.budget import TokenBudget
from tensorrt_tts.identifiers import find_name
from tensorrt_tts.validation import shown


class TextForm(StrEnum):
    """What a checkpoint reads: spelling, or the phonemes of `text.phonemes`."""

    GRAPHEMES = "graphemes"
    PHONEMES = "phonemes"


@dataclass(frozen=True, slots=True)
class Voice:
    """A name the checkpoint was trained with, and its BCP 47 language."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class PromptForm:
    """Parts of the prompt in order. A part is the name of an `OrpheusTokens` id, "text" for the
    tokenised text (`text_template` filled in), or "speaker" for `speaker_token` as one token.

    The form ends in start-of-AI, start-of-speech, so that every generated token is audio: the form
    without them costs two decode steps before the first audio token.
    """

    parts: tuple[str, ...]
    text_template: str
    speaker_token: str | None = None


ORPHEUS_PROMPT = PromptForm(
    parts=(
        "start_of_human",
        "begin_of_text",
        "text",
        "end_of_text",
        "end_of_human",
        "start_of_ai",
        "start_of_speech",
    ),
    text_template="{voice}: {text}",
)

VEENA_PROMPT = PromptForm(
    parts=(
        "start_of_human",
        "speaker",
        "text",
        "end_of_human",
        "start_of_ai",
        "start_of_speech",
    ),
    text_template=" {text}",
    speaker_token="<spk_{voice}>",
)


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """The authors' settings. Orpheus needs a repetition penalty of at least 1.1 to be stable."""

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.1


@dataclass(frozen=True, slots=True)
class OrpheusSpec:
    """One variant of the family. The first voice is the default one.

    segment_characters: longest text for one generation. Checkpoints were trained on clips of up to
    about 15 s (1200 tokens), which is 220 characters of speech in an alphabet. The budget must
    leave room for it.
    """

    name: str
    voices: tuple[Voice, ...]
    prompt: PromptForm = ORPHEUS_PROMPT
    tags: tuple[str, ...] = ()
    sampling: SamplingDefaults = field(default_factory=SamplingDefaults)
    budget: TokenBudget = field(default_factory=TokenBudget)
    text_form: TextForm = TextForm.GRAPHEMES
    segment_characters: int = 220

    def voice(self, name: str | None) -> Voice:
        """The voice of that name (see `identifiers.find_name`), or the default for None.

        Raises UnknownVoiceError: the model would speak with an arbitrary voice, not fail.
        """
        if name is None:
            return self.voices[0]
        names = [voice.name for voice in self.voices]
        found = find_name(name, names)
        if found is None:
            raise UnknownVoiceError(
                f"voice {shown(name)} is not one of {self.name}'s; choose one of: "
                + ", ".join(names)
            )
        return self.voices[names.index(found)]


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
    budget=TokenBudget(seconds_per_character=0.32),  # a syllable a character, 6 a second
    segment_characters=90,
    tags=("한숨", "헐", "헛기침", "훌쩍", "하품", "낄낄", "신음", "작은 웃음", "기침", "으르렁"),
)
MANDARIN = OrpheusSpec(
    "orpheus-mandarin",
    _voices("zh", "长乐", "白芷"),
    budget=TokenBudget(seconds_per_character=0.44),  # a syllable a character, 4.5 a second
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
    budget=TokenBudget(ceiling=701),
    segment_characters=90,
)
DEMO = OrpheusSpec(
    "demo",
    _voices("en", "heart"),
    text_form=TextForm.PHONEMES,
    segment_characters=120,  # its training sentences have 4 to 20 words
)
"""The voice that ships in demo_voice/. Its sampling is read from its generation_config.json."""

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
