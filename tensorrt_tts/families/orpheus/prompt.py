"""Prompts as token ids. Pure: the tokenizer is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tensorrt_tts.backends.base import Prompt
from tensorrt_tts.errors import CorruptCheckpointError, TextError
from tensorrt_tts.families.base import Voice
from tensorrt_tts.families.orpheus.tokens import OrpheusTokens


class Tokenizer(Protocol):
    """What a prompt needs of `tensorrt_tts.tokenizer.TextTokenizer`."""

    def encode(self, text: str) -> Sequence[int]: ...

    def token_id(self, token: str) -> int | None: ...


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


@dataclass(frozen=True, slots=True)
class HeardVoice(Voice):
    """One that has been heard: what it said, as the checkpoint reads it, and the ids of how. They
    stand before every prompt as a turn of their own, which is how Orpheus is shown a voice."""

    text: str = ""
    ids: tuple[int, ...] = ()


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


def build_prompt(
    form: PromptForm, tokens: OrpheusTokens, text: str, voice: Voice, tokenizer: Tokenizer
) -> Prompt:
    """The prompt of one text segment.

    Raises TextError if the text itself encodes to control or audio tokens, and
    CorruptCheckpointError if the tokenizer lacks the speaker's token.
    """
    prompt: list[int] = []
    places = range(0)
    if isinstance(voice, HeardVoice):
        own = Voice(voice.name, voice.language)
        prompt += build_prompt(form, tokens, voice.text, own, tokenizer).ids
        prompt += [*voice.ids, tokens.end_of_speech, tokens.end_of_ai]
    for part in form.parts:
        if part == "text":
            filled = form.text_template.format(voice=voice.name, text=text)
            ids = _checked(tokenizer.encode(filled), tokens, text)
            name = f"{voice.name}:"
            spared = len(name) - 1 if tokenizer.token_id(name) is not None else 0
            if len(ids) == len(filled) - spared:  # a tokenizer of characters, and of voices
                first = len(prompt) + filled.rindex(text) - spared
                places = range(first, first + len(text))
            prompt += ids
        elif part == "speaker":
            assert form.speaker_token is not None
            name = form.speaker_token.format(voice=voice.name)
            speaker = tokenizer.token_id(name)
            if speaker is None:
                raise CorruptCheckpointError(
                    f"tokenizer lacks {name!r}, the speaker token of voice {voice.name!r}; use the "
                    "tokenizer saved with the weights"
                )
            prompt.append(speaker)
        else:
            prompt.append(getattr(tokens, part))
    return Prompt(tuple(prompt), text=places)


def _checked(ids: Sequence[int], tokens: OrpheusTokens, text: str) -> list[int]:
    controls = {tokens.begin_of_text, tokens.end_of_text}
    for token in ids:
        if token in controls or tokens.custom_base <= token < tokens.audio_end:
            raise TextError(
                f"text {text[:40]!r} encodes to the special token {token}; remove the part that "
                "spells it"
            )
    return list(ids)
