"""OpenAI's names for voices, and what they mean here. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tensorrt_tts.errors import SettingError
from tensorrt_tts.identifiers import find_name

OPENAI_VOICES = {
    "alloy": "tara",
    "ash": "leo",
    "ballad": "dan",
    "cedar": "zac",
    "coral": "leah",
    "echo": "dan",
    "fable": "leo",
    "marin": "mia",
    "nova": "jess",
    "onyx": "zac",
    "sage": "zoe",
    "shimmer": "leah",
    "verse": "zac",
}
"""Every name that OpenAI has, and the voice of English Orpheus that it stands for: a choice, not a
likeness. A client that knows no other names (Pipecat's asks for nothing else) is heard at least."""


class VoiceNames:
    """Which voice is meant. own: the model's, the first one its default. given: the setting
    `openai_voices`. A voice of the model's own with one of OpenAI's names is itself.

    Raises SettingError where `given` names a voice that neither side has.
    """

    def __init__(self, own: Sequence[str], given: Mapping[str, str] | None = None) -> None:
        self.own = tuple(own)
        self.openai = {
            name: find_name(usual, own) or own[index % len(own)]
            for index, (name, usual) in enumerate(OPENAI_VOICES.items())
        }
        for asked, meant in (given or {}).items():
            name, voice = find_name(asked, OPENAI_VOICES), find_name(meant, own)
            if name is None:
                raise SettingError(
                    f"openai_voices has {asked!r}, which is none of OpenAI's voices; they are: "
                    f"{', '.join(OPENAI_VOICES)}"
                )
            if voice is None:
                raise SettingError(
                    f"openai_voices gives {asked!r} the voice {meant!r}, which the model does not "
                    f"have; its voices are: {', '.join(own)}"
                )
            self.openai[name] = voice

    def find(self, asked: str) -> str | None:
        """The model's own name for a voice; None where nobody is called so."""
        own = find_name(asked, self.own)
        if own is not None:
            return own
        name = find_name(asked, self.openai)
        return None if name is None else self.openai[name]
