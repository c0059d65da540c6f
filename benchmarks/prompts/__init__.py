"""The texts that benchmarks speak: for each language 22, from 6 to 460 characters, kept as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from tensorrt_tts.errors import SettingError
from tensorrt_tts.text.segment import segment

LANGUAGES = {"en": "english.json", "hi": "hindi.json"}
"""BCP 47 tag of each set, and its file."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """id: language and number, ascending with length: `en-01` is the shortest English one."""

    id: str
    text: str
    language: str

    @property
    def characters(self) -> int:
        """Code points."""
        return len(self.text)


def load(language: str) -> tuple[Prompt, ...]:
    """The set of a language, shortest first.

    Raises SettingError for a language without one.
    """
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise SettingError(f"language {language!r} has no benchmark prompts; use one of: {known}")
    content = resources.files(__name__).joinpath(LANGUAGES[language]).read_text(encoding="utf-8")
    texts = json.loads(content)
    return tuple(
        Prompt(f"{language}-{number:02}", text, language) for number, text in enumerate(texts, 1)
    )


def single_sentences(prompts: Sequence[Prompt]) -> tuple[Prompt, ...]:
    """Those that the toolkit generates in one piece, whatever the length of a piece may be."""
    return tuple(p for p in prompts if len(segment(p.text, limit=p.characters)) == 1)
