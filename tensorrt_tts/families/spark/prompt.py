"""Prompts as token ids, and what the model may answer to each. Pure: the tokenizer is passed in.

The released code joins names of tokens and text to one string and encodes that; the marks are
tokens of their own wherever they stand, so the ids are those of the parts. Three forms:

- given: the voice's 32 codes are in the prompt, and the answer begins with the first step. With a
  reference, its words come before the text and its steps after the speaker.
- described: labels of gender, pitch and speed; the model answers with exact values, where the
  voice has none, then with a speaker it makes up. Once it has, both are in the prompt.
- by name: the prompt stops where a speaker's codes begin, and the model writes those of the one
  that the text names.

Where the model could only go on with one mark (after a speaker), the prompt has it. The two marks
after a speaker that the model writes are steps of it all the same: nothing but a second generation,
with a prompt to be read again, would save them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from tensorrt_tts.backends.base import Grammar, Prompt
from tensorrt_tts.errors import TextError
from tensorrt_tts.families.spark.tokens import Mark, Run, SparkTokens
from tensorrt_tts.families.spark.voices import Gender, Level, SparkVoice, Template
from tensorrt_tts.validation import shown

_TAG = re.compile(r"<([^<>]+)>")
_SPECIAL = re.compile(r"<\|[^<>|]*\|>")


class Tokenizer(Protocol):
    """What a prompt needs of `tensorrt_tts.tokenizer.TextTokenizer`."""

    def encode(self, text: str) -> Sequence[int]: ...

    def token_id(self, token: str) -> int | None: ...


def grammar(tokens: SparkTokens, voice: SparkVoice) -> Grammar:
    """The answer to a prompt for the voice. Raises CorruptCheckpointError for a voice that is
    described, where the tokenizer lacks the labels."""
    prefix = () if voice.globals else tokens.speaker()
    if voice.style is not None and voice.style.values is None:
        prefix = tokens.acoustics() + prefix
    return Grammar((tokens.semantics,), prefix, tokens.stops)


def special_token(text: str, tokenizer: Tokenizer) -> str | None:
    """The first token spelled in a text that is no text."""
    spelled = _SPECIAL.findall(text)
    return next((name for name in spelled if tokenizer.token_id(name) is not None), None)


def build_prompt(
    template: Template,
    tags: Sequence[str],
    tokens: SparkTokens,
    text: str,
    voice: SparkVoice,
    tokenizer: Tokenizer,
) -> Prompt:
    """The prompt of one text segment.

    Raises TextError if the text itself spells a token that is no text, and CorruptCheckpointError
    if the tokenizer lacks what such a voice needs.
    """
    special = special_token(text, tokenizer)
    if special is not None:
        raise TextError(
            f"text {shown(text)} spells the special token {special}; remove or respell it"
        )
    mark, style, reference = tokens.mark, voice.style, voice.reference
    content = _filled(template, tags, text, voice)
    if reference is not None:
        content = reference.transcript + content
    task = Mark.TTS if style is None else Mark.CONTROLLABLE_TTS
    prompt = [mark(task), mark(Mark.START_CONTENT), *tokenizer.encode(content)]
    prompt.append(mark(Mark.END_CONTENT))
    if style is not None:
        prompt += [
            mark(Mark.START_STYLE),
            tokens.run(Run.GENDER)[list(Gender).index(style.gender)],
            tokens.run(Run.PITCH)[list(Level).index(style.pitch)],
            tokens.run(Run.SPEED)[list(Level).index(style.speed)],
            mark(Mark.END_STYLE),
            mark(Mark.START_ACOUSTIC),
        ]
        if style.values is None:
            return Prompt(tuple(prompt))
        pitch, speed = style.values
        prompt += [tokens.run(Run.PITCH_VALUE)[pitch], tokens.run(Run.SPEED_VALUE)[speed]]
        prompt.append(mark(Mark.END_ACOUSTIC))
    prompt.append(mark(Mark.START_GLOBAL))
    if voice.globals:
        prompt += [tokens.globals[code] for code in voice.globals]
        prompt += [mark(Mark.END_GLOBAL), mark(Mark.START_SEMANTIC)]
    if reference is not None:
        prompt += [tokens.semantics[code] for code in reference.semantics]
    return Prompt(tuple(prompt))


def _filled(template: Template, tags: Sequence[str], text: str, voice: SparkVoice) -> str:
    """The text in the checkpoint's form. Braces in a text are its own."""

    def tag(found: re.Match[str]) -> str:
        return template.tag.replace("{tag}", found[1]) if found[1] in tags else found[0]

    filled = template.content.replace("{voice}", voice.internal or voice.name)
    return filled.replace("{text}", _TAG.sub(tag, text))
